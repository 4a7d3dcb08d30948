"""The reference models R0 to R4 as they are configured, and as the document has them."""

import re
from pathlib import Path

import pytest

from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import RetrieverConfig

ROOT = Path(__file__).parents[2]
REPOSITORY = Repository(ROOT / "models")
TABLE = re.findall(r"^\| (R\d) \|(.*)\|$", (ROOT / "docs" / "references.md").read_text(), re.M)
ROWS = {name: [cell.strip().strip("`") for cell in cells.split("|")] for name, cells in TABLE}


def settings(name: str) -> RetrieverConfig:
    hikari = REPOSITORY.config(name).hikari
    assert isinstance(hikari, RetrieverConfig)
    return hikari


def test_the_document_has_every_entry() -> None:
    own = {
        name
        for name in REPOSITORY.names()
        if isinstance(REPOSITORY.config(name).hikari, RetrieverConfig)
    } - {"demo_references"}
    assert {row[0] for row in ROWS.values()} == own
    assert list(ROWS) == ["R0", "R1", "R2", "R3", "R4"]


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_an_entry_is_what_the_document_says(row: list[str]) -> None:
    name, pictures, words, against, alpha, verified = row
    hikari = settings(name)
    assert hikari.source is not None
    assert (hikari.source.hub, hikari.verified) == (pictures, verified)
    if hikari.text is None:
        assert (words, against, alpha) == ("", "", "")
    else:
        assert hikari.text.source is not None
        assert (hikari.text.source.hub, hikari.text.against) == (words, against)
        assert hikari.text.alpha == float(alpha)
    takes_words = "description" in REPOSITORY.config(name).optional_inputs
    assert takes_words == (against == "description")


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_an_entry_shows_ids_runs_no_foreign_code_and_has_the_users_index(row: list[str]) -> None:
    hikari = settings(row[0])
    assert (hikari.expose, hikari.remote_code, hikari.index) == ("ids", False, None)
    assert hikari.labels == "skincap"


def test_prefixes_are_those_of_the_authors() -> None:
    text = settings("nomic_references").text
    assert text is not None
    assert (text.prefix, text.query_prefix) == ("search_document: ", "search_query: ")
