"""volatility3 in this process, without its command line: it shares no code with ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pykd_ext.target.pdb import Pdb

__all__ = ["Volatility"]

# Types that its plugins ask every kernel for, which the lab's has where regcb needs a field.
_ASKED_FOR = ("_KTHREAD", "_TOKEN")


class Volatility:
    """What it keeps lies in ``folder``; it asks no server."""

    def __init__(self, folder: Path) -> None:
        import volatility3.framework.layers
        import volatility3.symbols
        from volatility3 import framework
        from volatility3.framework import constants

        self._symbols = folder / "symbols"
        (folder / "cache").mkdir(parents=True)
        constants.OFFLINE = True
        constants.CACHE_PATH = str(folder / "cache")
        framework.import_files(volatility3.framework.layers, True)
        volatility3.symbols.__path__.insert(0, str(self._symbols))

    def layer(self, path: str | Path) -> Any:
        """The physical memory in a file, of the kind that it takes the file for."""
        from volatility3.framework import class_subclasses, contexts, interfaces
        from volatility3.framework.automagic.stacker import LayerStacker
        from volatility3.framework.layers.physical import FileLayer

        context = contexts.Context()
        context.config["file.location"] = Path(path).as_uri()
        context.add_layer(FileLayer(context, "file", "FileLayer"))
        stackers = class_subclasses(interfaces.automagic.StackerLayerInterface)
        known = [each for each in stackers if each.__name__ != "WindowsIntelStacker"]
        ordered = sorted(known, key=lambda each: each.stack_order)
        names = LayerStacker.stack_layer(context, "FileLayer", ordered)
        return context.layers[(names or ["FileLayer"])[0]]

    def callbacks(self, path: str | Path, symbols: str | Path) -> list[tuple[str, int]]:
        """What windows.callbacks says of registry callbacks: altitudes and functions (48 bits)."""
        from volatility3.framework import automagic, contexts, plugins
        from volatility3.plugins.windows.callbacks import Callbacks

        self._convert(Path(symbols))
        context = contexts.Context()
        chosen = automagic.choose_automagic(automagic.available(context), Callbacks)
        context.config["automagic.LayerStacker.single_location"] = Path(path).as_uri()
        plugin = plugins.construct_plugin(context, chosen, Callbacks, "plugins", None, None)
        return list(_registry_callbacks(plugin.run()))

    def _convert(self, symbols: Path) -> None:
        from volatility3.framework import contexts
        from volatility3.framework.symbols.windows.pdbconv import PdbReader

        for path in symbols.glob("nt*.pdb"):
            pdb = Pdb(str(path))
            identity = f"{pdb.guid.replace('-', '')}-{pdb.age}"
            pdb.close()
            converted = self._symbols / "windows" / path.name / f"{identity}.json"
            if converted.exists():
                continue
            read = PdbReader(contexts.Context(), path.as_uri(), database_name=path.name).get_json()
            for name in _ASKED_FOR:
                unknown = {"kind": "struct", "size": 8, "fields": {}}
                read["user_types"].setdefault(name, unknown)
            converted.parent.mkdir(parents=True, exist_ok=True)
            converted.write_text(json.dumps(read), encoding="utf-8")


def _registry_callbacks(grid: Any) -> Iterator[tuple[str, int]]:
    found: list[Any] = []
    grid.populate(lambda node, _: found.append(node.values), None)
    for kind, function, _, _, detail in found:
        if kind == "CmRegisterCallbackEx":
            yield str(detail).replace("Altitude: ", ""), int(function)
