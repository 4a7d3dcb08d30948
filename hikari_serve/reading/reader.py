"""The one reader of what a text says of diseases; captions and label matching both use it.

After NegEx (Chapman et al. 2001) and ConText (Harkema et al. 2009): cues around a name, within its
sentence, decide. Beyond them, a question is answered by the next sentence, and a verdict or a doubt
may follow in one of its own ("It was ruled out.", "Excluded.", "I am not sure."). Linear in the
text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hikari_serve.reading.clause import NAME, Clause, clause
from hikari_serve.reading.context import in_context
from hikari_serve.reading.language import Evidence, weigh
from hikari_serve.reading.lexicon import Disease, Lexicon
from hikari_serve.reading.sentences import sentences
from hikari_serve.reading.stance import Stance, settled
from hikari_serve.reading.thinking import without_thinking
from hikari_serve.reading.within import within


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says of one disease that it names.

    Attributes:
        start: Index of the name's first character, in Unicode code points.
        end: Index after its last.
        disease: What the name means.
        stance: What is said of it.
    """

    start: int
    end: int
    disease: Disease
    stance: Stance


class Reader:
    """Reads texts for one set of labels."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        """Args:
        words: For each label id, the words that mean it.
        """
        self._lexicon = Lexicon(words)

    def read(self, text: str) -> tuple[Said, ...]:
        """Every disease that a text names outside its thinking, in order.

        Where the text, or a sentence of it, is not English, every stance is `open`.
        """
        spoken = sentences(without_thinking(text))
        clauses = [clause(sentence, self._lexicon) for sentence in spoken]
        evidence = [_evidence(each, text) for each in clauses]
        foreign = sum(each.foreign for each in evidence) > sum(each.english for each in evidence)
        leanings = in_context(clauses, [within(each) for each in clauses])
        return tuple(
            Said(name.start, name.end, name.disease, settled(said) if english else "open")
            for each, weight, said_there in zip(clauses, evidence, leanings, strict=True)
            for english in [weight.speaks_english and not foreign]
            for name, said in zip(each.names, said_there, strict=True)
        )


@lru_cache(maxsize=8)  # a process serves the label sets of one cascade
def reader(words: tuple[tuple[str, tuple[str, ...]], ...]) -> Reader:
    """The reader of a set of labels, given as pairs of an id and its words; built once."""
    return Reader(dict(words))


def _evidence(each: Clause, text: str) -> Evidence:
    plain = [
        (word, text[start:end])
        for word, (start, end) in zip(each.words, each.written, strict=True)
        if word != NAME
    ]
    return weigh([word for word, _ in plain], [written for _, written in plain])
