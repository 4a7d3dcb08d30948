"""From a prompt to token ids, within a model's limits: what every language engine does first."""

from collections.abc import Sequence

from hikari_serve.engines.chat import Chat
from hikari_serve.engines.contract import Prompt, PromptTooLong
from hikari_serve.errors import InvalidInput


class PromptReader:
    """Reads prompts for one model; may be used by several threads at once.

    Attributes:
        image: Id of the token that stands for a patch of a picture.
    """

    def __init__(self, chat: Chat, max_context: int, max_images: int) -> None:
        """Args:
        chat: The checkpoint's words.
        max_context: Tokens of a prompt, image tokens included.
        max_images: Pictures in a prompt.
        """
        self.image = chat.image
        self._chat = chat
        self._max_context = max_context
        self._max_images = max_images

    def read(self, prompt: Prompt) -> list[int]:
        """Token ids of a prompt, one token for each picture.

        Raises:
            PromptTooLong: The prompt has too many pictures.
            InvalidInput: It has not one for each slot.
        """
        pictures = len(prompt.images)
        if pictures > self._max_images:
            raise PromptTooLong(
                f"the prompt has {pictures} pictures; this model takes at most {self._max_images}"
            )
        ids = self._chat.prompt(prompt.messages)
        if (slots := ids.count(self.image)) != pictures:
            raise InvalidInput(f"the prompt has {slots} slots for {pictures} pictures")
        return ids

    def expand(self, ids: Sequence[int], image_tokens: Sequence[int]) -> list[int]:
        """Repeats each picture's one token as often as the model has tokens for the picture.

        Args:
            ids: What `read` returned.
            image_tokens: The number of tokens of each picture.

        Raises:
            PromptTooLong: That makes the prompt longer than the model reads.
        """
        counts = iter(image_tokens)
        whole = [token for i in ids for token in ([i] * next(counts) if i == self.image else [i])]
        if len(whole) > self._max_context:
            raise PromptTooLong(
                f"the prompt has {len(whole)} tokens; this model reads at most {self._max_context}"
            )
        return whole
