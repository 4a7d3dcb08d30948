"""The scans of a JPEG file (ITU-T T.81): whether together they are to bring every pixel.

What their compressed data holds, the decoder must say; what they announce is added up here.
"""

import re
from dataclasses import dataclass, field
from typing import Self

from hikari_serve.pictures.containers import damaged

FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_SCAN, _INTERVAL = 0xDA, 0xDD
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_BLOCK = 8

MAX_SCANS = 100
"""Encoders write about 10; 100 is also where libtiff stops (LIBTIFF_JPEG_MAX_ALLOWED_SCAN_NUMBER).
A progressive file of 20 MB has room for 200,000 empty scans, each a pass over all pixels."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the header of a frame says (B.2.2).

    Attributes:
        progressive: Whether a scan brings a part of the coefficients alone.
        width: In pixels.
        height: In pixels.
        sampling: Samples of each component across and down, for those of the others.
    """

    progressive: bool = False
    width: int = 0
    height: int = 0
    sampling: tuple[tuple[int, int, int], ...] = ()

    @classmethod
    def read(cls, kind: int, body: bytes) -> Self:
        pairs = zip(body[6::3], body[7::3], strict=False)
        sampling = tuple((component, both >> 4, both & 15) for component, both in pairs)
        if not sampling or not all(across and down for _, across, down in sampling):
            raise damaged("JPEG")
        height, width = int.from_bytes(body[1:3]), int.from_bytes(body[3:5])
        return cls(kind in _PROGRESSIVE, width, height, sampling)

    def units(self, components: bytes) -> int:
        """How many units (MCU) a scan of these components has (A.2): of a sole one, its blocks."""
        columns = max(across for _, across, _ in self.sampling)
        rows = max(down for _, _, down in self.sampling)
        for component, across, down in self.sampling:
            if components == bytes([component]):
                width, height = -(-self.width * across // columns), -(-self.height * down // rows)
                return -(-width // _BLOCK) * -(-height // _BLOCK)
        return -(-self.width // (_BLOCK * columns)) * -(-self.height // (_BLOCK * rows))


@dataclass(slots=True)
class Scans:
    """The scans so far, and for each component the coefficients that none brought to its end."""

    count: int = 0
    _missing: dict[int, set[int]] = field(default_factory=dict)
    _frame: _Frame = _Frame()
    _interval: int = 0
    _restarts: int = 0

    @property
    def whole(self) -> bool:
        """Whether every coefficient of every component has its last bit (B.2.3)."""
        return self.count > 0 and not any(self._missing.values())

    def take(self, kind: int, body: bytes) -> None:
        """Notes what a segment says of the scans to come, or of the one that it begins.

        Raises:
            TruncatedImage: It says nothing that can be, or there are too many scans.
        """
        if kind in FRAMES:
            self._frame = _Frame.read(kind, body)
            self._missing = {component: set(range(64)) for component, *_ in self._frame.sampling}
        elif kind == _INTERVAL:
            self._interval = int.from_bytes(body[:2])
        elif kind == _SCAN:
            self._begin(body)

    def _begin(self, body: bytes) -> None:
        self.count += 1
        number = body[0] if body else 0
        if len(body) < 4 + 2 * number or self.count > MAX_SCANS:
            raise damaged("JPEG")
        components = body[1 : 1 + 2 * number : 2]
        first, last, low = 0, 63, 0
        if self._frame.progressive:
            first, last, approximation = body[1 + 2 * number : 4 + 2 * number]
            low = approximation & 15
        if low == 0:
            for component in components:
                self._missing.get(component, set()).difference_update(range(first, last + 1))
        if self._interval and self._frame.sampling:
            self._restarts = (self._frame.units(components) - 1) // self._interval

    def close(self, compressed: memoryview) -> None:
        """Looks at what stands between a scan's header and the next segment.

        A decoder that misses a restart marker leaves the rest grey without a word.

        Raises:
            TruncatedImage: It has fewer restart markers than the scan has units for (E.1.4).
        """
        if self._restarts and len(_RESTART.findall(compressed)) < self._restarts:
            raise damaged("JPEG")
        self._restarts = 0
