"""Where a target lies: a file of this machine, a URL, or a device."""

from __future__ import annotations

import re

__all__ = ["device_of", "file_name", "is_url", "scheme", "shown"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # more than one letter: none of Windows' drives
_LEECHCORE = "leechcore:"

# What a signed URL has in its query: of S3, of Google's storage, of Azure's (SAS), of CloudFront.
_SIGNING = (
    r"(x-amz-|x-goog-).*|(awsaccesskeyid|googleaccessid|expires|signature|policy|key-pair-id"
    r"|s[vspetr]|srt?|ss|spr|sig|sk[oet]id|sk[tesv]|sktid|se)"
)
_SIGNATURES = {"x-amz-signature", "x-goog-signature", "signature", "sig"}


def is_url(path: str) -> bool:
    """Whether ``path`` is ``scheme://...``."""
    return _URL.match(path) is not None


def device_of(path: str) -> str:
    """LeechCore's name of the device that ``leechcore:DEVICE`` means, empty for any other path."""
    return path[len(_LEECHCORE) :] if path.lower().startswith(_LEECHCORE) else ""


def scheme(url: str) -> str:
    """``https``, ``s3``."""
    return url.partition("://")[0].lower()


def shown(path: str) -> str:
    """``path`` as it may be printed: a URL without its user, password and query. What the query
    has beside a signature becomes eight digits, so that two files have two names."""
    if not is_url(path):
        return path
    from urllib.parse import parse_qsl, urlsplit  # noqa: PLC0415 - 2 ms

    try:
        parts = urlsplit(path)
    except ValueError:  # none, whatever it begins with
        return f"{scheme(path)}://..."
    name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    words = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    if _SIGNATURES & {name.lower() for name, _ in words}:
        words = [each for each in words if not re.fullmatch(_SIGNING, each[0], re.IGNORECASE)]
    if not words:
        return name
    from hashlib import sha256  # noqa: PLC0415 - 3 ms, for few

    return f"{name}?{sha256(repr(words).encode()).hexdigest()[:8]}"


def file_name(path: str) -> str:
    """The last part of a path or a URL."""
    if is_url(path):
        from urllib.parse import unquote, urlsplit  # noqa: PLC0415 - 2 ms

        path = unquote(urlsplit(path).path)
    return re.split(r"[\\/]", path)[-1]
