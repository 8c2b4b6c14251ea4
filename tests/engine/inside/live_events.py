"""What a live target tells of its own accord: loads, unloads, lines. Run by attached.py.

Goes on until ``nt!PsTerminateSystemThread`` is reached, and prints what came by then as JSON.
"""

from __future__ import annotations

import json
from typing import Any

import pykd


class Handler(pykd.eventHandler):  # type: ignore[misc]  # pykd has no types
    """Collects events."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[str]] = []

    def onLoadModule(self, _base: int, name: str) -> Any:
        self.seen.append(["load", name])
        return pykd.eventResult.NoChange

    def onUnloadModule(self, _base: int, name: str) -> Any:
        self.seen.append(["unload", name])
        return pykd.eventResult.NoChange

    def onDebugOutput(self, text: str, _kind: Any) -> None:
        if text.startswith("lab: "):
            self.seen.append(["line", text])


if __name__ == "__main__":
    pykd.setOutputMask(0x3FF)
    handler = Handler()
    end = pykd.setBp(pykd.module("nt").offset("PspExitThread"))
    pykd.go()
    print(json.dumps(handler.seen))
