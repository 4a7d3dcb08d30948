"""Writes docs/report.png: the report of a drawn lesion, answered by the demo cascade."""

import asyncio
import tempfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize

from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.drawing.cases import draw_cases
from hikari_serve.inline import open_cascade
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.pictures.shown import upright
from hikari_serve.presentation.answer import Answer
from hikari_serve.presentation.present import present
from hikari_serve.report import Report, render
from hikari_serve.settings import Settings
from tests.browser.chromium import chromium

OUT = Path(__file__).parents[2] / "docs" / "report.png"
SEED, ROW = 7, 3
"""The lesion that the README's commands draw as lesions/00003.png."""
SIZE: ViewportSize = {"width": 900, "height": 1185}


async def answered(picture: bytes) -> Answer:
    """The demo cascade's answer, computed in this process."""
    async with open_cascade(Settings()) as cascade:
        return present(await cascade.run(CascadeRequest(id="lesion", image=picture)))


def main() -> None:
    """Draws, asks, renders, and takes the picture."""
    drawn = BytesIO()
    [*_, case] = draw_cases(ROW + 1, SEED)
    case.image.save(drawn, "PNG")
    answer = asyncio.run(answered(drawn.getvalue()))
    picture = upright(drawn.getvalue(), PictureLimits())
    text = render(Report(answer, picture, datetime.now(UTC), f"{ROW:05}.png"), "html")
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        file = Path(folder, "report.html")
        file.write_text(text, encoding="utf-8")
        page = browser.new_page(viewport=SIZE)
        page.goto(file.as_uri())
        taken = Image.open(BytesIO(page.screenshot())).convert("RGB")
    taken.quantize(256, dither=Image.Dither.NONE).save(OUT, optimize=True)
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
