"""The segments of a JPEG file (ITU-T T.81), but for its pixels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hikari_serve.errors import UnsupportedImage
from hikari_serve.pictures.containers import MAX_PARTS, Contents, damaged, too_many_parts

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
_EXIF_SEGMENT, _EXIF = 0xE1, b"Exif\0\0"

MAX_SCANS = 100
"""Encoders write about 10; 100 is also where libtiff stops (LIBTIFF_JPEG_MAX_ALLOWED_SCAN_NUMBER).
A progressive file of 20 MB has room for 200,000 empty scans, each a pass over all pixels."""


def read_jpeg(data: bytes) -> Contents:
    """Takes a JPEG file apart: what its pixels need, and its EXIF.

    Where the end marker is missing, so it is in what is returned; every scan has begun then, and
    whether the last one is whole, the decoder must say.

    Raises:
        TruncatedImage: It is cut before its pixels, or has too many scans.
        UnsupportedImage: It is of a kind that is not read, or has too many segments.
    """
    whole = memoryview(data)  # of which pixels are copied once, into what is returned
    kept, exif, at = [whole[:2]], None, 2
    scans = _Scans()
    for segment in _segments(data):
        if scans.count:  # before them, what stands between segments is filling
            kept.append(whole[at : segment.begin])
        at = segment.end
        if segment.kind == _END:
            if not scans.count:
                raise damaged("JPEG")
            return Contents(b"".join([*kept, END]), exif)
        _check_frame(segment)
        scans.take(segment)
        if exif is None and segment.kind == _EXIF_SEGMENT and segment.body.startswith(_EXIF):
            exif = segment.body
        if segment.needed:
            kept.append(whole[segment.begin : segment.end])
    if not scans.whole:
        raise damaged("JPEG")
    return Contents(b"".join([*kept, whole[at:]]), exif)


@dataclass(frozen=True, slots=True)
class _Segment:
    """A marker's code, its segment's place in the file, and what it holds."""

    kind: int
    begin: int
    end: int
    body: bytes

    @property
    def needed(self) -> bool:
        """Whether pixels need it; of applications' own, few are, and of comments none."""
        if self.kind in _APPS:
            return self.kind in _NEEDED and self.body.startswith(_NEEDED[self.kind])
        return self.kind != _COMMENT


def _segments(data: bytes) -> Iterator[_Segment]:
    """The segments up to the end marker, or the file's end."""
    at = 2
    for _ in range(MAX_PARTS):
        found = _MARKER.search(data, at)
        if found is None:
            return
        kind, begin, at = found[0][1], found.start(), found.end()
        if kind == _END:
            yield _Segment(kind, begin, at, b"")
            return
        end = at + int.from_bytes(data[at : at + 2])
        if not at + 2 <= end <= len(data):
            raise damaged("JPEG")
        yield _Segment(kind, begin, end, data[at + 2 : end])
        at = end
    raise too_many_parts("JPEG", "segments")


def _check_frame(segment: _Segment) -> None:
    found, kind, body = None, segment.kind, segment.body
    if kind == _JPEG_LS:
        found = "JPEG-LS"
    elif kind in _LOSSLESS:
        found = "lossless JPEG"
    elif kind in _FRAMES and body[:1] != b"\x08":
        found = f"JPEG of {body[0] if body else 0} bits a channel"
    if found:
        raise UnsupportedImage(f"{found} is not supported; send a JPEG of 8 bits a channel")


@dataclass(slots=True)
class _Scans:
    """The scans so far, and for each component the coefficients that none brought to its end."""

    count: int = 0
    missing: dict[int, set[int]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether every coefficient of every component has its last bit (B.2.3)."""
        return self.count > 0 and not any(self.missing.values())

    def take(self, segment: _Segment) -> None:
        """Notes the components of a frame, and what a scan brings of them."""
        body = segment.body
        if segment.kind in _FRAMES:
            self.missing = {component: set(range(64)) for component in body[6::3]}
        if segment.kind != _SCAN:
            return
        self.count += 1
        components = body[0] if body else 0
        if len(body) < 4 + 2 * components or self.count > MAX_SCANS:
            raise damaged("JPEG")
        first, last, approximation = body[1 + 2 * components : 4 + 2 * components]
        if approximation & 15 == 0:
            for component in body[1 : 1 + 2 * components : 2]:
                self.missing.get(component, set()).difference_update(range(first, last + 1))
