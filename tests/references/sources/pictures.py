"""Small picture files of one colour each."""

from pathlib import Path

from PIL import Image


def paint(path: Path, colour: tuple[int, int, int]) -> Path:
    """Writes a picture, and makes the folders that lead to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 20), colour).save(path)
    return path
