"""Whose the functions are: every callback should lie in the code of a loaded driver."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel.listing import RegistryCallback
from ..kernel.unlisted_images import unlisted_image
from ..target.errors import MemoryUnreadable
from ..target.image import Section, sections
from .finding import Finding, about
from .scene import Scene

__all__ = [
    "context_foreign",
    "function_null",
    "function_section",
    "function_shared",
    "owner_kernel",
    "owner_none",
    "owner_unloaded",
]

_MOST_SEARCHES = 20  # for the header of an image, 2,048 reads each at most
_NAMED = 16  # callbacks with one function; a driver registers one for a few altitudes
_MAYBE_UNLOADED = (
    "which drivers were unloaded could not be read: one of them may have left it behind"
)
# The kernel's own two: of the registry's ETW provider, and of silos (SOURCES 2.3).
_OF_THE_KERNEL = {"nt!EtwpRegTraceCallback", "nt!VrpRegistryCallback"}


def function_null(scene: Scene) -> Iterator[Finding]:
    """The next registry operation will call address 0, and the machine will crash."""
    for entry in scene.readable:
        if entry.block.function == 0:
            yield about(entry, "function-null", "high", "Function is NULL: it was overwritten", {})


def owner_none(scene: Scene) -> Iterator[Finding]:
    """The function lies in no image of PsLoadedModuleList; often its header still tells whose."""
    strangers = [
        entry for entry in scene.readable
        if entry.block.function and entry.owner.state == "none"
    ]  # fmt: skip
    for number, entry in enumerate(strangers):
        function = entry.block.function or 0
        searched = number < _MOST_SEARCHES
        image = unlisted_image(scene.target.memory, function) if searched else None
        where = "no loaded image: a driver that was mapped by hand, or taken out of"
        if image is not None:
            name = f"of {image.pdb}" if image.pdb else "without the name of a PDB"
            where = f"an image at {image.base:#x}, {name}, that was taken out of, or never was in,"
        yield about(
            entry, "owner-none", "high",
            f"the function {function:#x} lies in {where} PsLoadedModuleList",
            {
                "function": f"{function:#x}",
                "image": f"{image.base:#x}" if image else None,
                "pdb": image.pdb if image else None,
            },
            None if image or scene.drivers.knows_unloaded else _MAYBE_UNLOADED,
        )  # fmt: skip


def owner_unloaded(scene: Scene) -> Iterator[Finding]:
    """The function lies where a driver was that has been unloaded."""
    for entry in scene.readable:
        if entry.owner.state == "unloaded":
            yield about(
                entry, "owner-unloaded", "high",
                f"the function lies where {entry.owner.name or 'a driver'} was before it was "
                "unloaded: it left its callback behind, or its memory has another user now",
                {"function": f"{entry.block.function or 0:#x}", "unloaded": entry.owner.name},
            )  # fmt: skip


def owner_kernel(scene: Scene) -> Iterator[Finding]:
    """A function inside nt that is not one of the kernel's own two callbacks."""
    for entry in scene.readable:
        if entry.owner.base != scene.target.nt_base or entry.function_symbol in _OF_THE_KERNEL:
            continue
        # Exports alone would name the nearest of them.
        has_pdb = scene.listing.callbacks.head_found_by == "symbol"
        named = has_pdb and "!" in (entry.function_symbol or "")
        yield about(
            entry, "owner-kernel", "high" if named else "info",
            f"the function is {entry.function_symbol}, the kernel's own callbacks are "
            f"{' and '.join(sorted(_OF_THE_KERNEL))}",
            {"function": f"{entry.block.function:#x}", "symbol": entry.function_symbol},
            None if named else "without the kernel's PDB its functions cannot be told apart",
        )  # fmt: skip


def function_section(scene: Scene) -> Iterator[Finding]:
    """The function lies in a section that no callback of a linked driver lies in."""
    for entry in scene.readable:
        function, base = entry.block.function, entry.owner.base
        if not function or base is None or entry.owner.state != "loaded":
            continue
        try:
            table = sections(scene.target.memory, base)
        except MemoryUnreadable:
            continue
        if not table:
            continue
        section = _section_of(table, function - base)
        for severity, what in _objections(section):
            yield about(
                entry, "function-section", severity,
                f"the function lies in {section.name if section else 'no section'} of "
                f"{entry.owner.name}, {what}",
                {
                    "section": section.name if section else None,
                    "characteristics": f"{section.characteristics:#x}" if section else None,
                    "offset": f"{function - base:#x}",
                },
                "packers and some protectors run code from such sections"
                if section and section.executable
                else None,
            )  # fmt: skip


def _section_of(table: list[Section], offset: int) -> Section | None:
    return next((each for each in table if 0 <= offset - each.address < each.size), None)


def _objections(section: Section | None) -> Iterator[tuple[str, str]]:
    """At most one, the gravest."""
    if section is None:
        yield "high", "outside all of them"
    elif not section.executable:
        yield "high", "which is not executable"
    elif section.writable:
        yield "medium", "which is writable and executable"
    elif section.discardable:
        yield "medium", "which is discarded after the driver has started"


def function_shared(scene: Scene) -> Iterator[Finding]:
    """One function in several callbacks: shadow-rs and Nidhogg overwrite a victim's function with
    another block's (SOURCES 7.1). A driver may register one twice itself."""
    by_function: dict[int, list[RegistryCallback]] = {}
    for entry in scene.readable:
        if entry.block.function:
            by_function.setdefault(entry.block.function, []).append(entry)
    for function, entries in by_function.items():
        if len(entries) < 2:
            continue
        numbers = [entry.number for entry in entries[:_NAMED]]
        more = f" and {len(entries) - _NAMED} more" if len(entries) > _NAMED else ""
        strangers = [entry for entry in entries if _context_owner(scene, entry)]
        for entry in entries:
            yield about(
                entry, "function-shared", "high" if strangers else "medium",
                f"{entry.function_symbol or hex(function)} is the function of "
                + " and ".join(f"#{number}" for number in numbers)
                + more
                + (
                    f"; the context of #{strangers[0].number} belongs to "
                    f"{_context_owner(scene, strangers[0])}"
                    if strangers
                    else ""
                ),
                {"function": f"{function:#x}", "callbacks": numbers},
                None
                if strangers
                else "one driver may register a function twice, for two contexts or altitudes",
            )  # fmt: skip


def context_foreign(scene: Scene) -> Iterator[Finding]:
    """The context lies in another driver's image than the function: the function was replaced."""
    for entry in scene.readable:
        stranger = _context_owner(scene, entry)
        if stranger:
            yield about(
                entry, "context-foreign", "medium",
                f"the context lies in {stranger}, the function in {entry.owner.name}: "
                "the function may have been replaced",
                {"context": f"{entry.block.context or 0:#x}", "context_owner": stranger},
                "a driver that registers for others (a framework) has their context",
            )  # fmt: skip


def _context_owner(scene: Scene, entry: RegistryCallback) -> str | None:
    """The image that the context lies in, where that is another than the function's."""
    context = entry.block.context
    if not context or entry.owner.state != "loaded":
        return None
    owner = scene.drivers.owner(context)
    if owner.state != "loaded" or owner.base == entry.owner.base:
        return None
    return owner.name
