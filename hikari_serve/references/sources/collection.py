"""From a source's listing to the cases of an index: labels matched, duplicates left out."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from hikari_serve.errors import InvalidInput
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.labels.matching import match_label
from hikari_serve.pictures.view import content_hash
from hikari_serve.references.sources.listing import Entry, Listing
from hikari_serve.references.store import Case


@dataclass(slots=True)
class Report:
    """What became of a source's rows; none is guessed, and none is lost without a word.

    Attributes:
        labels: Cases that were taken, counted by their label.
        unmatched: Rows whose disease is none of the label set, counted by its words.
        missing: Picture files that are not there.
        unreadable: Pictures that cannot be read, by the case's id, and why.
        duplicates: Ids whose picture is, byte by byte, that of another case, and that case's.
        contradictions: Ids of the same picture under several labels; none of them is taken.
        excluded: Rows that the source left out, counted by the reason.
        notes: What a reader should know, as sentences.
    """

    labels: Counter[str] = field(default_factory=Counter)
    unmatched: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    duplicates: dict[str, str] = field(default_factory=dict)
    contradictions: list[list[str]] = field(default_factory=list)
    excluded: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def bad(self, case: Case, error: InvalidInput) -> None:
        """Counts a case out whose picture turned out to be unreadable."""
        self.unreadable[case.id] = error.message
        self.labels[case.label] -= 1
        self.labels = +self.labels


@dataclass(frozen=True, slots=True)
class Collection:
    """The cases that an index can be built of.

    Attributes:
        entries: Sorted by id, with the labels of the label set; each picture once.
        report: What became of the rest.
    """

    entries: list[Entry]
    report: Report

    def cases(self) -> Iterator[Case]:
        """Reads the cases, one picture at a time."""
        for entry in self.entries:
            yield Case(
                entry.id, entry.picture.read_bytes(), entry.label, entry.caption, entry.source
            )


def collect(
    listing: Listing,
    labels: LabelSet | None,
    *,
    held: Iterable[tuple[str, str]] = (),
    step: Callable[[], None] = lambda: None,
) -> Collection:
    """Chooses the cases of a listing; reads every picture's bytes once.

    Args:
        listing: What a source has.
        labels: The set that its words are matched to; None takes them as they stand.
        held: SHA-256 and id of the pictures that an index has already.
        step: Called for each entry that was looked at.
    """
    report = Report(excluded=listing.excluded, notes=listing.notes)
    by_content: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(listing.entries, key=lambda entry: entry.id):
        step()
        label = _label(entry.label, listing, labels)
        if label is None:
            report.unmatched[entry.label] += 1
        elif not entry.picture.is_file():
            report.missing.append(str(entry.picture))
        else:
            content = content_hash(entry.picture.read_bytes())
            by_content[content].append(replace(entry, label=label))
    chosen = []
    known = dict(held)
    for content, same in by_content.items():
        if content in known:
            report.duplicates |= {entry.id: known[content] for entry in same}
        elif len({entry.label for entry in same}) > 1:
            report.contradictions.append([entry.id for entry in same])
        else:
            chosen.append(same[0])
            report.labels[same[0].label] += 1
            report.duplicates |= {entry.id: same[0].id for entry in same[1:]}
    return Collection(sorted(chosen, key=lambda entry: entry.id), report)


def _label(words: str, listing: Listing, labels: LabelSet | None) -> str | None:
    """The label that a source's words are; None if they are none.

    A source has names, not sentences: one with more words in it may be another disease.
    """
    if labels is None:
        return words or None
    plain = " ".join(re.split(r"[\W_]+", words.casefold())).strip()
    found = match_label(listing.names.get(plain, words), labels)
    return found.label if found.how != "sentence" else None
