"""How the kernel compares altitudes, by which it orders callbacks and refuses one that is taken."""

from __future__ import annotations

__all__ = ["AltitudeKey", "altitude_key"]

AltitudeKey = tuple[int, bytes, bytes]


def altitude_key(altitude: str) -> AltitudeKey:
    """What orders altitudes as RtlCompareAltitudes does, for any text.

    It splits at the first point, drops the integer part's leading zeros and the fraction's trailing
    ones; the longer integer part is higher, then the first different WCHAR decides, then the longer
    fraction (decompiled 23H2, SOURCES 2.3). The kernel never checks that they are digits.
    """
    integer, _, fraction = altitude.partition(".")
    integer, fraction = integer.lstrip("0"), fraction.rstrip("0")
    units = integer.encode("utf-16-be", "surrogatepass")
    return len(units) // 2, units, fraction.encode("utf-16-be", "surrogatepass")
