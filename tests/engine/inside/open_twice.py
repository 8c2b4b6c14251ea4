"""``open_twice.py DUMP SYMBOLS``: what open_session says in states that a user can bring about.

Prints a line for each: a target's kind, path and symbol path, or what the TargetError says.
"""

from __future__ import annotations

import sys

import pykd

from pykd_ext.target.errors import TargetError
from pykd_ext.target.pykd_session import open_session


def say(dump: str | None = None, symbols: str | None = None) -> None:
    try:
        session = open_session(dump, symbols)
    except TargetError as error:
        print(error)
        return
    print(session.kind, session.path, pykd.getSymbolPath())
    session.close()


if __name__ == "__main__":
    say()
    say(*sys.argv[1:])
    say()  # the session of the line before is closed
    say(sys.argv[1], "")
    print(repr(pykd.getSymbolPath()))
    pykd.setSymbolPath(sys.argv[2])
    number = pykd.loadDump(sys.argv[1])
    say(*sys.argv[1:])
    say()
    say()  # the debugger's session is still there
    pykd.closeDump(number)
    pykd.startProcess("hostname.exe")
    say()
    pykd.killAllProcesses()
