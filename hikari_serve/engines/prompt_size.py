"""How long prompts are, told without weights: by a checkpoint's tokenizer and image settings."""

from pathlib import Path

from transformers import Qwen2VLImageProcessorPil

from hikari_serve.engines.chat import Chat
from hikari_serve.engines.checkpoints import load_image_processor
from hikari_serve.engines.contract import Prompt
from hikari_serve.engines.patches import PatchCutter


class PromptSize:
    """Measures prompts and texts for one checkpoint."""

    def __init__(self, folder: Path) -> None:
        """Reads the tokenizer and the settings of the image processor.

        Raises:
            ConfigError: A file of them is missing or wrong.
        """
        self._chat = Chat(folder)
        self._cutter = PatchCutter(load_image_processor(Qwen2VLImageProcessorPil, folder))

    def tokens(self, prompt: Prompt) -> int:
        """Tokens of a prompt, image tokens included."""
        patches = self._cutter.cut(prompt.images)
        images = sum(patches.tokens) - len(patches.tokens) if patches else 0
        return len(self._chat.prompt(prompt.messages)) + images

    def beginning(self, text: str, tokens: int) -> str:
        """The text as far as so many tokens go; all of it where they suffice."""
        return self._chat.beginning(text, tokens)
