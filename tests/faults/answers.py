"""What a command answers, and what is wrong with an answer of a target that failed."""

from __future__ import annotations

import io
import json
import re
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, Callable, NamedTuple

from jsonschema import ValidationError

from pykd_ext.command_line.main import main
from tests.support.schemas import validate

__all__ = ["Answer", "answer_of", "complaints"]


class Answer(NamedTuple):
    """``crash`` is the traceback of what no command may raise, ``lines`` what it has written to
    the file of ``--jsonl``."""

    status: int
    output: str
    errors: str
    crash: str = ""
    lines: str = ""


def answer_of(words: Sequence[str]) -> Answer:
    """Runs the command line in this process."""
    output, errors = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(output), redirect_stderr(errors):
            status = main(words)
    except BaseException:
        return Answer(-1, output.getvalue(), errors.getvalue(), traceback.format_exc())
    return Answer(status, output.getvalue(), errors.getvalue())


def complaints(sound: Answer, answer: Answer) -> Iterator[str]:
    """What is wrong with ``answer``, where ``sound`` is that of the same target without a fault."""
    if answer.crash:
        yield answer.crash
        return
    if answer.status not in (0, 1, 2):
        yield f"exit status {answer.status}"
    if answer.status == 2 and (answer.errors or not answer.output):
        yield from _refusal(answer)
        return
    if sound.lines:
        yield from _in_lines(sound, answer)
        return
    if answer.errors:
        yield f"said beside an answer: {answer.errors}"
    if not answer.output.startswith("{"):
        yield from _in_text(sound, answer)
        return
    document = json.loads(answer.output)
    try:
        validate(document)
    except ValidationError as error:
        yield f"not of its schema: {error.message}"
    yield from _in_document(json.loads(sound.output), document)


def _in_lines(sound: Answer, answer: Answer) -> Iterator[str]:
    """Documents, a line each; what there are none of can be said beside them."""
    documents = [list(map(json.loads, each.lines.splitlines())) for each in (sound, answer)]
    for document in documents[1]:
        try:
            validate(document)
        except ValidationError as error:
            yield f"not of its schema: {error.message}"
    said = [{"problems": each.output.splitlines()} for each in (sound, answer)]
    before, after = ({"lines": each, "said": also} for each, also in zip(documents, said))
    yield from _in_document(before, after)


def _refusal(answer: Answer) -> Iterator[str]:
    line = answer.errors
    if not line.startswith("regcb: ") or line.count("\n") != 1:
        yield f"no single line: {line!r}"


_MARKS = (
    "!", "?", "cannot be read", "not mapped", "unreadable", " but: ", "no code here", "not known",
    "not seen", "unknown", "could not be read", "cannot be told apart",
)  # fmt: skip
_NAME = re.compile(r"(\w+)!\w+(\+0x[0-9a-f]+)?|(\w+)\+0x[0-9a-f]+")


# No line says of a field that no table has that it is not known without the kernel's types.
_ONLY_SYMBOLS_TELL = ("create_time",)


def _without_names(text: str) -> str:
    """``module!name`` and ``module+0x1020`` as ``module``: a name that is not known marks itself.
    Of a jump's destination there is the address alone then, and columns are as wide as names."""
    text = re.sub(r"  ; .*|<dt>functions named by symbols.*", "", text)
    text = _NAME.sub(lambda found: found[1] or found[3], text)
    return re.sub(r"  +|--+", " ", text).casefold()  # a path of name blocks has lost its case


def _in_text(sound: Answer, answer: Answer) -> Iterator[str]:
    before, after = (Counter(_without_names(each.output).splitlines()) for each in (sound, answer))
    if before == after:
        return
    new = after - before
    lost = [line for line in before - after if not line.startswith("! ")]
    if (new or lost) and not any(mark in line for line in new for mark in _MARKS):
        yield f"another answer, and nothing marked: {lost} became {list(new)}"


def _in_document(sound: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    lost = list(_lost(sound, document, ()))
    if lost and not _said(document) - _said(sound):
        yield f"another answer, and no problem says so: {'; '.join(lost)}"


# Of a finding, of a word on a stack, and of an operation whose end was not seen.
_DOUBTS: dict[str, Callable[[Any], bool]] = {
    "doubt": lambda doubt: doubt is not None,
    "follows_call": lambda follows: follows is None,
    "is_over": lambda is_over: not is_over,
}


def _is_doubt(document: dict[str, Any], name: str) -> bool:
    return name in document and _DOUBTS[name](document[name])


def _said(document: Any) -> Counter[str]:
    """Every sentence of every ``problems``, the doubts of findings, and where ``verify`` halted."""
    if isinstance(document, list):
        return sum(map(_said, document), Counter())
    if not isinstance(document, dict):
        return Counter()
    said = Counter(
        json.dumps(each) for name in ("problems", "halted") for each in document.get(name, ())
    )
    said += Counter(json.dumps(document[name]) for name in _DOUBTS if _is_doubt(document, name))
    return sum(map(_said, document.values()), said)


def _lost(sound: Any, found: Any, path: tuple[str, ...]) -> Iterator[str]:
    """Where the two documents differ, beside their problems."""
    if isinstance(sound, dict) and isinstance(found, dict):
        for name in [*sound, *(each for each in found if each not in sound)]:
            if name not in ("problems", *_ONLY_SYMBOLS_TELL, "time"):
                yield from _lost(sound.get(name), found.get(name), (*path, name))
    elif isinstance(sound, list) and isinstance(found, list) and len(sound) == len(found):
        for index, (one, other) in enumerate(zip(sound, found)):
            yield from _lost(one, other, (*path, str(index)))
    elif sound != found and not _lost_its_name(sound, found, path):
        yield f"{'.'.join(path)}: {_short(sound)} became {_short(found)}"


def _lost_its_name(sound: Any, found: Any, path: tuple[str, ...]) -> bool:
    if not isinstance(sound, str):
        return False
    if "path" in path and isinstance(found, str):
        return found == sound.upper()  # of name blocks, which have lost the case
    if "!" not in sound:
        return False
    if "instructions" in path and found is None:
        return True  # the destination of a jump is in its text
    return isinstance(found, str) and _without_names(found) == _without_names(sound)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 300 else f"{text[:300]}... ({len(value)})"
