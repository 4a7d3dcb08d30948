"""From a prompt to what SGLang is asked: token ids and the patches of the pictures.

SGLang would read pictures too, but then turns the token ids back into text and that into tokens
again, which need not be the same; and it scales pictures a little differently. Handed what a
processor made, it takes both as they are.
"""

from dataclasses import dataclass
from typing import Any

from transformers import Qwen2VLImageProcessorPil

from hikari_serve.engines.contract import Generate, Prompt, Score
from hikari_serve.engines.patches import PatchCutter, Patches
from hikari_serve.engines.prompt_reader import PromptReader


@dataclass(frozen=True, slots=True, eq=False)
class SglangRequest:
    """A prompt for SGLang.

    Attributes:
        input_ids: Token ids, one for each image token.
        patches: Of all the prompt's pictures; None without pictures.
        want: What to do with the prompt.
    """

    input_ids: list[int]
    patches: Patches | None
    want: Score | Generate

    @property
    def work(self) -> int:
        """Tokens of the prompt, image tokens included."""
        return len(self.input_ids)

    def image_data(self) -> list[dict[str, Any]] | None:
        """The pictures as SGLang takes them from a processor: all of them in one element."""
        if self.patches is None:
            return None
        return [
            {
                "format": "processor_output",
                "pixel_values": self.patches.pixels,
                "image_grid_thw": self.patches.grids,
            }
        ]


class Preparation:
    """Prepares prompts for one model; may be used by several threads at once."""

    def __init__(self, reader: PromptReader, processor: Qwen2VLImageProcessorPil) -> None:
        self._reader = reader
        self._cutter = PatchCutter(processor)

    def __call__(self, prompt: Prompt, want: Score | Generate) -> SglangRequest:
        """Tokenises a prompt and cuts its pictures into patches.

        Raises:
            InvalidInput: The prompt is too long, has too many pictures, or not one for each slot.
            BadImage: A picture is too narrow for patches.
        """
        ids = self._reader.read(prompt)
        patches = self._cutter.cut(prompt.images)
        whole = self._reader.expand(ids, patches.tokens if patches else [])
        return SglangRequest(whole, patches, want)
