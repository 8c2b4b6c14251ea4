"""Whose process it is that asks, as lines."""

from __future__ import annotations

from ..documents.text import printable
from ..kernel.process_identity import ProcessIdentity
from ..kernel.requestor import Requestor
from .notification import requestor_text
from .security import user_text

__all__ = ["identity_text"]


def identity_text(requestor: Requestor, identity: ProcessIdentity) -> str:
    """``asked by``, then a line for each thing about its process, ``?`` where it is not known."""
    known = {
        "image": identity.image_path and printable(identity.image_path),
        "session": None if identity.session_id is None else str(identity.session_id),
        "user": identity.user and user_text(identity.user),
    }
    lines = [f"  {name:<8} {text or '?'}" for name, text in known.items()]
    who = f"asked by {requestor_text(requestor)}:"
    if not any(known.values()):
        return f"\n{who} {', '.join(known)} are not known"
    return "\n".join(["", who, *lines])
