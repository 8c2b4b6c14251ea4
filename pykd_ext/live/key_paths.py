"""Key paths as people write them, and the kernel's paths of the same keys.

The kernel follows registry links itself and asks callbacks again with where they lead, and 32-bit
programs, users and HKEY_CLASSES_ROOT are translated before it is asked: so a callback is told other
names than those of a registry editor.

Sources: Microsoft, "Registry Key Object Routines" (roots), "HKEY_CLASSES_ROOT Key", "Registry Keys
Affected by WOW64".
"""

from __future__ import annotations

import re

from ..target.errors import BadArgument

__all__ = ["ANY_USER", "is_any_control_set", "kernel_form", "kernel_patterns", "names_of"]

ANY_USER = "<SID>"  # in a pattern: any user's SID, and nothing but a SID

_MACHINE, _USER = "\\REGISTRY\\MACHINE", "\\REGISTRY\\USER"
_CLASSES = (_MACHINE + "\\SOFTWARE\\Classes", f"{_USER}\\{ANY_USER}_Classes")
_CURRENT_USER = (f"{_USER}\\{ANY_USER}", _USER + "\\.DEFAULT")
_CONFIG = (_MACHINE + "\\SYSTEM\\CurrentControlSet\\Hardware Profiles\\Current",)
_ROOTS = {
    "HKLM": (_MACHINE,), "HKEY_LOCAL_MACHINE": (_MACHINE,),
    "HKU": (_USER,), "HKEY_USERS": (_USER,),
    "HKCU": _CURRENT_USER, "HKEY_CURRENT_USER": _CURRENT_USER,
    "HKCR": _CLASSES, "HKEY_CLASSES_ROOT": _CLASSES,
    "HKCC": _CONFIG, "HKEY_CURRENT_CONFIG": _CONFIG,
}  # fmt: skip
_NO_KEYS = ("HKPD", "HKEY_PERFORMANCE_DATA", "HKEY_PERFORMANCE_TEXT", "HKEY_PERFORMANCE_NLSTEXT")

# What editors and PowerShell write before a root.
_BEFORE_ROOT = re.compile(
    r"^(?:(?:Microsoft\.PowerShell\.Core\\)?Registry::|(?:My )?Computer\\+)", re.IGNORECASE
)

_ANY_CONTROL_SET = "ControlSet???"

# Links that every Windows has: the names that lead to another key, and that key's. \g<1> is what
# stood at (...). Where CurrentControlSet leads is told by no name, so that it is any set.
_LINKS = tuple(
    (re.compile(link + r"(?=\\|$)", re.IGNORECASE), target)
    for link, target in (
        (r"\\REGISTRY\\USER\\S-1-5-18", r"\\REGISTRY\\USER\\.DEFAULT"),
        (r"(\\REGISTRY\\USER\\[^\\]+)\\Software\\Classes", r"\g<1>_Classes"),
        (r"(\\REGISTRY\\MACHINE\\SOFTWARE)\\WOW6432Node\\Classes", r"\g<1>\\Classes\\WOW6432Node"),
        (r"(\\REGISTRY\\MACHINE\\SYSTEM)\\CurrentControlSet", rf"\g<1>\\{_ANY_CONTROL_SET}"),
        (r"(\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet...\\Hardware Profiles)\\Current",
         r"\g<1>\\????"),
    )
)  # fmt: skip


def kernel_patterns(text: str) -> tuple[str, ...]:
    """Every pattern that the kernel's path of a key meant by ``text`` can fit, the first as
    written; raises BadArgument, with what to write, for a root that is none."""
    roots, names = _roots_and_names(text)
    found = ["\\" + "\\".join([*names_of(root), *names]) for root in roots]
    for link, target in _LINKS:
        found += [link.sub(target, each) for each in found if link.match(each)]
    return tuple(dict.fromkeys(found))


def is_any_control_set(pattern: str) -> bool:
    """Whether a pattern of :func:`kernel_patterns` stands for every set that CurrentControlSet may
    lead to."""
    return f"\\{_ANY_CONTROL_SET}" in pattern


def kernel_form(path: str) -> str:
    """A path as the kernel compares it: in capitals, without the backslashes that it passes over
    (CmpGetNextName skips runs of them; one at the end names nothing)."""
    start = "\\" if path.startswith("\\") else ""
    return start + "\\".join(map(_capitals, names_of(path)))


def names_of(path: str) -> list[str]:
    """The names between the backslashes."""
    return [name for name in path.split("\\") if name]


def _roots_and_names(text: str) -> tuple[tuple[str, ...], list[str]]:
    path = _BEFORE_ROOT.sub("", text, count=1)
    names = names_of(path)
    if path.startswith("\\") and names:
        return ("",), names
    first = names[0] if names else ""
    root = first[:-1] if first.endswith(":") else first
    if root.upper() in _NO_KEYS:
        raise BadArgument(f"{text!r} is no key of the kernel's: user mode makes those values up")
    if root.upper() not in _ROOTS:
        hint = " (names are parted by backslashes)" if "/" in first else ""
        raise BadArgument(
            f"{text!r} is no full key path: start it with \\REGISTRY\\, HKLM\\, HKU\\, HKCU\\, "
            f"HKCR\\ or HKCC\\{hint}"
        )
    return _ROOTS[root.upper()], names[1:]


def _capitals(text: str) -> str:
    """As RtlUpcaseUnicodeChar: a character for a character, there and back."""
    return "".join(map(_capital, text)) if not text.isascii() else text.upper()


def _capital(char: str) -> str:
    upper = char.upper()
    return upper if upper.lower() == char and len(upper) == 1 else char
