"""regcb: Windows registry callbacks, in WinDbg through pykd and in crash dumps.

>>> import pykd_ext
>>> with pykd_ext.open_target("samples/sound-x64.dmp", symbols="samples/symbols") as target:
...     for callback in pykd_ext.callbacks(target):
...         print(callback.altitude, callback.function_symbol, callback.owner.name)
425500 nt!EtwpRegTraceCallback ntoskrnl.exe
425000 oldfilt+0x5000 oldfilt.sys
385201 netmon!NetMonRegFilter netmon.sys
328010 avfilter!AvfRegistryCallback avfilter.sys
189900 nt!VrpRegistryCallback ntoskrnl.exe
140000 regprotect!RegisterCallback regprotect.sys

What this module exports is the whole of the interface, and follows Semantic Versioning: names,
arguments, fields of records and classes of errors stay within a major version; fields and optional
arguments may be added, and so records are to be read by name. The modules below the package, the
texts of ``problems`` and of errors may change at any time. Addresses are unsigned integers; what
cannot be read is None, and a record's ``problems`` say why. Texts are as the target has them:
``printable`` makes them safe to show.

Nothing is loaded before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api.callbacks import callbacks as callbacks
    from .api.decisions import Guarding as Guarding
    from .api.decisions import guard as guard
    from .api.findings import findings as findings
    from .api.keys import key as key
    from .api.notifications import NotificationUnreadable as NotificationUnreadable
    from .api.notifications import decode as decode
    from .api.operations import Trace as Trace
    from .api.operations import trace as trace
    from .api.registrations import Watching as Watching
    from .api.registrations import watch as watch
    from .documents.text import printable as printable
    from .kernel.callback_block import CallbackBlock as CallbackBlock
    from .kernel.callback_block import Problem as Problem
    from .kernel.drivers import Owner as Owner
    from .kernel.key_details import KeyDetails as KeyDetails
    from .kernel.key_objects import KeyObject as KeyObject
    from .kernel.key_objects import NotAKey as NotAKey
    from .kernel.listing import Listing as Listing
    from .kernel.listing import RegistryCallback as RegistryCallback
    from .kernel.processes import NoSuchProcess as NoSuchProcess
    from .kernel.requestor import Requestor as Requestor
    from .kernel.security_descriptor import SecurityDescriptor as SecurityDescriptor
    from .kernel.selection import select as select
    from .kernel.stopped_callback import NotAtCallback as NotAtCallback
    from .live.guard import Decision as Decision
    from .live.operations import Verdict as Verdict
    from .live.policy import Policy as Policy
    from .live.policy import Rule as Rule
    from .live.policy_file import PolicyError as PolicyError
    from .live.policy_file import read_policy as read_policy
    from .live.registrations import Registration as Registration
    from .live.stream import Stream as Stream
    from .live.traced import CallbackVerdict as CallbackVerdict
    from .live.traced import Operation as Operation
    from .notify.classes import NotifyClass as NotifyClass
    from .notify.notification import Field as Field
    from .notify.notification import KeyReference as KeyReference
    from .notify.notification import Notification as Notification
    from .notify.notification_call import NotificationCall as NotificationCall
    from .notify.ntstatus import status_text as status_text
    from .target.errors import BadArgument as BadArgument
    from .target.errors import ConnectionLost as ConnectionLost
    from .target.errors import MemoryUnreadable as MemoryUnreadable
    from .target.errors import RegcbError as RegcbError
    from .target.errors import RegisterUnavailable as RegisterUnavailable
    from .target.errors import SymbolFileError as SymbolFileError
    from .target.errors import SymbolNotFound as SymbolNotFound
    from .target.errors import TargetError as TargetError
    from .target.errors import TypeNotFound as TypeNotFound
    from .target.errors import UnsupportedTarget as UnsupportedTarget
    from .target.live import LiveTarget as LiveTarget
    from .target.opening import open_target as open_target
    from .target.protocol import Target as Target
    from .triage.check import Triage as Triage
    from .triage.finding import Finding as Finding
    from .triage.finding import Remark as Remark

__version__ = "1.0.0"

_HOMES = {
    "api.callbacks": ("callbacks",),
    "api.decisions": ("Guarding", "guard"),
    "api.findings": ("findings",),
    "api.keys": ("key",),
    "api.notifications": ("NotificationUnreadable", "decode"),
    "api.operations": ("Trace", "trace"),
    "api.registrations": ("Watching", "watch"),
    "documents.text": ("printable",),
    "kernel.callback_block": ("CallbackBlock", "Problem"),
    "kernel.drivers": ("Owner",),
    "kernel.key_details": ("KeyDetails",),
    "kernel.key_objects": ("KeyObject", "NotAKey"),
    "kernel.listing": ("Listing", "RegistryCallback"),
    "kernel.processes": ("NoSuchProcess",),
    "kernel.requestor": ("Requestor",),
    "kernel.security_descriptor": ("SecurityDescriptor",),
    "kernel.selection": ("select",),
    "kernel.stopped_callback": ("NotAtCallback",),
    "live.guard": ("Decision",),
    "live.operations": ("Verdict",),
    "live.policy": ("Policy", "Rule"),
    "live.policy_file": ("PolicyError", "read_policy"),
    "live.registrations": ("Registration",),
    "live.stream": ("Stream",),
    "live.traced": ("CallbackVerdict", "Operation"),
    "notify.classes": ("NotifyClass",),
    "notify.notification": ("Field", "KeyReference", "Notification"),
    "notify.notification_call": ("NotificationCall",),
    "notify.ntstatus": ("status_text",),
    "target.errors": (
        "BadArgument",
        "ConnectionLost",
        "MemoryUnreadable",
        "RegcbError",
        "RegisterUnavailable",
        "SymbolFileError",
        "SymbolNotFound",
        "TargetError",
        "TypeNotFound",
        "UnsupportedTarget",
    ),
    "target.live": ("LiveTarget",),
    "target.opening": ("open_target",),
    "target.protocol": ("Target",),
    "triage.check": ("Triage",),
    "triage.finding": ("Finding", "Remark"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_HOME_OF]  # noqa: PLE0604 - all are names


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - nothing is loaded before that

    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
