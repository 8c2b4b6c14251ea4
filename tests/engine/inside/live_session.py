"""What an engine can do with a live target; prints the answers as JSON. Run by attached.py."""

from __future__ import annotations

import json
import threading
from typing import Any, Callable

import pykd

from pykd_ext.target.errors import RegisterUnavailable
from pykd_ext.target.pykd_session import open_session
from tests.engine.inside import live

PROCEED, BREAK = pykd.eventResult.Proceed, pykd.eventResult.Break


def all_or_none() -> list[int]:
    """r9 before and after it was to be changed together with a register that is none."""
    before = pykd.reg("r9")
    try:
        open_session().set_registers({"r9": before + 1, "no_such_register": 2})
    except RegisterUnavailable:
        return [before, pykd.reg("r9")]
    return []


def where() -> str:
    return str(pykd.findSymbol(pykd.reg("rip")))


def hits(place: Callable[[Callable[[], Any]], Any], wanted: int) -> list[int]:
    """Goes on until a breakpoint was hit ``wanted`` times; rdx at every hit."""
    seen: list[int] = []

    def hit() -> Any:
        seen.append(pykd.reg("rdx"))
        return BREAK if len(seen) == wanted else PROCEED

    breakpoint_object = place(hit)
    pykd.go()
    del breakpoint_object
    return seen


def break_in() -> str:
    """Lets the target run and stops it from another thread."""
    timer = threading.Timer(0.5, pykd.breakin)
    timer.start()
    pykd.go()
    timer.join()
    return where()


def session() -> dict[str, Any]:
    answers: dict[str, Any] = {"first_stop": where()}
    answers["modules"] = sorted(each.name() for each in pykd.getModulesList())
    nt, regprotect = pykd.module("nt"), pykd.module("regprotect")
    callback = regprotect.offset("RegisterCallback")
    answers["software"] = hits(lambda hit: pykd.setBp(callback, hit), 4)
    answers["stopped_at"] = where()
    answers["stack"] = pykd.dbgCommand("k")
    answers["hardware"] = hits(
        lambda hit: pykd.setBp(callback, 1, pykd.breakpointAccess.Execute, hit), 4
    )
    pykd.setReg("r8", 0x1122334455667788)
    answers["register"] = pykd.reg("r8")
    answers["refused"] = all_or_none()
    pykd.setReg("r8", 0)  # no information: regprotect lets the operation through
    count = nt.offset("CmpCallBackCount")
    before = pykd.ptrDWord(count)
    pykd.setDWord(count, 77)
    answers["memory"] = [before, pykd.ptrDWord(count)]
    pykd.setDWord(count, before)
    pykd.trace()
    answers["step"] = where()
    answers["broke_in"] = break_in() != ""
    answers["physical"] = pykd.dbgCommand("!dq @cr3 L1") or ""
    answers["search"] = pykd.dbgCommand('s -u nt L?10000 "425000"')
    answers["state"] = live.state()
    answers["breakpoints"] = pykd.dbgCommand("bl").strip()
    return answers


if __name__ == "__main__":
    print(json.dumps(session()))
