"""What an uploaded document is, by its content: a name or a header may say anything."""

from __future__ import annotations

from typing import Final

LARGEST_BYTES: Final = 10 * 1024 * 1024

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_PDF: Final = b"%PDF-"


def media_type_of(content: bytes) -> str | None:
    """`application/pdf`, `image/png` or `image/jpeg`; None for anything else.

    The mark must stand at the very beginning (readers that look for it further in are what polyglot files abuse),
    and the end must be there: a file that was cut off proves nothing.
    """
    if content.startswith(_PNG):
        return "image/png" if b"IEND" in content[-64:] else None
    if content.startswith(_JPEG):
        return "image/jpeg" if content.rstrip(b"\x00").endswith(b"\xff\xd9") else None
    if content.startswith(_PDF):
        return "application/pdf" if b"%%EOF" in content[-1024:] else None
    return None
