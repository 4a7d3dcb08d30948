"""The whole benchmark, with everything that it starts, on as few pictures as can be measured."""

import re

import pytest

from benchmarks import __main__ as command
from benchmarks.plan import Plan

SMALLEST = Plan(
    repeats=1, alone=1, crowded=1, looped=1, photographs=1, starts=1, clients=(1, 2), batched=2
)

SECTIONS = [
    "Goals",
    "Cascades per second",
    "What each step gains",
    "Beside LitServe and FastAPI",
    "Where the time goes",
    "What bounds it",
    "Photographs",
    "This server's queue and BentoML's adaptive batching",
    "Start and memory",
    "How it is measured",
    "The Open Inference Protocol",
    "On a GPU",
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the command writes; it ends with an error unless all answered the pictures alike."""
    out = tmp_path_factory.mktemp("benchmark") / "page.md"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "QUICK", SMALLEST)
        patch.setenv("OMP_NUM_THREADS", "1")  # so little work is slower on more
        patch.setattr("sys.argv", ["benchmarks", "--quick", "--out", str(out)])
        command.main()
    return out.read_text()


def rows(page: str, section: str) -> list[list[str]]:
    """The cells of a section's tables, without their heads."""
    [text] = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", page, re.M | re.S)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = {at for at, line in enumerate(lines) if line.startswith("| ---")}
    kept = [line for at, line in enumerate(lines) if not {at, at + 1} & rules]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in kept]


def test_every_section_is_there(page: str) -> None:
    assert re.findall(r"^## (.+)$", page, re.M) == SECTIONS
    assert not re.search(r"\bnan\b", page)


def test_the_loop_the_cascade_and_the_server_are_measured(page: str) -> None:
    found = [(row[0], row[1]) for row in rows(page, "Cascades per second")]
    assert found == [
        ("the card's loop", "1"),
        ("the cascade in one process", "1"),
        ("the cascade in one process", "2"),
        ("the server, over HTTP", "1"),
        ("the server, over HTTP", "2"),
    ]
    assert all(float(row[2]) > 0 for row in rows(page, "Cascades per second"))


def test_the_rivals_are_measured_beside_the_server(page: str) -> None:
    names = ["the server, over HTTP", "the card behind LitServe", "the card behind FastAPI"]
    speeds, verdicts = (
        rows(page, "Beside LitServe and FastAPI")[:6],
        rows(page, "Beside LitServe and FastAPI")[6:],
    )
    assert [row[0] for row in speeds] == names * 2
    assert [row[1] for row in speeds] == ["1"] * 3 + ["2"] * 3
    assert all(float(row[2]) > 0 for row in speeds)
    assert [row[0] for row in verdicts] == [names[1]] * 2 + [names[2]] * 2
    started = rows(page, "Start and memory")
    assert [row[0] for row in started] == names
    assert all(float(row[1]) > 1 and 0.2 < float(row[3]) < 8 for row in started)


def test_both_ways_to_batch_are_measured(page: str) -> None:
    cells = rows(page, "This server's queue and BentoML's adaptive batching")
    names = ["BentoML's adaptive batching", "this server's queue"]
    assert [row[0] for row in cells] == names * 4
    assert cells[-1][1:] == ["0 of 6", "35 of 35"]


def test_the_processor_time_of_every_process_is_told(page: str) -> None:
    cells = {row[0]: row[1:] for row in rows(page, "What bounds it")}
    stages = ["the stage group", "the stage references", "the stage disease", "the stage caption"]
    servers = ["the server, over HTTP", "the card behind LitServe", "the card behind FastAPI"]
    assert [*cells] == [*stages, "the API", *servers, "the clients of the server"]
    for column in (0, 1):
        parts = sum(float(cells[each][column]) for each in (*stages, "the API"))
        assert abs(parts - float(cells[servers[0]][column])) < 1
        assert all(float(row[column]) > 0 for name, row in cells.items() if "clients" not in name)
    assert all(1 <= float(cells[each][2]) <= SMALLEST.batched for each in stages)
