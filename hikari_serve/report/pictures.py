"""Pictures inside a document, as data URIs."""

import base64

_TYPES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"RIFF": "image/webp"}


def data_uri(picture: bytes) -> str | None:
    """The picture as a URI that holds it; None for bytes that a browser could not show."""
    for start, kind in _TYPES.items():
        if picture.startswith(start):
            return f"data:{kind};base64,{base64.b64encode(picture).decode()}"
    return None
