"""The command line, a file a command. Each command's module has:

``add_arguments(parser)``
    its options, beside the common ones;
``run(target, arguments, output) -> int``
    which joins a question with a presenter and returns the exit status;
``NEEDS_TARGET = False``
    when it looks at none, and is run with None for it.
"""

from __future__ import annotations

__all__ = ["COMMANDS"]

COMMANDS = {
    "list": "the table of registry callbacks",
    "show": "everything about one callback",
    "decode": "what a callback is told, at the stop or at an address",
    "altitude": "to whom Microsoft has allocated an altitude",
    "check": "what is wrong with the callbacks",
    "verify": "let the kernel's own code prove the layout (needs regcb[verify])",
    "scan": "many dumps, one line each",
    "report": "one HTML page to attach to a case",
    "diff": "what has changed since a saved list --json",
    "key": "one registry key: its path, state, creator and what callbacks remember of it",
    "classes": "what a callback can be told, and the structures",
    "trace": "follow registry operations through all their callbacks (live)",
    "who-blocks": "wait for a key's next refusal and name who refused it (live)",
    "guard": "decide registry operations by a policy, at an existing callback (live)",
    "watch": "report callbacks as they are registered and removed (live)",
}
