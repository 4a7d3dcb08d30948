"""What a classifier's prompt has room for of the cases that it quotes, so that none is too long.

A caption is as long as whoever wrote it made it, and a prompt is not. What a caption is cut to
depends on the model alone, not on the cases beside it: equal cases are always quoted alike.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from PIL import Image

from hikari_serve.engines.contract import Prompt
from hikari_serve.engines.prompt_size import PromptSize
from hikari_serve.prompts.layout import Reference
from hikari_serve.references.manifest import Fingerprint
from hikari_serve.repository.schema import ClassifierConfig

SEAM = 4
"""Tokens that a caption may have more in a prompt than alone, where its ends meet other words."""

QUOTED = 3
"""Cases that a prompt has room for where it shows no pictures of them: as many as a request may
ask for."""

CUT = " …"
"""What stands where a caption was cut; a token or two."""


class CaptionRoom:
    """The room for cases in the prompts of one model.

    Attributes:
        cases: How many fit with their pictures and labels, the rest of a request's is not shown;
            None where all do that the model's limit on pictures admits.
        tokens: How many each of their captions may have.
        sure: Whether that many fit whatever pictures of the largest size are; else fewer may be
            shown.
    """

    def __init__(
        self, size: PromptSize, cases: int | None, tokens: int, *, sure: bool = True
    ) -> None:
        self.sure = sure
        self.cases = cases
        self.tokens = tokens
        self._size = size
        self.cut = lru_cache(1024)(self._cut)

    @classmethod
    def measure(
        cls, settings: ClassifierConfig, folder: Path, held: Sequence[Fingerprint]
    ) -> "CaptionRoom | None":
        """Measures the longest prompt that the cases of an index can make.

        Where nothing bounds the pictures of a model, captions leave them half of its prompt.

        Args:
            settings: Of the model.
            folder: Its tokenizer and image settings.
            held: The cases of its index.

        Returns:
            None where the prompt quotes no captions.

        Raises:
            ConfigError: A file is missing or wrong.
        """
        layout, side = settings.prompt, settings.preprocessing.max_side
        if not layout.quotes_captions:
            return None
        size = PromptSize(folder)
        most = QUOTED
        if layout.shows_cases:
            most = settings.limits.max_images - layout.image_order({}, 0).count(None)
        if not most:
            return cls(size, 0, 0)
        if side is None:
            share = settings.limits.max_context_tokens // 2 // most
            return cls(size, None, max(0, share - SEAM), sure=False)
        # No other shape has more patches, but long ones of so few pixels that they are enlarged.
        picture = Image.new("RGB", (side, side))
        label = max((case.label for case in held), key=lambda each: len(layout.case_label(each)))
        for cases in range(most, 0, -1):
            blank = [Reference(label=label, caption=".")] * cases
            longest = max(
                size.tokens(
                    Prompt(
                        layout.messages(inputs, blank),
                        [picture] * len(layout.image_order(inputs, cases)),
                    )
                )
                for inputs in (layout.longest(layout.needs), layout.longest(layout.inputs))
            )
            left = (settings.limits.max_context_tokens - longest) // cases - SEAM
            if left >= 0:
                return cls(size, None if cases == most else cases, left)
        return cls(size, 0, 0)

    def told(self, model: str, held: Sequence[Fingerprint]) -> Iterator[str]:
        """Says which captions are cut, and how many cases do not fit.

        Args:
            model: The model's name.
            held: The cases of its index.
        """
        if self.cases is not None:
            yield (
                f"the prompts of model '{model}' have room for {self.cases} cases: raise its "
                "limits.max_context_tokens and limits.max_images to show more"
            )
        if not self.sure:
            yield (
                f"nothing bounds the pictures of model '{model}': where they leave no room, fewer "
                "cases are shown; set preprocessing.max_side"
            )
        cut = [case.id for case in held if self.cut(case.caption) != case.caption]
        if cut and self.cases != 0:
            more = f" and {len(cut) - 1} more" if len(cut) > 1 else ""
            yield (
                f"model '{model}' reads {self.tokens} tokens of a case's caption; the rest is cut "
                f"of case '{cut[0]}'{more}"
            )

    def _cut(self, caption: str) -> str:
        if len(caption.encode()) <= self.tokens:  # no token is shorter than a byte
            return caption
        if self._size.beginning(caption, self.tokens) == caption:
            return caption
        whole = self._size.beginning(caption, max(0, self.tokens - SEAM))
        words, space, _ = whole.rpartition(" ")
        return f"{words if space else whole}{CUT}" if whole else ""
