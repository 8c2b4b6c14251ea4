"""What is measured: regcb as installed, Python itself, and other tools.

Kdrill is on no package index: it is cloned from where KDRILL says, GitHub without it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from functools import lru_cache
from pathlib import Path

from pykd_ext.target.pdb import Pdb
from pykd_ext.target.pdb_server import PdbServer
from pykd_ext.target.symbol_path import SymbolPath
from tests.lab import Truth

__all__ = [
    "NotHere", "bare_python", "decoding", "kdrill", "ntoseye", "regcb", "regcb_scan",
    "regcb_verify", "unscanned", "volatility",
]  # fmt: skip

_CHECKOUT = Path(__file__).parents[2]
_VOLATILITY = "volatility3==2.28.2"
_KDRILL = os.environ.get("KDRILL", "https://github.com/ExaTrack/Kdrill")
_SCRIPTS = Path(__file__).with_name("scripts")


class NotHere(Exception):
    """The tool cannot be had, or shows nothing; ``str()`` says why."""


@lru_cache
def _environment() -> Path:
    """The bin folder of a virtual environment with regcb and volatility3, compiled."""
    folder = _CHECKOUT / ".cache" / "bench"
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", _VOLATILITY, "pefile"], check=True)
    subprocess.run([*pip, "install", "--force-reinstall", "--no-deps", str(_CHECKOUT)], check=True)
    subprocess.run([*pip, "install", f"{_CHECKOUT}[verify]"], check=True)
    return folder / "bin"


def bare_python() -> list[str]:
    return [str(_environment() / "python"), "-c", "pass"]


def regcb(truth: Truth, *words: str) -> list[str]:
    """A command of regcb's about one dump, `list` unless ``words`` are another."""
    return [
        str(_environment() / "regcb"), "-z", truth.path, "-y", truth.symbols, *(words or ("list",)),
    ]  # fmt: skip


def regcb_scan(folder: Path, symbols: str, cores: int) -> list[str]:
    """`regcb scan` of the dumps in ``folder``, on so many cores: who writes the lines has none of
    its own."""
    return [
        *_on(cores), str(_environment() / "regcb"), "-y", symbols, "scan", "--jobs", str(cores),
        str(folder),
    ]  # fmt: skip


def unscanned(folder: Path, symbols: str, cores: int) -> list[str]:
    """The same work by a process for each core that knows nothing of the other: what the machine
    gains by a second one."""
    python, script = str(_environment() / "python"), str(_SCRIPTS / "look_at_dumps.py")
    started = "".join(
        f"'{python}' '{script}' '{symbols}' '{folder}'/*{digits}.dmp & "
        for digits in (["[0-9]"] if cores == 1 else ["[02468]", "[13579]"])
    )
    return [*_on(cores), "/bin/sh", "-c", f"{started}wait"]


def _on(cores: int) -> list[str]:
    return ["/usr/bin/taskset", "--cpu-list", f"0-{cores - 1}"]


def regcb_verify(image: Path) -> list[str]:
    """`regcb verify` of a kernel's file, without symbols."""
    return [str(_environment() / "regcb"), "--no-symbols", "verify", str(image)]


def volatility(truth: Truth, folder: Path) -> list[str]:
    """`vol windows.callbacks` with the kernel's symbols converted beforehand."""
    pdb = Path(truth.symbols) / "ntkrnlmp.pdb"
    symbols = folder / "symbols"
    converted = symbols / "windows" / "ntkrnlmp.pdb" / f"{_identity(pdb)}.json"
    converted.parent.mkdir(parents=True)
    python, module = str(_environment() / "python"), "volatility3.framework.symbols.windows.pdbconv"
    subprocess.run(
        [python, "-m", module, "-p", "ntkrnlmp.pdb", "-f", str(pdb), "-o", str(converted)],
        check=True,
        capture_output=True,
    )
    vol = str(_environment() / "vol")
    return [vol, "-q", "--offline", "-s", str(symbols), "-f", truth.path, "windows.callbacks"]


def kdrill(dump: Truth, folder: Path) -> list[str]:
    """`creg` of Kdrill, which has no symbols. Raises NotHere."""
    clone = folder / "kdrill"
    done = subprocess.run(
        ["git", "clone", "-q", "--depth", "1", _KDRILL, str(clone)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NotHere(" ".join(done.stderr.split()))
    command = [
        str(_environment() / "python"), str(clone / "Kdrill.py"), "-shell=creg", dump.path,
    ]  # fmt: skip
    _must_say(command, "Altitude", dump.count)
    return command


def ntoseye(dump: Truth, folder: Path) -> list[str]:
    """A script of its own, with the kernel's PDB, in this process's environment: what ntoseye
    brings makes regcb's tables slower. Raises NotHere."""
    home = folder / "ntoseye"
    home.mkdir()
    server = PdbServer(SymbolPath(dump.symbols))
    command = [
        "/usr/bin/env", f"HOME={home}", f"NTOSEYE_PDB_SERVERS={server.url}", sys.executable,
        str(_SCRIPTS / "ntoseye_list.py"), dump.path,
    ]  # fmt: skip
    _must_say(command, "0x", dump.count)
    return command


def _must_say(command: list[str], word: str, count: int) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode or done.stdout.count(word) != count:
        last = (done.stderr.splitlines() or ["it shows other callbacks"])[-1]
        raise NotHere(f"{last} (exit status {done.returncode})")


def decoding() -> dict[str, float]:
    """The seconds of :mod:`.decoding`, by whose they are."""
    command = [str(_environment() / "python"), "-m", "tests.bench.decoding"]
    done = subprocess.run(command, cwd=_CHECKOUT, check=True, capture_output=True)
    seconds: dict[str, float] = json.loads(done.stdout)
    return seconds


def _identity(pdb: Path) -> str:
    """As volatility3 names symbols: the GUID without dashes, a dash, the age."""
    opened = Pdb(str(pdb))
    try:
        return f"{opened.guid.replace('-', '')}-{opened.age}"
    finally:
        opened.close()
