"""What an item of each row is asked: one question, or those of a whole cascade.

Prompts, labels and the size of pictures are those of the repository's own configurations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.gpu.labels import Settings, read_settings, read_trie
from benchmarks.gpu.subject import Subject
from hikari_serve.drawing.cases import draw_cases
from hikari_serve.engines.chat import Chat
from hikari_serve.engines.contract import Generate, Prompt, Score
from hikari_serve.labels.trie import AnswerTrie
from hikari_serve.pictures.view import make_view, read_view
from hikari_serve.prompts.layout import Reference
from hikari_serve.repository.schema import ClassifierConfig

CAPTION_TOKENS = 80
"""About what the captions have that the model was trained to write: 62 words on average."""

SEED = 61_000
MOTIFS = 40
"""Drawings; every picture that is asked about is one of them with pixels of its own."""


@dataclass(frozen=True, slots=True)
class Question:
    """One stage's.

    Attributes:
        settings: The stage's configuration.
        picture: The query, in the size that the stage sees.
        cases: Reference cases: their words and their pictures.
        inputs: Labels that the prompt states.
        want: Scores or words.
        written: Tokens that `generate` writes for it: the longest trained answer and the think
            block before it, or a caption's.
    """

    settings: Settings
    picture: Image.Image
    cases: Sequence[tuple[Reference, Image.Image]]
    inputs: dict[str, str]
    want: Score | Generate
    written: int

    @property
    def prompt(self) -> Prompt:
        """All of it, laid out."""
        layout = self.settings.prompt
        order = layout.image_order(self.inputs, len(self.cases))
        images = [self.picture if slot is None else self.cases[slot][1] for slot in order]
        return Prompt(layout.messages(self.inputs, [words for words, _ in self.cases]), images)


Item = tuple[tuple[Question, ...], ...]
"""Waves of questions: those of a wave are asked at once, and a wave when the one before is done."""


class Questions:
    """Makes items; no two of them share a picture, so that no cache answers for the engine.

    Attributes:
        tries: The label sets that are scored.
    """

    def __init__(self, subject: Subject, models: Path, chat: Chat) -> None:
        """Args:
        subject: Whose repository models are asked.
        models: The repository.
        chat: The checkpoint's words.
        """
        self._side = subject.side
        names = {"group": subject.group, "disease": subject.disease, "caption": subject.caption}
        self._settings = {task: read_settings(models / name) for task, name in names.items()}
        self.tries: list[AnswerTrie] = []
        self._wants: dict[str, tuple[Score | Generate, int]] = {}
        for task, settings in self._settings.items():
            want: Score | Generate = Generate(CAPTION_TOKENS)
            written = CAPTION_TOKENS
            if isinstance(settings, ClassifierConfig):
                trie = read_trie(models / names[task], settings, chat)
                self.tries.append(trie)
                want, written = Score(trie), len(chat.closing) + max(map(len, trie.answers))
            self._wants[task] = want, written
        self._motifs = [
            (Reference(label=case.disease, caption=case.caption), _enlarged(case.image, self._side))
            for case in draw_cases(MOTIFS, SEED)
        ]
        self._made = 0

    def items(self, row: str, count: int) -> list[Item]:
        """Fresh items of a row."""
        return [self._item(row) for _ in range(count)]

    def _item(self, row: str) -> Item:
        small = self._side // 2
        match row:
            case "group":
                return ((self._ask("group"),),)
            case "group, 672 px":
                return ((self._ask("group", side=min(672, small)),),)
            case "disease, 0 references":
                return ((self._ask("disease"),),)
            case "disease, 1 reference":
                return ((self._ask("disease", references=1),),)
            case "disease, 3 references":
                return ((self._ask("disease", references=3),),)
            case "hikari_card, whole":
                group, disease = {"group": "inflammatory"}, {"disease": "psoriasis"}
                return (
                    (self._ask("group"),),
                    (self._ask("disease", inputs=group),),
                    (self._ask("caption", inputs=disease),),
                )
            case "hikari, whole":
                return (
                    (
                        self._ask("group"),
                        self._ask("disease", references=3),
                        self._ask("caption"),
                    ),
                )
            case _:
                return ((self._ask("caption"),),)

    def _ask(
        self,
        task: str,
        *,
        references: int = 0,
        inputs: dict[str, str] | None = None,
        side: int | None = None,
    ) -> Question:
        settings = self._settings[task]
        want, written = self._wants[task]
        _, picture = self._fresh(settings, side)
        cases = [self._fresh(settings, side) for _ in range(references)]
        return Question(settings, picture, cases, inputs or {}, want, written)

    def _fresh(self, settings: Settings, side: int | None) -> tuple[Reference, Image.Image]:
        """A motif as the stage sees it, marked so that it is no picture that came before."""
        self._made += 1
        words, motif = self._motifs[self._made % len(self._motifs)]
        shrunk = motif.resize((side, side)) if side else motif
        picture = read_view(make_view(shrunk, settings.preprocessing))
        number = self._made
        for at in range(8):
            picture.putpixel((at, 0), _bit(number, at))
            picture.putpixel((at, 1), _bit(number, at + 8))
        return words, picture


def _enlarged(image: Image.Image, side: int) -> Image.Image:
    return image.resize((side, side), Image.Resampling.BICUBIC)


def _bit(number: int, at: int) -> tuple[int, int, int]:
    value = 255 * (number >> at & 1)
    return value, value, value
