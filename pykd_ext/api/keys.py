"""One registry key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.handles import SYSTEM_PROCESS, is_kernel_handle, object_of_handle
from ..kernel.key_details import KeyDetails, read_key_details
from ..kernel.processes import find_process
from ..kernel.requestor import read_requestor
from ..target.errors import BadArgument

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["key"]


def key(target: Target, key: int, process_id: int | None = None) -> KeyDetails:
    r"""The registry key object at the VA ``key``, or that the handle ``key`` is of.

    A handle is looked up in the process numbered ``process_id``; None is the one that ``target``
    is stopped in, for a kernel handle the System process. What comes back has the key's full path,
    its state, who opened it, and what callbacks remember of it.

    Raises NotAKey where no key object is, NoSuchProcess, BadArgument for a handle whose process is
    not known.

    >>> with pykd_ext.open_target("samples/stopped-x64.dmp", symbols="samples/symbols") as target:
    ...     found = pykd_ext.key(target, pykd_ext.decode(target).notification.keys[0].root)
    >>> found.key.path, found.process.name
    ('\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run', 'regedit.exe')
    """
    return read_key_details(target, _address(target, key, process_id))


def _address(target: Target, word: int, process_id: int | None) -> int:
    """Of the key object; raises what says why a handle leads to none."""
    if process_id is None:
        if is_kernel_handle(target, word):
            process_id = SYSTEM_PROCESS
        elif target.memory.is_user(word):
            process_id = _stopped_process_id(target, word)
        else:
            return word
    return object_of_handle(target, find_process(target, process_id), word)


def _stopped_process_id(target: Target, word: int) -> int:
    requestor = read_requestor(target)
    if requestor is None or requestor.process_id is None:
        raise BadArgument(
            f"{word:#x} is no kernel address, and as a handle it needs its process: --process PID"
        )
    return requestor.process_id
