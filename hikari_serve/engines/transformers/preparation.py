"""From a prompt to what the model reads: token ids, their positions, and patches of pictures."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from transformers import Qwen2VLImageProcessorPil, Qwen3VLForConditionalGeneration

from hikari_serve.engines.contract import Generate, Prompt, Score
from hikari_serve.engines.patches import PatchCutter
from hikari_serve.engines.prompt_reader import PromptReader

SHAPES = 256
"""Shapes of prompts whose positions are kept: 24 bytes a token, 12 MB if all have 2,000."""


@dataclass(frozen=True, slots=True, eq=False)
class PromptRequest:
    """A prompt in tensors, on the CPU.

    Attributes:
        input_ids: (tokens,), one for each image token.
        positions: (tokens, 3): where each token stands in time, height and width. They are
            computed here rather than by the model, which would keep them between calls.
        pixels: (patches of all pictures, values), in the model's precision; None without pictures.
        grids: (pictures, 3): each picture's patches in time, height and width.
        want: What to do with the prompt.
    """

    input_ids: torch.Tensor
    positions: torch.Tensor
    pixels: torch.Tensor | None
    grids: torch.Tensor | None
    want: Score | Generate

    @property
    def work(self) -> int:
        """Tokens of the prompt, image tokens included."""
        return len(self.input_ids)


class Preparation:
    """Prepares prompts for one model; may be used by several threads at once."""

    def __init__(
        self,
        reader: PromptReader,
        processor: Qwen2VLImageProcessorPil,
        model: Qwen3VLForConditionalGeneration,
    ) -> None:
        self._reader = reader
        self._cutter = PatchCutter(processor)
        self._model = model
        self._dtype = model.dtype
        self._positions = lru_cache(SHAPES)(self._find_positions)

    def __call__(self, prompt: Prompt, want: Score | Generate) -> PromptRequest:
        """Tokenises a prompt and cuts its pictures into patches.

        Raises:
            InvalidInput: The prompt is too long, has too many pictures, or not one for each slot.
            BadImage: A picture is too narrow for patches.
        """
        ids = self._reader.read(prompt)
        patches = self._cutter.cut(prompt.images)
        input_ids = torch.tensor(self._reader.expand(ids, patches.tokens if patches else []))
        pixels = patches.pixels.to(self._dtype) if patches else None
        grids = patches.grids if patches else None
        shape = tuple(map(tuple, grids.tolist())) if grids is not None else ()
        # Where tokens stand depends on which of them are pictures', and on nothing else of theirs.
        positions = self._positions((input_ids == self._reader.image).numpy().tobytes(), shape)
        return PromptRequest(input_ids, positions, pixels, grids, want)

    def _find_positions(self, pictured: bytes, grids: tuple[tuple[int, ...], ...]) -> torch.Tensor:
        """Where each token stands, by the model's own rule.

        Args:
            pictured: For each token, whether it is a picture's.
            grids: Each picture's patches in time, height and width.

        Returns:
            (tokens, 3); shared by all who ask for the same.
        """
        kinds = torch.frombuffer(bytearray(pictured), dtype=torch.uint8).int()[None]
        positions, _ = self._model.model.get_rope_index(
            kinds.long(),
            mm_token_type_ids=kinds,
            image_grid_thw=torch.tensor(grids) if grids else None,
        )
        return torch.as_tensor(positions[:, 0].T)
