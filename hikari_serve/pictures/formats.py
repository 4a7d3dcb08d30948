"""Which format a file has, by its first bytes: one that is read, or one that is refused by name."""

from hikari_serve.errors import UnsupportedImage

ACCEPTED = "a JPEG, PNG, WebP, BMP, TIFF, GIF, HEIC or AVIF file"

READ: dict[str, tuple[int, tuple[bytes, ...]]] = {
    "JPEG": (0, (b"\xff\xd8\xff",)),
    "PNG": (0, (b"\x89PNG\r\n\x1a\n",)),
    "WebP": (8, (b"WEBP",)),
    "BMP": (0, (b"BM",)),
    "TIFF": (0, (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    "GIF": (0, (b"GIF87a", b"GIF89a")),
}
"""The first bytes of a format: where they stand, and what they may be."""

REFUSED: dict[str, tuple[int, tuple[bytes, ...]]] = {
    "JPEG 2000": (0, (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")),
    "JPEG XL": (0, (b"\xff\x0a", b"\0\0\0\x0cJXL ")),
    "JPEG XR": (0, (b"II\xbc",)),
    "DICOM": (128, (b"DICM",)),
    "PDF": (0, (b"%PDF-",)),
    "PostScript": (0, (b"%!PS", b"\xc5\xd0\xd3\xc6")),
    "Photoshop (PSD)": (0, (b"8BPS",)),
    "GIMP (XCF)": (0, (b"gimp xcf",)),
    "OpenEXR": (0, (b"v/1\x01",)),
    "Radiance HDR": (0, (b"#?RADIANCE", b"#?RGBE")),
    "Windows icon (ICO)": (0, (b"\0\0\1\0",)),
    "QOI": (0, (b"qoif",)),
    "Canon raw (CRW)": (6, (b"HEAPCCDR",)),
    "Fujifilm raw": (0, (b"FUJIFILMCCD-RAW",)),
    "Olympus raw": (0, (b"IIRO", b"IIRS", b"MMOR")),
    "Panasonic raw": (0, (b"IIU\0",)),
    "Sigma raw": (0, (b"FOVb",)),
    "video (Matroska, WebM)": (0, (b"\x1a\x45\xdf\xa3",)),
    "video (AVI)": (8, (b"AVI ",)),
    "video (MPEG)": (0, (b"\0\0\1\xba", b"\0\0\1\xb3")),
    "video (Windows Media)": (0, (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",)),
    "video (Flash)": (0, (b"FLV\1",)),
    "SVG or other XML": (0, (b"<svg", b"<?xml", b"\xef\xbb\xbf<?xml")),
    "a web page (HTML)": (0, (b"<!DOCTYPE", b"<!doctype", b"<html", b"<HTML")),
    "a pointer of Git LFS": (0, (b"version https://git-lfs",)),
    "ZIP archive": (0, (b"PK\x03\x04",)),
    "gzip archive": (0, (b"\x1f\x8b",)),
}
"""Recognised only to say what was sent, in place of "no picture"."""

_BRANDS = {
    "AVIF": {b"avif", b"avis"},
    "HEIF of H.264": {b"avci", b"avcs"},
    "HEIF of H.266": {b"vvic", b"vvis"},
    "HEIF of JPEG 2000": {b"j2ki", b"j2is"},
    "HEIC": {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"},
    "Canon raw (CR3)": {b"crx "},
    "JPEG XL": {b"jxl "},
    "JPEG 2000": {b"jp2 ", b"jpx "},
}
"""Of ISO's base media format (ISO/IEC 14496-12, 23008-12), in the order in which they are looked
for: a file of the brand `mif1` is what else it says it is compatible with."""

_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""Boxes that a QuickTime file from before there were brands begins with."""

# DICOM without its preamble begins with an element of the groups 2 or 8: group, element, then the
# value representation in letters or, implicit and little endian, a length below 2^16.
_DICOM_GROUPS = (b"\x02\0", b"\x08\0")
_DICOM_GROUPS_BIG = (b"\0\x02", b"\0\x08")
_DICOM_KINDS = (b"UL", b"UI", b"CS", b"OB", b"SH", b"LO", b"DA", b"TM", b"DT")


def recognise(data: bytes) -> str:
    """The name of the format.

    Raises:
        UnsupportedImage: It is none that is read; the message names what it is, if that is known.
    """
    if (name := _find(data, READ)) is not None:
        return name
    found = _find(data, REFUSED) or _by_structure(data)
    if found in ("AVIF", "HEIC"):
        return found
    said = f"{found} is not supported" if found else "this is no picture"
    raise UnsupportedImage(f"{said}; send {ACCEPTED}")


def _find(data: bytes, signatures: dict[str, tuple[int, tuple[bytes, ...]]]) -> str | None:
    for name, (offset, magic) in signatures.items():
        if data.startswith(magic, offset):
            return name
    return None


def _by_structure(data: bytes) -> str | None:
    """What files of boxes are, and of elements: they have no first bytes of their own."""
    if data[4:8] == b"ftyp":
        return _by_brands(data)
    if data[:1] <= b"\1" and data[4:8] in _QUICKTIME:
        return "video (QuickTime)"
    return "DICOM" if _is_bare_dicom(data) else None


def _by_brands(data: bytes) -> str:
    """What the brands of a file of boxes say, the major one and the compatible ones."""
    end = min(int.from_bytes(data[:4]), len(data), 4096)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))}
    return next((name for name, own in _BRANDS.items() if own & brands), "video (MP4, QuickTime)")


def _is_bare_dicom(data: bytes) -> bool:
    group, element = data[:2], data[2:4]
    if data[4:6] in _DICOM_KINDS:
        return group in (*_DICOM_GROUPS, *_DICOM_GROUPS_BIG)
    return group in _DICOM_GROUPS and element[1:] == b"\0" and data[6:8] == b"\0\0"
