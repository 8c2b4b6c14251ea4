"""Whose process it is that asks, as lines."""

from __future__ import annotations

from ..documents.text import printable
from ..kernel.process_identity import ProcessIdentity
from ..kernel.requestor import Requestor
from .notification import requestor_text
from .security import user_text

__all__ = ["identity_text"]


def identity_text(requestor: Requestor, identity: ProcessIdentity) -> str | None:
    """``asked by``, then a line for each thing that is known of its process; None for none."""
    known = {
        "image": identity.image_path and printable(identity.image_path),
        "session": None if identity.session_id is None else str(identity.session_id),
        "user": identity.user and user_text(identity.user),
    }
    lines = [f"  {name:<8} {text}" for name, text in known.items() if text]
    return "\n".join(["", f"asked by {requestor_text(requestor)}:", *lines]) if lines else None
