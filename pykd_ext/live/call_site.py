"""Where the kernel calls a registry callback, and where its arguments are when that has come back.

One breakpoint behind the call then sees every callback's verdict. Right before each of them the
kernel calls CmpCallbackFillObjectContext (:mod:`.fill_site`). Where that is not known, nothing is
known of the code but what it must do: load Function and Context from one callback block (their
offsets: :mod:`pykd_ext.kernel.layouts`), put the class and the information into the second and
third argument, and call. Both are traced back, on every way to the call, to places that survive the
call: registers that are not volatile, and slots of the caller's stack frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..kernel.layouts import BLOCKS, INTERNAL_CALLBACK, BlockLayout
from ..target.architecture import ARCHITECTURES
from .control_flow import flow_of
from .data_flow import CallSite, Location, Step, is_in_frame, step_of
from .fill_site import sites_by_fill

if TYPE_CHECKING:
    from ..target import Target
    from .control_flow import Flow

__all__ = ["CALLERS", "CallSite", "find_call_sites"]

# CmpCallCallBacks does all the work up to 1607, CmpCallCallBacksEx from 1703 on (SOURCES 3.1).
CALLERS = ("CmpCallCallBacksEx", "CmpCallCallBacks")

_BEFORE = 60  # instructions before a call that are looked at, on one way
_WAYS = 4000  # steps on all ways to one call


def find_call_sites(target: Target, start: int) -> list[CallSite]:
    """The call sites in the function at the VA ``start``; empty where the code cannot be followed.

    That is so as well where one of several calls cannot be: half of the verdicts would be worse
    than another plan. A callback that is called directly where it is the kernel's own has a
    site of its own.
    """
    flow = flow_of(target, start)
    layout = BLOCKS.layout(target)
    return sites_by_fill(target, flow, layout) or _sites_by_data_flow(target, flow, layout)


def _sites_by_data_flow(target: Target, flow: Flow, layout: BlockLayout) -> list[CallSite]:
    steps = {address: step_of(each) for address, each in flow.instructions.items()}
    sites = []
    for step in steps.values():
        if not step.is_call:
            continue
        ways = [
            _Call(target.architecture, layout, before, step)
            for before in _ways_to(flow, steps, step.address)
        ]
        internal = [each for each in ways if each.internal_since() is not None]
        ordinary = [each for each in ways if each not in internal]
        if not any(each.is_of_a_callback() for each in ordinary):
            continue
        found = {each.site() for each in ordinary}
        site = found.pop()
        if site is None or found or not all(each.keeps(site) for each in internal):
            return []
        sites.append(site)
    return sorted(sites, key=lambda site: site.call)


def _ways_to(flow: Flow, steps: dict[int, Step], address: int) -> Iterator[list[Step]]:
    """The steps before ``address`` on every way that leads there, the last of them first, as far
    back as another call. Of a jump, ``taken`` says whether this way is the one that it jumps."""
    to_do: list[tuple[int, list[Step]]] = [(address, [])]
    for _ in range(_WAYS):
        if not to_do:
            return
        at, before = to_do.pop()
        sources = flow.predecessors.get(at, ())
        if len(before) == _BEFORE or not sources or at == flow.start:
            yield before
        for source in sources if len(before) < _BEFORE else ():
            step = steps[source]
            if step.is_call or step in before:
                yield before
            else:
                taken = step.is_jump and step.target == at
                to_do.append((source, [*before, step._replace(taken=taken)]))


class _Call:
    """One call, with what is run before it on one way to it (``before``, backwards)."""

    def __init__(
        self, architecture: str, layout: BlockLayout, before: list[Step], step: Step
    ) -> None:
        self._architecture = architecture
        self._layout = layout
        self._before = before
        self._step = step
        self._base = self._block_register()

    def internal_since(self) -> int | None:
        """How far back this way has turned to what is done for an internal callback alone."""
        for depth, step in enumerate(self._before, 1):
            leads = step.jumps_if_not_zero if step.taken else step.jumps_if_zero
            if leads and self._is_test_of_internal(depth):
                return depth
        return None

    def keeps(self, site: CallSite) -> bool:
        """Whether an internal callback's way leaves what ``site`` says as it was."""
        since = self._before[: self.internal_since()]
        places = (site.notify_class, site.information)
        return not any(
            each.register in step.clobbered and not step.pushed for each in places for step in since
        )

    def is_of_a_callback(self) -> bool:
        """Whether it calls a block's Function with that block's Context."""
        return self._base is not None

    def site(self) -> CallSite | None:
        """None where an argument is not to be found once the callback is back."""
        if self._base is None:
            return None
        block = self._lasting(*self._base)
        notify_class = self._argument(1)
        information = self._argument(2)
        if not self._is_of_caller(notify_class, information):
            return None
        assert notify_class is not None and information is not None
        return CallSite(self._step.address, self._step.end, block, notify_class, information)

    def _is_of_caller(self, *places: Location | None) -> bool:
        """Whether all are registers or in the stack frame: a callback writes to neither."""
        return all(
            each and (each.offset is None or is_in_frame(each, self._architecture))
            for each in places
        )

    def _block_register(self) -> tuple[str, int] | None:
        """The register that holds the block, and how far back it was used."""
        for place, depth in self._targets():
            if place.offset != self._layout.function:
                continue
            context = self._source(0)
            if context and context[0] == Location(place.register, self._layout.caller_context):
                return place.register, max(depth, context[1])
        return None

    def _targets(self) -> list[tuple[Location, int]]:
        """What may be called, and how far back it was loaded."""
        callee = self._step.callee
        found = []
        if callee is not None and callee.offset is not None:
            found.append((callee, 0))
        names = [callee.register] if callee and callee.offset is None else []
        for name in [*names, *ARCHITECTURES[self._architecture].dispatched]:
            defined = self._definition(name, 0)
            if defined:
                found.append(defined)
        return found

    def _source(self, argument: int) -> tuple[Location, int] | None:
        """The place that an argument is copied from, and how far back that is."""
        registers = ARCHITECTURES[self._architecture].arguments
        if registers:
            return self._definition(registers[argument], 0)
        pushes = [(step.pushed, depth) for depth, step in enumerate(self._before, 1) if step.pushed]
        if len(pushes) <= argument:
            return None
        place, depth = pushes[argument]
        return (place, depth) if place else None

    def _argument(self, argument: int) -> Location | None:
        """A lasting place with the argument's value."""
        registers = ARCHITECTURES[self._architecture].arguments
        if registers:
            return self._lasting(registers[argument], 0)
        source = self._source(argument)
        if source is None:
            return None
        place, depth = source
        if place.offset is None:
            return self._lasting(place.register, depth)
        return self._outliving(place, depth)

    def _lasting(self, register: str, depth: int) -> Location | None:
        """A place that outlives the call, with what ``register`` holds ``depth`` steps before it.

        A register that is not volatile, or memory that such a register leads to.
        """
        for _ in range(len(self._before) + 1):
            if self._lasts(register, depth):
                return Location(register)
            defined = self._definition(register, depth)
            if defined is None:
                return None
            place, depth = defined
            if place.offset is not None:
                return self._outliving(place, depth)
            register = place.register
        return None

    def _outliving(self, place: Location, depth: int) -> Location | None:
        """The memory ``place`` as it is written once the callback is back, which on x86 has taken
        its three arguments off the stack (__stdcall)."""
        if not self._lasts(place.register, depth):
            return None
        if place.register != "esp" or place.offset is None:
            return place
        pushed = sum(step.pushed is not None for step in self._before[:depth])
        return Location("esp", place.offset + 4 * (pushed - 3))

    def _lasts(self, register: str, depth: int) -> bool:
        """Whether ``register`` still holds after the call what it held ``depth`` steps before."""
        return register in ARCHITECTURES[self._architecture].non_volatile and not any(
            register in step.clobbered and not step.pushed for step in self._before[:depth]
        )

    def _definition(self, register: str, depth: int) -> tuple[Location, int] | None:
        """Where the value came from that ``register`` holds ``depth`` steps before the call."""
        for back, step in enumerate(self._before[depth:], depth + 1):
            if step.choice and step.choice[0] == register:
                chosen = self._chosen(step, back)
                if chosen is not None:
                    return chosen, back
                if not self._is_test_of_internal(back):
                    return None
                continue  # it stays what it was, for an ordinary callback
            if register in step.moves:
                return step.moves[register], back
            if register in step.clobbered:
                return None
        return None

    def _chosen(self, step: Step, back: int) -> Location | None:
        """What an ordinary callback is given, where the choice is whether it is internal."""
        if step.choice is None or not self._is_test_of_internal(back):
            return None
        return step.choice[1]

    def _is_test_of_internal(self, back: int) -> bool:
        """Whether the last test before is that of the block's flag, zero for ordinary callbacks."""
        for depth, step in enumerate(self._before[back - 1 :], back):
            if step.test:
                place, mask = step.test
                if place.offset is None:
                    loaded = self._definition(place.register, depth)
                    place = loaded[0] if loaded else place
                return place.offset == self._layout.flags and mask == INTERNAL_CALLBACK
            if "flags" in step.clobbered:
                return False
        return False
