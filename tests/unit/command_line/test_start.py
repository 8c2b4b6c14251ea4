"""What ``list`` loads: most of its time goes there, and every module takes its part."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.lab import make_dump

CHECKOUT = Path(__file__).parents[3]
SAMPLES = CHECKOUT / "samples"
RUN = """
import json, sys
before = set(sys.modules)
sys.path.insert(0, sys.argv.pop(1))
from pykd_ext.command_line.main import main
main()
print(json.dumps(sorted({*sys.modules} - before)))
"""

# Of the standard library, what takes a millisecond or more.
SLOW = {
    "asyncio", "csv", "ctypes", "dataclasses", "datetime", "decimal", "email", "hashlib", "html",
    "http", "inspect", "ipaddress", "logging", "pathlib", "random", "shutil", "socket", "ssl",
    "subprocess", "tempfile", "textwrap", "tokenize", "urllib", "zipfile",
}  # fmt: skip
# Of ours, what neither a dump nor an image that is not packed needs.
SELDOM = (
    "pykd_ext.live", "pykd_ext.notify", "pykd_ext.verification", "pykd_ext.windbg",
    "pykd_ext.kernel.selection",
    "pykd_ext.target.archives.", "pykd_ext.target.dump_ranges", "pykd_ext.target.leechcore_memory",
    "pykd_ext.target.ntoseye_session", "pykd_ext.target.pdb_types", "pykd_ext.target.pykd_session",
    "pykd_ext.target.remote_file", "pykd_ext.target.small_dump", "pykd_ext.target.symbol_pointer",
    "pykd_ext.target.symbol_server", "pykd_ext.target.xpress",
)  # fmt: skip
OF_IMAGES = (
    "pykd_ext.target.archives", "pykd_ext.target.containers", "pykd_ext.target.find_machine",
    "pykd_ext.target.memory_image",
)  # fmt: skip
MOST = 85  # of our modules: more are worth a look at what a list needs them for


def loaded(target: Path | str, symbols: Path | str) -> list[str]:
    """The modules that ``list`` loads, in a Python where no packages are installed."""
    words = [str(CHECKOUT), "-z", str(target), "-y", str(symbols), "list"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", RUN, *words],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    assert "pykd_ext.commands.list" in names
    return names


def test_a_dump() -> None:
    names = loaded(SAMPLES / "sound-x64.dmp", SAMPLES / "symbols")
    assert not SLOW.intersection(names)
    assert not [name for name in names if name.startswith((*SELDOM, *OF_IMAGES))]
    ours = [name for name in names if name.startswith("pykd_ext")]
    assert len(ours) <= MOST, ours


def test_an_image(tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "image.raw", dump_type="raw")
    names = loaded(truth.path, truth.symbols)
    assert not SLOW.intersection(names)
    assert not [name for name in names if name.startswith(SELDOM)]
