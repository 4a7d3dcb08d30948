"""The side of a reference encoder that sees pictures."""

from pathlib import Path
from typing import Any, Literal

import torch
from PIL import Image
from transformers import (
    AutoImageProcessor,
    AutoModel,
    CLIPImageProcessorPil,
    CLIPModel,
    SiglipImageProcessorPil,
    SiglipModel,
)

from hikari_serve.engines.checkpoints import load_image_processor, load_model
from hikari_serve.errors import ConfigError

PictureKind = Literal["clip", "siglip", "remote"]
"""`remote` runs the Python code that comes with a checkpoint."""

_KINDS: dict[str, tuple[Any, Any]] = {
    "clip": (CLIPModel, CLIPImageProcessorPil),
    "siglip": (SiglipModel, SiglipImageProcessorPil),
}


class PictureSide:
    """A checkpoint and its image processor.

    Attributes:
        model: The weights, with their words' side if they have one.
    """

    def __init__(self, model: Any, processor: Any) -> None:
        self.model = model
        self._processor = processor

    @classmethod
    def load(
        cls, kind: PictureKind, folder: Path, device: torch.device, dtype: str, *, remote_code: bool
    ) -> "PictureSide":
        """Loads a checkpoint.

        Args:
            kind: Its architecture.
            folder: Its weights and image processor settings.
            device: Where the weights live.
            dtype: Precision.
            remote_code: Whether Python code that comes with the weights may run.

        Raises:
            ConfigError: The folder lacks a file, holds another architecture, or would run code
                of its own that nobody has allowed.
        """
        if kind != "remote":
            model_kind, processor_kind = _KINDS[kind]
            processor = load_image_processor(processor_kind, folder)
            return cls(load_model(model_kind, folder, device, dtype, pickled=True), processor)
        if not remote_code:
            raise ConfigError(
                f"{folder}: this encoder runs Python code that comes with its weights, with all "
                "the rights of this process; read it, then allow it by `hikari.remote_code: true`"
            )
        try:
            processor = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
                folder, trust_remote_code=True, local_files_only=True
            )
            model = AutoModel.from_pretrained(
                folder, trust_remote_code=True, local_files_only=True, dtype=getattr(torch, dtype)
            )
        except Exception as error:  # whatever the code of the folder raises
            raise ConfigError(f"{folder} cannot be loaded: {error!r}") from error
        return cls(model.eval().to(device), processor)

    def pixels(self, image: Image.Image) -> torch.Tensor:
        """Scales a picture to what the checkpoint sees: (channels, height, width), on the CPU."""
        features = self._processor.preprocess([image], return_tensors="pt")
        pixels: torch.Tensor = features["pixel_values"][0].to(self.model.dtype)
        return pixels

    def embed(self, pixels: torch.Tensor) -> torch.Tensor:
        """Embeds pictures, (n, channels, height, width) to (n, dimensions)."""
        if hasattr(self.model, "get_image_features"):
            found = self.model.get_image_features(pixel_values=pixels)
            pooled: torch.Tensor = getattr(found, "pooler_output", found)
            return pooled
        # a model of pictures alone says most in its first token
        states: torch.Tensor = self.model(pixel_values=pixels).last_hidden_state
        return states[:, 0]
