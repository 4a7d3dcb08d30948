"""The part of a graph that a request asks for."""

from pathlib import Path

import pytest

from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.errors import InvalidInput
from hikari_serve.repository.repository import Repository

REPOSITORY = Repository(Path(__file__).parents[2] / "models")


def graph(cascade: str = "demo") -> Graph:
    return read_graph(REPOSITORY.config(cascade), REPOSITORY)


def names(part: Graph) -> list[str]:
    return [node.name for node in part.nodes]


@pytest.mark.parametrize(
    ("until", "ran"),
    [
        ("group", ["group"]),
        ("references", ["group", "references"]),
        ("disease", ["group", "references", "disease"]),
        ("caption", ["group", "references", "disease", "caption"]),
        (None, ["group", "references", "disease", "caption"]),
    ],
)
def test_until_runs_what_is_listed_up_to_a_stage(until: str | None, ran: list[str]) -> None:
    assert names(graph().part(until)) == ran


def test_a_stage_that_waits_for_a_later_one_takes_it_along() -> None:
    whole = graph()
    late = Graph(whole.nodes, ("disease", "group", "references", "caption"), "disease")
    assert names(late.part("disease")) == ["group", "references", "disease"]


def test_no_cases_are_retrieved_where_nobody_asks_for_them() -> None:
    assert names(graph().part("disease", retrieve=False)) == ["group", "disease"]
    assert names(graph("hikari").part("group")) == ["group"]


def test_cases_are_retrieved_for_who_asked_for_all_though_no_stage_waits_for_them() -> None:
    whole = graph()
    lone = Graph((whole.node("references"),), ("references",), "references")
    assert names(lone.part(None)) == ["references"]
    with pytest.raises(InvalidInput, match="this cascade retrieves cases, and references is 0"):
        lone.part(None, retrieve=False)


def test_a_stage_that_retrieves_and_no_case_are_not_asked_for_at_once() -> None:
    with pytest.raises(InvalidInput, match="until is 'references', which retrieves cases, and"):
        graph().part("references", retrieve=False)


def test_a_stage_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="this cascade has group, references, disease, caption"):
        graph().part("biopsy")


def test_what_is_quoted_of_a_stage_that_is_none_is_one_line() -> None:
    with pytest.raises(InvalidInput, match=r"until is '\\x1b\[2J\\nx', but"):
        graph().part("\x1b[2J\nx")
