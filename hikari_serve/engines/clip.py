"""The encoder of reference pictures: a CLIP checkpoint, one embedding for each picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from transformers import CLIPImageProcessorPil, CLIPModel

from hikari_serve.engines.checkpoints import load_image_processor, load_model
from hikari_serve.engines.contract import Call, Generate, Prompt, Score
from hikari_serve.engines.devices import open_device
from hikari_serve.engines.torch_engine import TorchEngine
from hikari_serve.errors import InvalidInput


@dataclass(frozen=True, slots=True, eq=False)
class PictureRequest:
    """A picture in tensors, on the CPU.

    Attributes:
        pixels: (channels, height, width), in the model's precision.
        work: Always 1: every picture is scaled to the same size.
    """

    pixels: torch.Tensor
    work: int = 1


class ClipEncoder(TorchEngine):
    """Runs the image side of a CLIP checkpoint.

    A call is finished with a numpy array of shape (dimensions,), float32 and of length 1, so that
    the dot product of two is their cosine similarity.
    """

    def __init__(
        self,
        model: CLIPModel,
        processor: CLIPImageProcessorPil,
        device: torch.device,
        *,
        name: str,
        threads: int | None,
        max_batch: int,
    ) -> None:
        """Starts the engine; `load` makes its parts.

        Args:
            model: The weights.
            processor: Scales and crops pictures.
            device: Where the weights live while the engine is awake.
            name: Of the engine's thread.
            threads: Cores to compute on; None leaves it to torch.
            max_batch: Pictures in a batch.
        """
        super().__init__(
            model, device, name=name, threads=threads, max_batch=max_batch, max_work=max_batch
        )
        self._model = model
        self._processor = processor

    @classmethod
    def load(
        cls, folder: Path, *, device: str, dtype: str, max_batch: int, threads: int | None
    ) -> "ClipEncoder":
        """Loads a checkpoint; blocking.

        Args:
            folder: Its weights and image processor settings.
            device: By torch's name.
            dtype: `float32`, `bfloat16` or `float16`.
            max_batch: Pictures in a batch.
            threads: Cores to compute on; None leaves it to torch.

        Raises:
            ConfigError: The machine lacks the device, or the folder lacks a file.
        """
        place = open_device(device)
        processor = load_image_processor(CLIPImageProcessorPil, folder)
        model = load_model(CLIPModel, folder, place, dtype)
        return cls(model, processor, place, name=folder.name, threads=threads, max_batch=max_batch)

    def prepare(self, prompt: Prompt, want: Score | Generate | None = None) -> PictureRequest:
        """Scales the prompt's one picture; its words and `want` are not looked at.

        Raises:
            InvalidInput: The prompt has no picture, or several.
        """
        if len(prompt.images) != 1:
            raise InvalidInput(f"an encoder takes one picture, not {len(prompt.images)}")
        features = self._processor.preprocess(list(prompt.images), return_tensors="pt")
        return PictureRequest(features["pixel_values"][0].to(self._model.dtype))

    def embed(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Embeds pictures without a queue, as the builder of an index does; blocking.

        Returns:
            Shape (pictures, dimensions), float32, rows of length 1.
        """
        return self._embed([self.prepare(Prompt([], [image])) for image in images])

    def _compute(self, calls: Sequence[Call]) -> None:
        embeddings = self._embed([call.request for call in calls])
        for call, embedding in zip(calls, embeddings, strict=True):
            call.finish(embedding)

    @torch.inference_mode()
    def _embed(self, requests: Sequence[PictureRequest]) -> NDArray[np.float32]:
        pixels = torch.stack([request.pixels for request in requests]).to(self._model.device)
        features = self._model.get_image_features(pixel_values=pixels).pooler_output
        embeddings: NDArray[np.float32] = (
            torch.nn.functional.normalize(features.float(), dim=-1).cpu().numpy()
        )
        return embeddings
