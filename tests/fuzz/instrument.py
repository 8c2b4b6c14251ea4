"""The product with its branches counted. Before anything else imports it."""

from __future__ import annotations

import io
import pkgutil
from contextlib import redirect_stderr, suppress
from importlib import import_module

__all__ = ["import_instrumented"]

_ENGINES = ("pykd_session", "ntoseye_session", "__main__")  # need a debugger, or run at once


def import_instrumented() -> None:
    """All of ``pykd_ext``, what is imported late as well."""
    import atheris

    hooked = atheris.instrument_imports(include=["pykd_ext"], enable_loader_override=False)
    with hooked, redirect_stderr(io.StringIO()):  # which names every module
        package = import_module("pykd_ext")
        for each in pkgutil.walk_packages(package.__path__, "pykd_ext."):
            if not each.name.endswith(_ENGINES):
                with suppress(ImportError):
                    import_module(each.name)
