"""The chunks of a PNG file (W3C, third edition), but for its pixels."""

import struct
import zlib
from collections.abc import Iterator

from hikari_serve.errors import UnsupportedImage
from hikari_serve.pictures.containers import (
    COLOURS,
    CUT,
    MAX_PARTS,
    METADATA,
    Contents,
    damaged,
    too_many_parts,
)
from hikari_serve.pictures.containers.profiles import profile_of_codes, profile_of_gamma

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PROFILE = 4_000_000
"""Bytes of an unpacked colour profile: those of cameras and printers have below 3 MB."""

MAX_CHUNKS = 10 * MAX_PARTS
"""Pixels come in chunks of 4 KB and more: 20 MB in 5,000."""

_NEEDED = (b"IHDR", b"PLTE", b"tRNS")
_DEEP = (bytes((16, 0)), bytes((16, 2)))
"""Depth and colour type of grey and of RGB whose transparent colour has 16 bits a channel: Pillow
looks for it among those of 8, or not at all."""
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a pixel by the colour type (11.2.1)."""
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
           (0, 1, 1, 2))  # fmt: skip
"""Of an interlaced picture: the first column and row of each pass, and the steps (8.2)."""
_PIECE = 65_536
"""Bytes that are unpacked at once."""


def read_png(data: bytes) -> Contents:
    """Takes a PNG file apart: what its pixels need, its EXIF and its colours.

    Damage in what no pixel needs is told as a warning.

    Raises:
        TruncatedImage: It is cut in its pixels.
        UnsupportedImage: It has too many chunks, colours beyond what a screen shows, or a
            transparent one in 16 bits.
    """
    found: dict[bytes, bytes] = {}
    pixels: list[bytes] = []
    warnings: list[str] = []
    ended = False
    for kind, body, sound in _chunks(data):
        if kind == b"IEND":
            ended = True
            break
        if kind == b"IDAT":
            if not sound:
                raise damaged("PNG")
            pixels.append(body)
        elif sound:
            found.setdefault(kind, body)
        elif kind in (b"IHDR", b"PLTE"):
            raise damaged("PNG")
        elif METADATA not in warnings:
            warnings.append(METADATA)
    if b"IHDR" not in found or not pixels:
        raise damaged("PNG")
    if b"tRNS" in found and found[b"IHDR"][8:10] in _DEEP:
        raise UnsupportedImage(
            "a PNG file of 16 bits with a transparent colour is not supported; save it with alpha, "
            "or of 8 bits"
        )
    if not ended:
        warnings.append(CUT)
    profile, trouble = _colours(found)
    kept = [(kind, found[kind]) for kind in _NEEDED if kind in found]
    whole = [*kept, (b"IDAT", b"".join(pixels)), (b"IEND", b"")]
    written = b"".join(_chunk(kind, body) for kind, body in whole)
    return Contents(SIGNATURE + written, found.get(b"eXIf"), profile, tuple(warnings + trouble))


def has_every_row(data: bytes) -> bool:
    """Whether the pixels of a file that `read_png` has passed on unpack to as many as it promises.

    The decoder leaves the rows that are missing at 0 without a word.
    """
    found = {kind: body for kind, body, _ in _chunks(data)}
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", found[b"IHDR"])
    bits = depth * _CHANNELS[colour]
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    missing = 0
    for column, row, across, down in passes:
        columns, rows = -((column - width) // across), -((row - height) // down)
        missing += rows * (1 + -(-columns * bits // 8)) if columns > 0 else 0
    unpacker, body = zlib.decompressobj(), memoryview(found[b"IDAT"])
    for at in range(0, len(body), _PIECE):
        packed = body[at : at + _PIECE]
        while missing and (samples := unpacker.decompress(packed, min(missing, _PIECE))):
            missing -= len(samples)
            packed = memoryview(unpacker.unconsumed_tail)
    return not missing


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Kind, body, and whether the checksum is right; ends where the file does."""
    at = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        checksum = data[at + 8 + length : at + 12 + length]
        if len(checksum) < 4:
            if kind == b"IDAT":
                raise damaged("PNG")
            return
        yield kind, body, zlib.crc32(body, zlib.crc32(kind)) == int.from_bytes(checksum)
        at += 12 + length
    raise too_many_parts("PNG", "chunks", MAX_CHUNKS)


def _colours(found: dict[bytes, bytes]) -> tuple[bytes | None, list[str]]:
    """The profile that the pixels are in, None for sRGB; the strongest chunk counts (11.3.2)."""
    if codes := found.get(b"cICP"):
        return profile_of_codes(*codes[:2]) if len(codes) == 4 else (None, [COLOURS])
    if packed := found.get(b"iCCP"):
        try:
            unpacker = zlib.decompressobj()
            profile = unpacker.decompress(packed[packed.index(b"\0") + 2 :], MAX_PROFILE)
            if unpacker.eof:
                return profile, []
        except (ValueError, zlib.error):
            pass
        return None, [COLOURS]
    if b"sRGB" in found or b"gAMA" not in found:
        return None, []
    return profile_of_gamma(found[b"gAMA"], found.get(b"cHRM", b"")), []


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(body, zlib.crc32(kind))
    return len(body).to_bytes(4) + kind + body + checksum.to_bytes(4)
