"""What a cookie says: when the kernel booted, and in which order the callbacks registered.

CmpInitCallbacks sets nt!CmpCallbackCookie to the system time once, and every registration takes the
next number (SOURCES 2.2). So a cookie is a boot time as FILETIME plus a small ordinal. On XP and
Server 2003 it is the time of registration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .callbacks import CallbackList

__all__ = ["CookieBase", "cookie_base", "unix_time"]

_SPAN = 1_000_000  # registrations since boot beyond which a cookie is not from this boot

_FILETIME_OF_1970 = 116_444_736_000_000_000  # in its unit of 100 ns


class CookieBase(NamedTuple):
    """The lowest cookie that belongs with the last one issued."""

    lowest: int

    @property
    def boot_time(self) -> int:
        """In seconds since 1970, UTC; the ordinals are far below one."""
        return unix_time(self.lowest)

    def registration(self, cookie: int | None) -> int | None:
        """Which registration this was, counted from the lowest cookie seen; None for a foreign one.

        At least: registrations before the lowest surviving one leave no trace.
        """
        if cookie is None or not 0 <= cookie - self.lowest < _SPAN:
            return None
        return cookie - self.lowest + 1


def cookie_base(known: CallbackList) -> CookieBase | None:
    """The base of this boot's cookies; None without cookies, and before Vista."""
    cookies = sorted(each.cookie for each in known.callbacks if each.cookie is not None)
    if not cookies or known.is_vector:
        return None
    last = known.last_cookie or cookies[len(cookies) // 2]
    of_this_boot = [cookie for cookie in cookies if abs(last - cookie) < _SPAN]
    return CookieBase(min(of_this_boot)) if of_this_boot else None


def unix_time(filetime: int) -> int:
    """A FILETIME (100 ns since 1601, UTC) in seconds since 1970."""
    return (filetime - _FILETIME_OF_1970) // 10_000_000
