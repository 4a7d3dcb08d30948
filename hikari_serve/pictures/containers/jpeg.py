"""The segments of a JPEG file (ITU-T T.81), but for its pixels."""

import re

from hikari_serve.errors import TruncatedImage, UnsupportedImage
from hikari_serve.pictures.containers import MAX_PARTS, Contents, too_many_parts

DAMAGED = "the JPEG file is truncated or damaged; send the whole, intact file"
END = b"\xff\xd9"

# A marker outside of the compressed data, where FF is followed by 00 or a restart marker.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")
_SCAN, _END, _COMMENT = 0xDA, 0xD9, 0xFE
_APPS = range(0xE0, 0xF0)
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
_JPEG_LS = 0xF7
# Of the application segments, what decoding needs: JFIF and Adobe say what the channels are.
_NEEDED = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_EXIF = b"Exif\0\0"

MAX_SCANS = 100
"""Encoders write about 10; 100 is also where libtiff stops (LIBTIFF_JPEG_MAX_ALLOWED_SCAN_NUMBER).
A progressive file of 20 MB has room for 200,000 empty scans, each a pass over all pixels."""


def read_jpeg(data: bytes) -> Contents:
    """Takes a JPEG file apart: what its pixels need, and its EXIF.

    Where the end marker is missing, so it is in what is returned; every scan has begun then, and
    whether the last one is whole, the decoder must say.

    Raises:
        TruncatedImage: It is cut before its pixels, filled up, or has too many scans.
        UnsupportedImage: It is of a kind that is not read, or has too many segments.
    """
    kept, exif, scans = [data[:2]], None, 0
    missing: dict[int, set[int]] = {}
    at = start = 2
    for _ in range(MAX_PARTS):
        found = _MARKER.search(data, at)
        if found is None:
            if not scans or any(missing.values()):
                raise TruncatedImage(DAMAGED)
            return Contents(b"".join([*kept, data[start:]]), exif)
        kind, begin = found[0][1], found.start()
        if kind == _END:
            if not 0 < scans <= MAX_SCANS:
                raise TruncatedImage(DAMAGED)
            return Contents(b"".join([*kept, data[start:begin], END]), exif)
        length = int.from_bytes(data[found.end() : found.end() + 2])
        body = data[found.end() + 2 : found.end() + length]
        if length < 2 or len(body) < length - 2:
            raise TruncatedImage(DAMAGED)
        in_pixels = scans > 0  # before them, what stands between segments is filling
        _check_frame(kind, body)
        if kind in _FRAMES:
            missing = {each: set(range(64)) for each in body[6::3]}
        if kind == _SCAN:
            scans += 1
            _scan(body, missing)
        at = found.end() + length
        if exif is None and kind == 0xE1 and body.startswith(_EXIF):
            exif = body
        dropped = kind in _APPS and not body.startswith(_NEEDED.get(kind, body + b"."))
        if in_pixels:
            kept.append(data[start:begin])
        if not (dropped or kind == _COMMENT):
            kept.append(data[begin:at])
        start = at
    raise too_many_parts("JPEG", "segments")


def _check_frame(kind: int, body: bytes) -> None:
    found = None
    if kind == _JPEG_LS:
        found = "JPEG-LS"
    elif kind in _LOSSLESS:
        found = "lossless JPEG"
    elif kind in _FRAMES and body[:1] != b"\x08":
        found = f"JPEG of {body[0] if body else 0} bits a channel"
    if found:
        raise UnsupportedImage(f"{found} is not supported; send a JPEG of 8 bits a channel")


def _scan(body: bytes, missing: dict[int, set[int]]) -> None:
    """Takes the coefficients out that a scan brings to their last bit (B.2.3)."""
    count = body[0] if body else 0
    if len(body) < 4 + 2 * count:
        raise TruncatedImage(DAMAGED)
    first, last, approximation = body[1 + 2 * count : 4 + 2 * count]
    if approximation & 15 == 0:
        for component in body[1 : 1 + 2 * count : 2]:
            missing.get(component, set()).difference_update(range(first, last + 1))
