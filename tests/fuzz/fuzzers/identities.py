"""Whose process it is, and who may write to a key: tokens, SIDs, security descriptors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pykd_ext.kernel.key_objects import read_key_object
from pykd_ext.kernel.key_security import read_key_security
from pykd_ext.kernel.process_identity import read_process_identity
from pykd_ext.kernel.requestor import Requestor
from pykd_ext.kernel.security_descriptor import BadDescriptor
from pykd_ext.present.identity import identity_text
from pykd_ext.present.security import security_lines
from pykd_ext.target.crash_dump import CrashDump
from pykd_ext.target.errors import RegcbError
from pykd_ext.target.symbol_path import SymbolPath
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import LabFuzzer
from tests.fuzz.lab_files import LabFile
from tests.fuzz.oracle import hold_line, hold_lines, hold_marked

if TYPE_CHECKING:
    from pykd_ext.target import Target

__all__ = ["FUZZER"]


def _nothing(_: LabFile, __: Draw) -> list[str]:
    return ["identities"]


class FUZZER(LabFuzzer):
    about = "tokens and security descriptors"
    kinds = tuple((each, 1, {}) for each in ("x64-19041", "x86-7601", "arm64-22621", "x64-26100"))
    questions = (_nothing,)

    @staticmethod
    def places(file: LabFile) -> list[int]:
        return [*file.identities, *file.keys]

    def ask(self, file: LabFile, words: list[str]) -> None:  # noqa: ARG002
        target = CrashDump(str(file.path), SymbolPath(file.truth.symbols))
        try:
            for process in file.processes:
                identity = read_process_identity(target, process)
                asks = Requestor(0, None, process, None, None, None)
                hold_marked(identity_text(asks, identity))
            for each in file.truth.keys.values():
                _ask_of_key(target, each.address)
        finally:
            target.close()


def _ask_of_key(target: Target, address: int) -> None:
    try:
        block = read_key_object(target, address).key_control_block
        hold_lines("\n".join(security_lines(read_key_security(target, block))))
    except (RegcbError, BadDescriptor) as error:
        hold_line(str(error))
