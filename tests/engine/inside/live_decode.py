"""Stops in regprotect at a set value and decodes it. Run by attached.py."""

from __future__ import annotations

from typing import Any

import pykd

from pykd_ext.command_line.main import main

PRE_SET_VALUE = 1


def hit() -> Any:
    is_set = pykd.reg("rdx") == PRE_SET_VALUE
    return pykd.eventResult.Break if is_set else pykd.eventResult.Proceed


if __name__ == "__main__":
    place = pykd.setBp(pykd.module("regprotect").offset("RegisterCallback"), hit)
    pykd.go()
    main(["--engine", "pykd", "decode"])
