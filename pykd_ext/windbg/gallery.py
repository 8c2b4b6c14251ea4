"""The folder that WinDbg's extension gallery reads.

Its files are as Microsoft's WinDbg-Samples describe them (Manifest/README.MD): the manifest says
what loads the script, the configuration where the gallery is. Aliases that take words are the
debugger's own ($$>a<), which has each word that there is not as nothing; what has no command in the
script goes to Python from there, since dx would take a path's backslashes for escapes.
"""

from __future__ import annotations

import json
from pathlib import Path
from xml.sax.saxutils import escape

from .. import __version__
from ..foreign_file import refuse_foreign_file
from ..packaged import packaged_text
from ..whole_file import write_whole
from .tables import tables

__all__ = ["write_gallery"]

_SCRIPT, _MANIFEST, _SETTINGS = "regcb.js", "manifest.1.xml", "config.xml"
# The manifest first: by it the next installation knows its own.
_FILES = (_MANIFEST, _SETTINGS, _SCRIPT, "ManifestVersion.txt", "startup.wds", "command.wds")


def write_gallery(folder: Path, python: str) -> Path:
    """Writes the gallery to ``folder``, which is made; one that is there is written over, whatever
    its version. The configuration file that WinDbg is to load once. ``python`` is the version that
    commands go to which the script has not, as ``!py`` takes it: ``3.9``. Raises ForeignFile,
    before anything is written, where a file of another's has one of the names (another gallery's,
    WinDbg's own settings); OSError."""
    texts = {name: packaged_text(__name__, name) for name in _FILES}
    _refuse_others(folder, texts)
    folder.mkdir(parents=True, exist_ok=True)
    place = str(folder.absolute())
    for name, template in texts.items():
        text = template
        if name == _SCRIPT:
            text = _with_tables(text, f"{place}\\startup.wds")
        is_xml = name.endswith(".xml")
        text = text.replace("@FOLDER@", escape(place, {'"': "&quot;"}) if is_xml else place)
        text = text.replace("@VERSION@", f"{__version__}.0").replace("@PYTHON@", python)
        write_whole(folder / name, _windows_lines(text).encode())
    return folder / _SETTINGS


def _refuse_others(folder: Path, texts: dict[str, str]) -> None:
    """Where the manifest is ours, so are the script and the aliases, whatever they begin with; the
    settings may be WinDbg's own by now."""
    names = (_MANIFEST, _SETTINGS) if (folder / _MANIFEST).exists() else _FILES
    for name in names:
        beginning = _windows_lines(_up_to_our_name(texts[name]))
        refuse_foreign_file(folder / name, beginning, "folder")


def _up_to_our_name(text: str) -> str:
    """What no other's begins with; all of a text without the name."""
    before, name, _ = text.partition("regcb")
    return before + name


def _windows_lines(text: str) -> str:
    return text.replace("\n", "\r\n")


def _with_tables(script: str, startup: str) -> str:
    known = {**tables(), "startup": startup}
    empty = "const TABLES = null;"
    assert empty in script
    return script.replace(empty, f"const TABLES = {json.dumps(known)};")
