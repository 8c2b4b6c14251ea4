"""``--python FILE``: a function of the user's that is asked about each operation.

FILE defines ``on_operation(operation)``. What it gets is a line of ``--jsonl`` as a dictionary
(``regcb.operation/1``); where it says True, the command ends.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Callable

from ..documents.text import printable
from ..target.errors import RegcbError

__all__ = ["NAME", "OnOperation", "UserFunctionError", "add_python", "user_function"]

NAME = "on_operation"
_MODULE = "regcb_python"

OnOperation = Callable[[Mapping[str, object]], bool]


class UserFunctionError(RegcbError):
    """The user's file cannot be used, or its function has failed: where, and how."""


def add_python(parser: argparse.ArgumentParser) -> None:
    """``--python``."""
    parser.add_argument(
        "--python",
        metavar="FILE",
        help=f"calls FILE's {NAME}(operation), a regcb.operation/1, for each; True ends it",
    )


def user_function(path: str | None, otherwise: bool = False) -> OnOperation:
    """FILE's function; without a file one that says ``otherwise``.

    Raises UserFunctionError, and so does what comes back.
    """
    if path is None:
        return lambda _: otherwise
    try:
        source = Path(path).read_bytes()
    except OSError as error:
        raise UserFunctionError(f"{path} cannot be read: {error.strerror}") from None
    try:
        code = compile(source, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        line = f":{error.lineno}" if error.lineno else ""
        raise UserFunctionError(f"{path}{line}: {printable(error.msg)}") from None
    except (ValueError, RecursionError) as error:
        raise UserFunctionError(f"{path}: {error}") from None
    module = ModuleType(_MODULE)
    module.__file__ = path
    sys.modules[_MODULE] = module  # where dataclasses look for it
    _run(path, exec, code, module.__dict__)
    function = getattr(module, NAME, None)
    if not callable(function):
        raise UserFunctionError(f"{path} has no function {NAME}(operation)")
    return lambda operation: bool(_run(path, function, operation))


def _run(path: str, function: Callable[..., Any], *arguments: object) -> Any:
    """KeyboardInterrupt goes through: it is the user's Ctrl+C, not the file's."""
    try:
        return function(*arguments)
    except (Exception, SystemExit) as error:
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserFunctionError(f"{path}{_line_of(path, error)}: {printable(what)}") from None


def _line_of(path: str, error: BaseException) -> str:
    """``:12``, the innermost line of the file that led to ``error``."""
    line, frame = "", error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == path:
            line = f":{frame.tb_lineno}"
        frame = frame.tb_next
    return line
