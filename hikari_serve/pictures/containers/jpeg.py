"""The segments of a JPEG file (ITU-T T.81), but for its pixels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hikari_serve.errors import UnsupportedImage
from hikari_serve.pictures.containers import MAX_PARTS, Contents, damaged, too_many_parts
from hikari_serve.pictures.containers.scans import FRAMES, Scans

END = b"\xff\xd9"

# A marker outside of the compressed data, where FF is followed by 00 or a restart marker.
_MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")
_END, _COMMENT = 0xD9, 0xFE
_APPS = range(0xE0, 0xF0)
_LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
_JPEG_LS = 0xF7
# Of the application segments, what decoding needs: JFIF and Adobe say what the channels are.
_NEEDED = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_EXIF_SEGMENT, _EXIF = 0xE1, b"Exif\0\0"


def read_jpeg(data: bytes) -> Contents:
    """Takes a JPEG file apart: what its pixels need, and its EXIF.

    Where the end marker is missing, so it is in what is returned. Every scan has begun, and has
    its restart markers; whether the data behind the last of them is whole, the decoder must say.

    Raises:
        TruncatedImage: It lacks a scan or a restart marker, or has too many scans.
        UnsupportedImage: It is of a kind that is not read, or has too many segments.
    """
    whole = memoryview(data)  # of which pixels are copied once, into what is returned
    kept, exif, at = [whole[:2]], None, 2
    scans = Scans()
    for segment in _segments(data):
        if scans.count:  # before them, what stands between segments is filling
            kept.append(whole[at : segment.begin])
        scans.close(whole[at : segment.begin])
        at = segment.end
        if segment.kind == _END:
            kept.append(whole[segment.begin : at])
            break
        _check_frame(segment)
        scans.take(segment.kind, segment.body)
        if exif is None and segment.kind == _EXIF_SEGMENT and segment.body.startswith(_EXIF):
            exif = segment.body
        if segment.needed:
            kept.append(whole[segment.begin : segment.end])
    else:
        scans.close(whole[at:])
        kept.append(whole[at:])
    if not scans.whole:
        raise damaged("JPEG")
    return Contents(b"".join(kept), exif, scans=scans.count)


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
    elif kind in FRAMES and body[:1] != b"\x08":
        found = f"JPEG of {body[0] if body else 0} bits a channel"
    if found:
        raise UnsupportedImage(f"{found} is not supported; send a JPEG of 8 bits a channel")
