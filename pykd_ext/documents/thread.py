"""``regcb.thread/1``: a thread, and the callbacks that it is in."""

from typing import Optional, TypedDict

from ..kernel.stack import CodeAddress
from ..target import BugCheck
from ..triage.bug_checks import facts_of
from ..triage.thread_scene import ThreadScene
from .callback_fields import CallbackDocument, callback_document
from .target import FactsDocument, facts_document
from .text import hexadecimal

__all__ = ["ThreadSceneDocument", "thread_scene_document"]


class BugCheckDocument(TypedDict):
    """Why the machine stopped."""

    code: str
    name: Optional[str]
    parameters: list[str]


class CodeDocument(TypedDict):
    """An address of code on the stack, or one in a register (``place`` None): where the
    processor was, or ARM64's link register."""

    place: Optional[str]
    address: str
    symbol: Optional[str]
    owner: Optional[str]
    follows_call: Optional[bool]


class EnteredCallback(CallbackDocument):
    """A callback that the thread is in."""

    running: bool


_Class = TypedDict("_Class", {"class": Optional[str]})


class ThreadSceneDocument(_Class):
    """The thread, the callbacks that it is in, and the code on its stack."""

    schema: str
    target: FactsDocument
    bug_check: Optional[BugCheckDocument]
    thread: Optional[str]
    thread_id: Optional[int]
    process: Optional[str]
    process_id: Optional[int]
    process_name: Optional[str]
    callbacks: list[EnteredCallback]
    called: list[CodeDocument]
    keys: list[str]
    stack: list[CodeDocument]
    loaded_drivers: int
    unloaded_drivers: list[Optional[str]]
    problems: list[str]


def thread_scene_document(scene: ThreadScene) -> ThreadSceneDocument:
    """What ``show --thread --json`` prints."""
    requestor, inside = scene.requestor, scene.inside
    return {
        "schema": "regcb.thread/1",
        "target": facts_document(scene.target),
        "bug_check": _bug_check(scene.bug_check) if scene.bug_check else None,
        "thread": hexadecimal(inside.thread),
        "thread_id": requestor.thread_id if requestor else None,
        "process": hexadecimal(requestor.process) if requestor else None,
        "process_id": requestor.process_id if requestor else None,
        "process_name": requestor.process_name if requestor else None,
        "callbacks": [
            {**callback_document(each), "running": each.block.address in inside.running}
            for each in scene.entries
        ],
        "called": [_code(each) for each in inside.called],
        "class": scene.class_name,
        "keys": scene.key_paths,
        "stack": [_code(each) for each in inside.stack],
        "loaded_drivers": scene.loaded,
        "unloaded_drivers": list(scene.unloaded),
        "problems": list(scene.problems),
    }


def _bug_check(crash: BugCheck) -> BugCheckDocument:
    return {
        "code": hexadecimal(crash.code),
        "name": facts_of(crash.code).name or None,
        "parameters": [hexadecimal(each) for each in crash.parameters],
    }


def _code(each: CodeAddress) -> CodeDocument:
    return {
        "place": hexadecimal(each.place) if each.place else None,
        "address": hexadecimal(each.address),
        "symbol": each.symbol,
        "owner": each.owner.name,
        "follows_call": each.follows_call,
    }
