"""A post-notification that the kernel will not give: the callback's function is run for it.

The target is stopped where the function is about to return from its pre-notification, or just has.
It starts once more from there, on the same place of the stack and with the same return address: a
shadow stack (Intel CET) has that still, and should nobody stop it when it returns again, the kernel
goes on as if from the first time, with the wrong verdict alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.kernel_stacks import kernel_stack
from ..notify.notification import Notification
from ..notify.structures import structure
from ..target.errors import TargetError
from ..target.fields import unsigned
from .calls import FunctionCall, start_again

if TYPE_CHECKING:
    from ..target.live import LiveTarget

__all__ = ["give_post"]

_STRUCTURE = "REG_POST_OPERATION_INFORMATION"
_SUCCESS = 0
_MARGIN = 0x10  # bytes above the end of the stack
_NEEDED = 0x1000  # bytes of stack that a callback may take


def give_post(
    target: LiveTarget,
    function: int,
    call: FunctionCall,
    notification: Notification,
    status: int,
    depth: int,
) -> None:
    """Tells the callback's ``function`` that the operation of ``notification``, whose pre call was
    ``call``, ended with ``status``.

    The structure lies at the very end of the thread's stack, which is memory that nobody uses
    unless the stack is used up; ``depth`` says how many lie there already. Raises TargetError where
    that end is not known or too near, MemoryUnreadable and RegisterUnavailable, always with the
    registers as they were.
    """
    layout = structure(_STRUCTURE, target.memory.pointer_size)
    stack = kernel_stack(target, target.current_thread())
    if stack is None:
        raise TargetError("where the thread's stack ends is not known")
    place = stack.limit + _MARGIN + depth * (layout.size + -layout.size % 16)
    if call.stack not in stack or call.stack - place < _NEEDED:
        raise TargetError("the thread's stack is used up")
    words = _members(target, notification, status)
    raw = bytearray(layout.size)
    for member in layout.members:
        value = words.get(member.name, 0)
        raw[member.offset : member.offset + member.size] = value.to_bytes(member.size, "little")
    target.write(place, bytes(raw))
    number = notification.notify_class.pair or 0
    start_again(target, function, call, (call.arguments[0], number, place))


def _members(target: LiveTarget, notification: Notification, status: int) -> dict[str, int]:
    """As the kernel has them for the callbacks above a refusal (SOURCES 3.3): a key that was to be
    created or opened is none. The contexts are the pre-notification's, as it left them."""
    fields = {each.name: each for each in notification.fields}
    is_named = "RootObject" in fields

    def now(*names: str) -> int:
        field = next((fields[name] for name in names if name in fields), None)
        if field is None:
            return 0
        size = target.memory.pointer_size
        return unsigned(target.read(notification.address + field.offset, size))

    return {
        "Object": 0 if is_named and status != _SUCCESS else now("Object"),
        "Status": status,
        "PreInformation": notification.address,
        "ReturnStatus": status,
        "CallContext": now("CallContext"),
        "ObjectContext": now("ObjectContext", "RootObjectContext"),
    }
