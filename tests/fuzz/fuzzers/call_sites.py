"""The kernel's calls of callbacks: control flow, data flow, call sites, junctions."""

from __future__ import annotations

from pykd_ext.live.call_site import find_call_sites
from pykd_ext.live.control_flow import flow_of
from pykd_ext.live.junctions import find_junctions, phase_of
from pykd_ext.target.crash_dump import CrashDump
from pykd_ext.target.errors import RegcbError
from pykd_ext.target.symbol_path import SymbolPath
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import LabFuzzer
from tests.fuzz.lab_files import LabFile
from tests.fuzz.oracle import hold_line

__all__ = ["FUZZER"]

_DISPATCHERS = ("CmpCallCallBacksEx", "CmpCallCallBacks")
_OTHERS = ("CmpCallbackFillObjectContext", "CmSetCallbackObjectContext")


def _nothing(_: LabFile, __: Draw) -> list[str]:
    return ["sites"]


class FUZZER(LabFuzzer):
    about = "the code that calls callbacks"
    kinds = tuple(
        (each, 1, {})
        for each in ("x64-19041", "x86-6002", "x86-7601", "arm64-22621", "x64-7601", "x64-26100")
    )
    questions = (_nothing,)

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return file.code(*_DISPATCHERS, *_OTHERS)

    def ask(self, file: LabFile, words: list[str]) -> None:  # noqa: ARG002
        target = CrashDump(str(file.path), SymbolPath(file.truth.symbols))
        try:
            for name in _DISPATCHERS:
                start = file.symbol(name)
                if start is None:
                    continue
                sites = find_call_sites(target, start)
                flow = flow_of(target, start)
                find_junctions(flow, sites, target.architecture)
                for each in sites:
                    phase_of(flow, each, target.architecture)
        except RegcbError as error:
            hold_line(str(error))
        finally:
            target.close()
