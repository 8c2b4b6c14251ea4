"""POLICY.toml."""

from __future__ import annotations

from pykd_ext.live.policy_file import PolicyError, parse_policy
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.oracle import hold_line

__all__ = ["FUZZER"]

_SEEDS = (
    b'[[rule]]\nname = "a"\nclasses = ["SetValueKey"]\nkeys = [\'HKLM\\SOFTWARE\\A*\\**\']\n'
    b'subkeys = true\nvalues = ["x", "@"]\nprocesses = ["a.exe", 4]\nmode = "user"\n'
    b'action = "deny"\nstatus = "STATUS_ACCESS_DENIED"\n',
    b'[[rule]]\naction = "allow"\nkeys = ["HKCU\\\\[*]", "CurrentControlSet"]\n'
    b"status = 0xC0000022\n",
    b'rule = [{action = "bypass"}, {action = "log", mode = "kernel"}]\n',
    b"[[rule]]\nkeys = 1\n",
)


class FUZZER(Fuzzer):
    about = "POLICY.toml"
    longest = 2048

    def seeds(self) -> list[bytes]:
        return list(_SEEDS)

    def run(self, data: bytes) -> None:
        try:
            parse_policy(data.decode("utf-8", "replace"), "p.toml")
        except PolicyError as error:
            hold_line(str(error))
