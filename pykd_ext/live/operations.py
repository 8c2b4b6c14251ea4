"""From single returns of callbacks to whole registry operations: pure logic over recorded events.

What holds them together is the information: the pre-notification's structure lies on the stack of
the operation's own system service, and its post-notification points to it. So two events of one
thread belong together when that address is the same, and an operation is over when its frame has
left the stack.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Generic, NamedTuple, Optional, TypeVar

from ..notify.classes import notify_class
from .policy import STATUS_CALLBACK_BYPASS

__all__ = ["ALLOWED", "BLOCKED", "BYPASSED", "LARGEST_STACK", "OpenOperation",
           "Operations",
           "PostStatus", "Returned", "Verdict", "is_failure"]  # fmt: skip

ALLOWED, BYPASSED, BLOCKED = "allowed", "bypassed", "blocked"
_TURNING = (BLOCKED, BYPASSED)  # the callbacks below are not asked
OVERRULED, NOTED = "overruled", "noted"  # of a post-notification

LARGEST_STACK = 0x2_0000  # of a kernel thread; 24 KiB on x64, more while it calls itself
_MOST_THREADS = 1024  # with operations under way: more have ended unseen
_MOST_NESTED = 64  # operations of one thread

_About = TypeVar("_About")
StackLimits = Callable[[int], Optional[tuple[int, int]]]


class PostStatus(NamedTuple):
    """Of a REG_POST_OPERATION_INFORMATION once its callback is back: ``status`` before it was
    asked, ``return_status`` what the caller gets if nobody changes it."""

    status: int
    return_status: int


class Returned(NamedTuple):
    """One callback has returned ``status``.

    ``thread`` is the KTHREAD, ``stack`` its stack pointer, ``block`` the callback's, ``number`` the
    pre class of the operation, ``information`` the pre-notification's structure. ``post`` is None
    for a pre-notification.
    """

    thread: int
    stack: int
    block: int
    number: int
    information: int
    status: int
    post: PostStatus | None = None


class Verdict(NamedTuple):
    """What one callback made of an operation: ``allowed``, ``bypassed`` or ``blocked``, in the
    ``post`` phase ``noted``, or ``overruled`` when it set another result than ``before``."""

    block: int
    phase: str
    status: int
    verdict: str
    return_status: int | None = None  # post: the result that it leaves
    before: int | None = None  # post: the one that it found


def is_failure(status: int) -> bool:
    """Whether NT_SUCCESS(status) is false."""
    return bool(status & 0x8000_0000)


@dataclass
class OpenOperation(Generic[_About]):
    """One registry operation, as far as it has come. ``about`` is the caller's own.

    ``result`` is the NTSTATUS that its caller got from the callbacks, None as long as that is open
    or when its end was not seen. ``is_changed_unseen``: it is not what the verdicts explain.
    ``refusals_stand``: nobody changes what the caller gets once somebody has refused.
    """

    thread: int
    number: int
    information: int
    about: _About | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    result: int | None = None
    is_over: bool = False
    is_changed_unseen: bool = False
    refusals_stand: bool = False

    @property
    def blocked_by(self) -> Verdict | None:
        """Whose refusal it was, also when another callback has turned it into success; the last
        one's, where a success was made a failure again."""
        return self._refusal[0]

    @property
    def turned_by(self) -> Verdict | None:
        """The post-notification that made that refusal a success."""
        return self._refusal[1]

    @property
    def bypassed_by(self) -> Verdict | None:
        """Who did the operation itself, where nobody has refused it after."""
        if self.blocked_by is not None:
            return None
        return next((each for each in self.verdicts if each.verdict == BYPASSED), None)

    @property
    def _refusal(self) -> tuple[Verdict | None, Verdict | None]:
        """The last refusal, and who made it a success. A failure for which another one is given is
        nobody's refusal: it may be the kernel's own."""
        blocked: Verdict | None = None
        turned: Verdict | None = None
        for each in self.verdicts:
            if each.verdict == BLOCKED:
                blocked = each
            elif each.before is not None and each.return_status is not None:
                failed, fails = is_failure(each.before), is_failure(each.return_status)
                if fails and not failed:
                    blocked, turned = each, None
                elif failed and not fails and blocked:
                    turned = each
        return blocked, turned

    def is_expected(self, event: Returned) -> bool:
        """Whether ``event`` can be this operation's next."""
        if (event.thread, event.number, event.information) != (
            self.thread, self.number, self.information,
        ):  # fmt: skip
            return False
        if event.post is not None:
            return True
        seen = {each.block for each in self.verdicts if each.phase == "pre"}
        return event.block not in seen and not any(each.phase == "post" for each in self.verdicts)

    def add(self, event: Returned) -> Verdict:
        """Notes the event, and whether it was the last."""
        verdict = self._pre(event) if event.post is None else self._post(event, event.post)
        self.verdicts.append(verdict)
        return verdict

    def end(self, post: PostStatus | None) -> None:
        """Notes the last post-notification's statuses once nobody else is told of the operation;
        None where a refusal stands, and the kernel does not keep them any more."""
        self.is_over = True
        if self._stands:
            refusal = next(each for each in self.verdicts[::-1] if each.verdict in _TURNING)
            self.result = 0 if refusal.verdict == BYPASSED else refusal.status
        if self._stands or post is None:
            return
        last = next((each for each in self.verdicts[::-1] if each.return_status is not None), None)
        explained = post.status if last is None else last.return_status
        self.is_changed_unseen = post.return_status != explained
        self.result = post.return_status

    @property
    def _stands(self) -> bool:
        """Whether the result is known from a refusal, whatever comes after it."""
        refused = any(each.verdict in _TURNING for each in self.verdicts)
        return self.refusals_stand and refused

    def _pre(self, event: Returned) -> Verdict:
        status = event.status
        if not is_failure(status) or notify_class(self.number).ignores_status:
            return Verdict(event.block, "pre", status, ALLOWED)
        is_bypass = status == STATUS_CALLBACK_BYPASS
        if not self.verdicts:  # nobody above is told of the end
            self.is_over = True
        if not self.verdicts or self.refusals_stand:
            self.result = 0 if is_bypass else status
        return Verdict(event.block, "pre", status, BYPASSED if is_bypass else BLOCKED)

    def _post(self, event: Returned, post: PostStatus) -> Verdict:
        before = self._before(post)
        if self._stands:
            post = post._replace(return_status=before)
        verdict = NOTED if post.return_status == before else OVERRULED
        first = self.verdicts[0] if self.verdicts else None
        if first is None or (first.phase == "pre" and first.block == event.block):
            self.is_over = first is not None
        if not self._stands:
            self.result = post.return_status
        return Verdict(event.block, "post", event.status, verdict, post.return_status, before)

    def _before(self, post: PostStatus) -> int:
        """The result before this post-notification."""
        last = self.verdicts[-1] if self.verdicts else None
        if last is not None and last.return_status is not None:
            return last.return_status
        return post.status


class Operations(Generic[_About]):
    """The operations under way in a target, from the returns of its callbacks. However long that
    goes on, as many are kept as can be under way at once."""

    def __init__(self, refusals_stand: bool = False, limits: StackLimits = lambda _: None) -> None:
        """``refusals_stand``: see :class:`OpenOperation`. ``limits`` says where a thread's present
        stack lies, if it knows."""
        self.refusals_stand, self._limits = refusals_stand, limits
        self._open: dict[int, list[OpenOperation[_About]]] = {}  # who was heard of last is the last

    def of(self, event: Returned) -> tuple[OpenOperation[_About], list[OpenOperation[_About]]]:
        """The operation that ``event`` belongs to, perhaps a new one, and those that are over
        though nobody saw their end: their frames have left the stack, or their threads are the
        longest silent ones of too many."""
        under_way = self._open.pop(event.thread, [])
        found = next((each for each in under_way if each.is_expected(event)), None)
        gone = [each for each in under_way if each is not found and self._has_left(each, event)]
        for each in gone:
            under_way.remove(each)
        if found is None:
            found = OpenOperation(
                event.thread, event.number, event.information, refusals_stand=self.refusals_stand
            )
            under_way.append(found)
        if len(under_way) > _MOST_NESTED:
            gone.append(under_way.pop(0))
        self._open[event.thread] = under_way
        if len(self._open) > _MOST_THREADS:
            gone += self._open.pop(next(iter(self._open)))
        return found, gone

    def _has_left(self, operation: OpenOperation[_About], event: Returned) -> bool:
        """Whether the operation's frame cannot be on its thread's stacks any more."""
        frame, stack = operation.information, event.stack
        if frame == event.information:
            return True
        if stack < frame < stack + LARGEST_STACK:
            return False
        limits = self._limits(event.thread)
        if limits is None or not limits[0] <= stack < limits[1]:
            return True
        return limits[0] <= frame <= stack

    def drop(self, is_gone: Callable[[OpenOperation[_About]], bool]) -> list[OpenOperation[_About]]:
        """Takes out those that ``is_gone`` says so of."""
        found = [each for under_way in self._open.values() for each in under_way if is_gone(each)]
        for each in found:
            self.end(each)
        return found

    @property
    def is_any(self) -> bool:
        """Whether any is under way."""
        return any(self._open.values())

    def is_known(self, event: Returned) -> bool:
        """Whether ``event`` belongs to one that is under way."""
        return any(each.is_expected(event) for each in self._open.get(event.thread, []))

    def end(self, operation: OpenOperation[_About]) -> None:
        """Forgets an operation that is over."""
        under_way = self._open.get(operation.thread, [])
        if operation in under_way:
            under_way.remove(operation)
        if not under_way:
            self._open.pop(operation.thread, None)

    def rest(self) -> list[OpenOperation[_About]]:
        """What is still under way, when nobody will look on."""
        found = [each for under_way in self._open.values() for each in under_way]
        self._open.clear()
        return found
