"""The stages, and the questions of one batch in each: to the card's snippet, and to the engine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from benchmarks.card_model import view
from benchmarks.gpu.subject import Subject
from hikari_serve.drawing.cases import Drawing, draw_cases
from hikari_serve.engines.contract import LanguageEngine, Prompt
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.labels.trie import AnswerTrie
from hikari_serve.prompts.layout import Reference
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig, DescriberConfig

CAPTION_TOKENS = 80
"""About what the captions have that the model was trained to write: 62 words on average."""

REFERENCES = (0, 1, 3)

SEED = 61_000

Case = tuple[Reference, Image.Image]


@dataclass(frozen=True, slots=True)
class Question:
    """One picture, and the cases to compare it with.

    Attributes:
        picture: The query.
        cases: Reference cases: their words and their pictures.
        prompt: All of it, laid out.
    """

    picture: Image.Image
    cases: Sequence[Case]
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of question.

    Attributes:
        name: For the report.
        settings: The model's configuration.
        references: Cases that the prompt quotes.
        answers: What is scored; None where words are written.
        written: Tokens that `generate` writes: the longest trained answer and the think block
            before it, or a caption's.
    """

    name: str
    settings: ClassifierConfig | DescriberConfig
    references: int
    answers: AnswerTrie | None
    written: int

    def questions(self, count: int, side: int) -> list[Question]:
        """Questions about drawings of their own.

        Args:
            count: How many.
            side: Side of a picture in pixels.
        """
        each = 1 + self.references
        drawn = [_scaled(case, side) for case in draw_cases(count * each, SEED)]
        return [self._question(drawn[at : at + each]) for at in range(0, count * each, each)]

    def _question(self, drawn: Sequence[tuple[Drawing, Image.Image]]) -> Question:
        layout = self.settings.prompt
        (_, picture), *quoted = drawn
        picture = view(picture, self.settings.preprocessing)
        cases = [
            (
                Reference(label=case.disease, caption=case.caption),
                view(image, self.settings.preprocessing),
            )
            for case, image in quoted
        ]
        order = layout.image_order({}, len(cases))
        images = [picture if slot is None else cases[slot][1] for slot in order]
        messages = layout.messages({}, [words for words, _ in cases])
        return Question(picture, cases, Prompt(messages, images))


def stages(subject: Subject, repository: Repository, engine: LanguageEngine) -> Iterator[Stage]:
    """Group, disease with each number of references, caption."""
    group = repository.config(subject.group).hikari
    disease = repository.config(subject.disease).hikari
    caption = repository.config(subject.caption).hikari
    assert isinstance(group, ClassifierConfig)
    assert isinstance(disease, ClassifierConfig)
    assert isinstance(caption, DescriberConfig)
    yield _scored("group", subject, repository, engine, subject.group, group, 0)
    for count in REFERENCES:
        name = f"disease, {count} reference{'' if count == 1 else 's'}"
        yield _scored(name, subject, repository, engine, subject.disease, disease, count)
    yield Stage(f"caption, {CAPTION_TOKENS} tokens", caption, 0, None, CAPTION_TOKENS)


def _scored(
    name: str,
    subject: Subject,
    repository: Repository,
    engine: LanguageEngine,
    model: str,
    settings: ClassifierConfig,
    references: int,
) -> Stage:
    labels = LabelSet.find(settings.labels, repository.folder(model)).labels
    answers = engine.answer_trie([settings.answer.format(label=row.answer) for row in labels])
    longest = max(map(len, answers.answers))
    return Stage(name, settings, references, answers, len(subject.chat.closing) + longest)


def _scaled(case: Drawing, side: int) -> tuple[Drawing, Image.Image]:
    return case, case.image.resize((side, side), Image.Resampling.BICUBIC)
