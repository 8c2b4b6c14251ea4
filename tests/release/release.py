"""Everything that one release has."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from .archives import Archives, make_archives
from .bill import bill_of_materials
from .bundle import download_packages, make_bundle
from .requirements import metadata_of
from .sources import Sources

__all__ = ["make_release"]


def make_release(sources: Sources, folder: Path) -> list[Path]:
    """Writes to ``folder``, and names: the wheel, the archive of sources, the Windows bundle, its
    bill of materials and the hashes of them all. Needs the network; raises ReleaseError."""
    archives = make_archives(sources, folder)
    made = [*archives, *_with_packages(sources, archives, folder)]
    sums = folder / "SHA256SUMS"
    lines = (f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in made)
    sums.write_bytes("".join(lines).encode())
    return [*made, sums]


def _with_packages(sources: Sources, archives: Archives, folder: Path) -> list[Path]:
    version = metadata_of(archives.wheel)["Version"]
    with tempfile.TemporaryDirectory() as downloads:
        packages = download_packages(archives.wheel, Path(downloads, "packages"))
        bill = folder / f"regcb-{version}-windows.cdx.json"
        bill.write_bytes(bill_of_materials(sources, archives.wheel, packages).encode())
        return [make_bundle(sources, version, packages, folder), bill]
