"""Formats are told by their first bytes: those that are read, and those that are named."""

import pytest

from hikari_serve.errors import UnsupportedImage
from hikari_serve.pictures.formats import recognise
from tests.pictures.files import FILES, encode, picture


@pytest.mark.parametrize("kind", FILES)
def test_what_is_read_is_known(kind: str) -> None:
    assert recognise(FILES[kind]) in kind


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"Dear doctor", "no picture; send a JPEG"),
        (b"The wide field", "no picture; send a JPEG"),
        (b"<!DOCTYPE html><title>404", r"a web page \(HTML\) is not supported"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS is not supported"),
        (b"\xff\xd8", "no picture"),
        (b"\0\0\0\x18ftypcrx \0\0\0\0", r"Canon raw \(CR3\) is not supported"),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp42", r"video \(MP4, QuickTime\) is not supported"),
        (b"\xff\x0a" + bytes(50), "JPEG XL is not supported"),
        (b"\x08\0\x05\0CS\x0a\0ISO_IR 100", "DICOM is not supported"),
        (b"8BPS\0\1", r"Photoshop \(PSD\) is not supported"),
        (b"\0" * 128 + b"DICM" + b"\0" * 50, "DICOM is not supported"),
        (b"%PDF-1.7\n", "PDF is not supported"),
        (encode(picture(), "JPEG2000"), "JPEG 2000 is not supported"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, message: str) -> None:
    with pytest.raises(UnsupportedImage, match=message):
        recognise(data)
