"""From a prompt to what vLLM is asked: token ids, pictures, and the pictures' hashes."""

import hashlib
from dataclasses import dataclass

from PIL import Image
from transformers import Qwen2VLImageProcessorPil

from hikari_serve.engines.contract import Generate, Prompt, Score
from hikari_serve.engines.prompt_reader import PromptReader
from hikari_serve.errors import BadImage


@dataclass(frozen=True, slots=True, eq=False)
class VllmRequest:
    """A prompt for vLLM.

    Attributes:
        input_ids: One token for each picture; vLLM repeats it.
        images: The pictures, which vLLM cuts into patches.
        hashes: What vLLM's caches know each picture by: its content, never a client's name.
        work: Tokens of the prompt, image tokens included.
        want: What to do with the prompt.
    """

    input_ids: list[int]
    images: list[Image.Image]
    hashes: list[str]
    work: int
    want: Score | Generate


class Preparation:
    """Prepares prompts for one model; may be used by several threads at once."""

    def __init__(self, reader: PromptReader, processor: Qwen2VLImageProcessorPil) -> None:
        self._reader = reader
        self._processor = processor

    def __call__(self, prompt: Prompt, want: Score | Generate) -> VllmRequest:
        """Tokenises a prompt and hashes its pictures.

        Raises:
            InvalidInput: The prompt is too long, has too many pictures, or not one for each slot.
            BadImage: A picture is too narrow for patches.
        """
        ids = self._reader.read(prompt)
        images = [image.convert("RGB") for image in prompt.images]
        whole = self._reader.expand(ids, [self._tokens(image) for image in images])
        return VllmRequest(
            ids, images, [_content_hash(image) for image in images], len(whole), want
        )

    def _tokens(self, image: Image.Image) -> int:
        """How many tokens the model has for a picture."""
        try:
            patches = self._processor.get_number_of_image_patches(image.height, image.width)
        except ValueError as error:
            raise BadImage(f"the picture cannot be cut into patches: {error}") from error
        return int(patches) // self._processor.merge_size**2


def _content_hash(image: Image.Image) -> str:
    size = f"{image.width}x{image.height}:".encode()
    return hashlib.sha256(size + image.tobytes()).hexdigest()
