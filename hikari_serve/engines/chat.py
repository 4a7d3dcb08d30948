"""The words of a checkpoint: its tokenizer, its chat template, and the tokens with a meaning.

A prompt of a thinking checkpoint ends in an open think block (`OPENING`); what the model answers
begins behind `CLOSING`, whether it thought before that or the block is closed for it.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import TemplateError
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from hikari_serve.engines.checkpoints import load_tokenizer
from hikari_serve.errors import ConfigError
from hikari_serve.labels.trie import AnswerTrie
from hikari_serve.prompts.layout import Message

MAX_THINKING = 1024
"""Tokens that natural thinking may take."""

OPENING = "<think>\n"
CLOSING = "</think>\n\n"
END = "<|im_end|>"
END_OF_TEXT = "<|endoftext|>"
IMAGE = "<|image_pad|>"
REQUIRED = (
    "<|im_start|>",
    END,
    END_OF_TEXT,
    "<|vision_start|>",
    IMAGE,
    "<|vision_end|>",
    "<think>",
    "</think>",
)


class Chat:
    """Turns messages and answers into token ids, and token ids into text.

    Its methods may be called from several threads: they only read the tokenizer.

    Attributes:
        image: Id of the token that stands for a patch of a picture.
        think_end: Id of `</think>`.
        stops: Ids of the tokens behind which the model writes nothing more.
        closing: Ids of `</think>` and the blank line between it and the answer.
    """

    def __init__(self, folder: Path) -> None:
        """Reads the tokenizer of a checkpoint.

        Raises:
            ConfigError: A file or a token is missing, or the chat template is not that of a
                thinking Qwen3-VL.
        """
        tokenizer = load_tokenizer(folder)
        self._apply_template = tokenizer.apply_chat_template
        self._tokenizer: Tokenizer = tokenizer.backend_tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._added = {
            token.content: number
            for number, token in self._tokenizer.get_added_tokens_decoder().items()
        }
        for token in REQUIRED:
            if token not in self._added:
                raise ConfigError(f"{folder}: the tokenizer has no token '{token}'")
        self._wordless = frozenset(self._added.values())
        self._specials = re.compile("|".join(map(re.escape, self._added)))
        self.image = self._added[IMAGE]
        self.stops = frozenset({self._added[END], self._added[END_OF_TEXT]})
        self.think_end = self._added["</think>"]
        self.closing = tuple(self._encode(CLOSING))
        try:
            opened = self._render([{"role": "user", "content": "?"}])
        except (TypeError, ValueError, TemplateError) as error:
            raise ConfigError(f"{folder}: the chat template cannot be used: {error}") from error
        if not opened.endswith(OPENING):
            raise ConfigError(
                f"{folder}: the chat template must end a prompt with '<think>' and a line break, "
                "as that of Qwen3-VL-Thinking does"
            )

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of a prompt, its open think block included; one token for each picture."""
        return self._encode(self._render([self._defused(message) for message in messages]))

    def answer(self, text: str) -> tuple[int, ...]:
        """Token ids of an answer behind `closing`, the end of the turn included.

        Raises:
            ConfigError: Some of the answer's first letters merge into the tokens before it, or
                the tokens do not spell it: this checkpoint could never have written it.
        """
        ids = tuple(self._encode(CLOSING + text + END))
        if ids[: len(self.closing)] != self.closing:
            raise ConfigError(f"the answer '{text}' has no tokens of its own behind '</think>'")
        own = ids[len(self.closing) :]
        spelt = self._tokenizer.decode(list(own[:-1]), skip_special_tokens=False)
        if spelt != text:
            raise ConfigError(f"the tokenizer spells the answer '{text}' as '{spelt}'")
        return own

    def answer_trie(self, answers: Sequence[str]) -> AnswerTrie:
        """The trie of several answers; see `LanguageEngine.answer_trie`."""
        return AnswerTrie.build([self.answer(answer) for answer in answers])

    def beginning(self, text: str, tokens: int) -> str:
        """The text as far as so many tokens go; all of it where they suffice."""
        spaced = self._spaced(text)
        ends = self._tokenizer.encode(spaced, add_special_tokens=False).offsets
        if len(ends) <= tokens:
            return text
        return spaced[: ends[tokens][0]]

    def stream(self) -> "TextStream":
        """A decoder for the tokens of one answer."""
        return TextStream(self._tokenizer, self._wordless)

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _render(self, messages: Sequence[Message]) -> str:
        return str(self._apply_template(list(messages), tokenize=False, add_generation_prompt=True))

    def _defused(self, message: Message) -> Message:
        """Puts a space into special tokens that stand in a text, so that they are text."""
        content = message["content"]
        if isinstance(content, str):
            return {**message, "content": self._spaced(content)}
        parts = [
            {**part, "text": self._spaced(part["text"])} if "text" in part else part
            for part in content
        ]
        return {**message, "content": parts}

    def _spaced(self, text: str) -> str:
        return self._specials.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


class TextStream:
    """The text of one answer as its tokens come: whole characters, no special tokens."""

    def __init__(self, tokenizer: Tokenizer, wordless: frozenset[int]) -> None:
        self._tokenizer = tokenizer
        self._wordless = wordless
        self._stream = DecodeStream()

    def step(self, token: int) -> str:
        """The text that a token completes; empty while a character is half."""
        if token in self._wordless:
            return ""
        return self._stream.step(self._tokenizer, token) or ""
