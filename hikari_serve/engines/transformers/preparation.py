"""From a prompt to what the model reads: token ids, their positions, and patches of pictures."""

from dataclasses import dataclass

import torch
from transformers import Qwen2VLImageProcessorPil, Qwen3VLForConditionalGeneration

from hikari_serve.engines.contract import Generate, Prompt, Score
from hikari_serve.engines.patches import PatchCutter
from hikari_serve.engines.prompt_reader import PromptReader


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
        return PromptRequest(input_ids, self._positions(input_ids, grids), pixels, grids, want)

    def _positions(self, input_ids: torch.Tensor, grids: torch.Tensor | None) -> torch.Tensor:
        row = input_ids[None]
        positions, _ = self._model.model.get_rope_index(
            row, mm_token_type_ids=(row == self._reader.image).int(), image_grid_thw=grids
        )
        return torch.as_tensor(positions[:, 0].T)
