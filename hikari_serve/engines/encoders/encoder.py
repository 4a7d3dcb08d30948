"""The encoder of reference cases: a picture's embedding, and with it that of words about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from hikari_serve.engines.contract import Call, Generate, Prompt, Score
from hikari_serve.engines.devices import open_device
from hikari_serve.engines.encoders.pictures import PictureKind, PictureSide
from hikari_serve.engines.encoders.words import Words, WordSide
from hikari_serve.engines.torch_engine import TorchEngine
from hikari_serve.errors import InvalidInput


class Encoded(NamedTuple):
    """What a call is answered with: float32, each of length 1.

    Attributes:
        image: The picture's embedding, [dim].
        text: That of the words, [text dim]; None without words.
    """

    image: NDArray[np.float32]
    text: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class EncodeRequest:
    """A picture in tensors, on the CPU, and words about it.

    Attributes:
        pixels: (channels, height, width), in the model's precision.
        text: A description, or None.
        work: Always 1: every picture is scaled to the same size.
    """

    pixels: torch.Tensor
    text: str | None = None
    work: int = 1


class ReferenceEncoder(TorchEngine):
    """Runs one checkpoint on pictures and, where it has one, another on words.

    A call is finished with an `Encoded`, whose vectors have length 1, so that the dot product of
    two is their cosine similarity.
    """

    def __init__(
        self,
        pictures: PictureSide,
        words: WordSide | None,
        device: torch.device,
        *,
        name: str,
        threads: int | None,
        max_batch: int,
    ) -> None:
        """Starts the engine; `load` makes its parts.

        Args:
            pictures: What sees the pictures.
            words: What reads the words, if anything does.
            device: Where the weights live while the engine is awake.
            name: Of the engine's thread.
            threads: Cores to compute on; None leaves it to torch.
            max_batch: Pictures in a batch.
        """
        models = [side.model for side in (pictures, words) if side is not None]
        super().__init__(
            torch.nn.ModuleList(models),
            device,
            name=name,
            threads=threads,
            max_batch=max_batch,
            max_work=max_batch,
        )
        self._pictures = pictures
        self._words = words

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        kind: PictureKind = "clip",
        words: Words | None = None,
        device: str,
        dtype: str,
        max_batch: int,
        threads: int | None,
        remote_code: bool = False,
    ) -> "ReferenceEncoder":
        """Loads the checkpoints; blocking.

        Args:
            folder: Weights and image processor settings of what sees the pictures.
            kind: Its architecture.
            words: What reads words, if anything does.
            device: By torch's name.
            dtype: `float32`, `bfloat16` or `float16`.
            max_batch: Pictures in a batch.
            threads: Cores to compute on; None leaves it to torch.
            remote_code: Whether Python code that comes with the weights may run.

        Raises:
            ConfigError: The machine lacks the device, a folder lacks a file or holds another
                architecture, or code would run that nobody has allowed.
        """
        place = open_device(device)
        pictures = PictureSide.load(kind, folder, place, dtype, remote_code=remote_code)
        side = WordSide.load(words, place, dtype, pictures.model) if words else None
        return cls(pictures, side, place, name=folder.name, threads=threads, max_batch=max_batch)

    def prepare(self, prompt: Prompt, want: Score | Generate | None = None) -> EncodeRequest:
        """Scales the prompt's one picture; its words and `want` are not looked at.

        Raises:
            InvalidInput: The prompt has no picture, or several.
        """
        if len(prompt.images) != 1:
            raise InvalidInput(f"an encoder takes one picture, not {len(prompt.images)}")
        return self.prepare_query(prompt.images[0])

    def prepare_query(self, image: Image.Image, text: str | None = None) -> EncodeRequest:
        """Scales a picture, and takes a description of it along.

        Raises:
            InvalidInput: There is a description, and nothing that reads words.
        """
        if text is not None and self._words is None:
            raise InvalidInput("this reference model compares pictures only, no descriptions")
        return EncodeRequest(self._pictures.pixels(image), text)

    def embed(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Embeds pictures without a queue, as the builder of an index does; blocking.

        Returns:
            Shape (pictures, dimensions), float32, rows of length 1.
        """
        return self._embed([self._pictures.pixels(image) for image in images])

    def embed_texts(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Embeds words of cases (or of queries) without a queue; blocking.

        Returns:
            Shape (texts, dimensions), float32, rows of length 1.

        Raises:
            InvalidInput: Nothing reads words.
        """
        if self._words is None:
            raise InvalidInput("this reference model compares pictures only, no words")
        with torch.inference_mode():
            return _unit(self._words.embed(texts, query=query))

    def _compute(self, calls: Sequence[Call]) -> None:
        requests: list[EncodeRequest] = [call.request for call in calls]
        images = self._embed([request.pixels for request in requests])
        described = [row for row, request in enumerate(requests) if request.text is not None]
        texts = [str(requests[row].text) for row in described]
        words: dict[int, NDArray[np.float32]] = {}
        if texts:
            words = dict(zip(described, self.embed_texts(texts, query=True), strict=True))
        for row, call in enumerate(calls):
            call.finish(Encoded(images[row], words.get(row)))

    @torch.inference_mode()
    def _embed(self, pixels: Sequence[torch.Tensor]) -> NDArray[np.float32]:
        batch = torch.stack(list(pixels)).to(self._pictures.model.device)
        return _unit(self._pictures.embed(batch))


def _unit(vectors: torch.Tensor) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = torch.nn.functional.normalize(vectors.float(), dim=-1).cpu().numpy()
    return unit
