"""The directories of a TIFF file (revision 6.0, and BigTIFF): which page is the picture."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from hikari_serve.errors import UnsupportedImage
from hikari_serve.pictures.containers import damaged, too_many_parts

_SUBFILE, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 258, 259, 262
_STRIPS, _SAMPLES, _PLANAR, _TILES, _SUB_PAGES, _DNG = 273, 277, 284, 324, 330, 50706
_FORMAT = 339
_REDUCED, _MASK = 1, 4
_UNCOMPRESSED, _SEPARATE = 1, 2
_WHITE_IS_ZERO, _MOSAIC = 0, 32803
_UNSIGNED, _LAB = 1, (8, 9, 10)
_DEPTHS = {1, 2, 4, 8, 16}
_FORMATS = {2: "signed", 3: "floating-point", 4: "undefined", 5: "complex", 6: "complex"}

_COMPRESSIONS = {1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34925, 50000}
"""None, fax, LZW, JPEG, deflate, PackBits, LZMA and zstd: what Pillow's libtiff reads rightly. It
knows others too: 32771, which comes out wrong, and 50001 (WebP), which it was built without."""

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
          16: 8, 17: 8, 18: 8}  # fmt: skip
"""Bytes of one value by the type of its field."""
_WORDS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}

MAX_PAGES, MAX_FIELDS, MAX_PIECES = 64, 500, 20_000
"""Pages that are looked through, fields of one, and pieces (strips, tiles) of its pixels, each of
which costs Pillow 30 µs where they are not compressed."""


class Fields(dict[int, list[int]]):
    """The values of the fields of a page by their tags.

    Attributes:
        places: Where in the file they stand.
    """

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[int, int] = {}


def unknown_layout() -> UnsupportedImage:
    """The refusal of a file whose fields can be read, and whose samples Pillow has no mode for."""
    return UnsupportedImage(
        "the TIFF file is damaged, or its channels are laid out in a way that is not supported; "
        "save it anew in RGB, or as PNG"
    )


@dataclass(frozen=True, slots=True)
class Page:
    """The page that is the picture.

    Attributes:
        number: From 0, in the order of the file.
        data: The file, as Pillow reads it rightly.
        inverted: Whether the samples that it reads are stored with white as 0.
    """

    number: int
    data: bytes
    inverted: bool = False


def find_page(data: bytes) -> Page:
    """The first page at full resolution.

    Raises:
        TruncatedImage: A directory leads out of the file.
        UnsupportedImage: It is a camera's raw file, has previews alone, is laid out as Pillow
            reads it wrongly, or in too many parts.
    """
    try:
        for number, fields in enumerate(_pages(data)):
            kind = fields.get(_SUBFILE, [0])[0]
            raw = _DNG in fields or fields.get(_PHOTOMETRIC) == [_MOSAIC] or _is_cr2(data)
            if raw or (_SUB_PAGES in fields and kind & _REDUCED):
                raise UnsupportedImage(
                    "a camera's raw file is not supported; send the JPEG or HEIC that the camera "
                    "makes of it"
                )
            if not kind & (_REDUCED | _MASK):
                _check_layout(fields)
                return _page(number, data, fields)
    except (struct.error, IndexError) as error:
        raise damaged("TIFF") from error
    raise UnsupportedImage(
        "the TIFF file holds previews of reduced resolution alone; send the picture itself"
    )


def _is_cr2(data: bytes) -> bool:
    """Whether it is Canon's: its first page is a preview, and does not say so."""
    return data[8:10] == b"CR"


def _page(number: int, data: bytes, fields: Fields) -> Page:
    """Of 16-bit samples with white as 0 Pillow knows some, and reads those as their negative."""
    if fields.get(_PHOTOMETRIC) != [_WHITE_IS_ZERO] or fields.get(_BITS) != [16]:
        return Page(number, data)
    at = fields.places[_PHOTOMETRIC]
    black_is_zero = (1).to_bytes(2, "little" if data[:2] == b"II" else "big")
    return Page(number, data[:at] + black_is_zero + data[at + 2 :], inverted=True)


def _check_layout(fields: Fields) -> None:
    """Refuses what would be read as something else, or for long, or for damaged."""
    if (samples := _unread_samples(fields)) is not None:
        raise UnsupportedImage(
            f"a TIFF file of {samples} is not supported; send unsigned samples of 8 or 16 bits, RGB"
        )
    compression = fields.get(_COMPRESSION, [_UNCOMPRESSED])[0]
    if compression not in _COMPRESSIONS:
        raise UnsupportedImage(
            f"a TIFF file with compression {compression} is not supported; save it with LZW or "
            "without, or as PNG"
        )
    deep = max(fields.get(_BITS, [1])) > 8
    separate = fields.get(_PLANAR) == [_SEPARATE] and fields.get(_SAMPLES, [1])[0] > 1
    if deep and separate:
        raise UnsupportedImage(
            "a TIFF file of 16 bits with a plane for each colour is not supported; save it with "
            "interleaved colours, or as PNG"
        )
    pieces = max(len(fields.get(_STRIPS, [])), len(fields.get(_TILES, [])))
    if pieces > MAX_PIECES and fields.get(_COMPRESSION, [1]) == [_UNCOMPRESSED]:
        raise too_many_parts("TIFF", "strips or tiles", MAX_PIECES)


def _unread_samples(fields: Fields) -> str | None:
    """What its samples are, if they are none that can be read."""
    kind = max(fields.get(_FORMAT, [_UNSIGNED]))
    if kind > _UNSIGNED:
        return f"{_FORMATS.get(kind, 'undefined')} samples"
    if fields.get(_PHOTOMETRIC, [0])[0] in _LAB:
        return "LAB colours"
    odd = set(fields.get(_BITS, [1])) - _DEPTHS
    return f"samples of {max(odd)} bits" if odd else None


def _pages(data: bytes) -> Iterator[Fields]:
    """The fields of each page that are whole numbers."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    word, count, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    (at,) = struct.unpack_from(order + word, data, 8 if big else 4)
    seen: set[int] = set()
    while at and at not in seen and len(seen) < MAX_PAGES:
        seen.add(at)
        (number,) = struct.unpack_from(order + count, data, at)
        if number > MAX_FIELDS:
            raise too_many_parts("TIFF", "fields in a page", MAX_FIELDS)
        start = at + struct.calcsize(count)
        yield _fields(data, order, word, start, number, entry)
        (at,) = struct.unpack_from(order + word, data, start + number * entry)


def _fields(data: bytes, order: str, word: str, start: int, number: int, entry: int) -> Fields:
    """Raises `TruncatedImage` where the values of the fields together are more than the file."""
    room, fields = len(data), Fields()
    for at in range(start, start + number * entry, entry):
        tag, kind, count = struct.unpack_from(order + "HH" + word, data, at)
        size = _SIZES.get(kind, 1) * count
        room -= size
        if room < 0:
            raise damaged("TIFF")
        place = at + struct.calcsize(order + "HH" + word)
        if size > struct.calcsize(word):
            (place,) = struct.unpack_from(order + word, data, place)
        if count and kind in _WORDS:
            values = struct.unpack_from(f"{order}{count}{_WORDS[kind]}", data, place)
            fields.setdefault(tag, list(values))
            fields.places.setdefault(tag, place)
    return fields
