"""The entries of the HIKARI family say what is known of its weights, and docs/family.md the same."""

import re
from pathlib import Path

import pytest

from hikari_serve.cascade.graph import Wire
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.cli.models.check import check
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.prompts.layout import Reference
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig, ClassifierConfig, DescriberConfig
from hikari_serve.repository.weights import base_of
from hikari_serve.tasks.opener import warm_up

ROOT = Path(__file__).parents[2]
REPOSITORY = Repository(ROOT / "models", Path("/nowhere"))
FAMILY = [
    name
    for name in REPOSITORY.names()
    if isinstance(REPOSITORY.config(name).hikari, ClassifierConfig | DescriberConfig)
    and not name.startswith("demo")
]
CASCADES = ["hikari", "hikari_card", "hikari_lora"]


def rows(columns: int) -> dict[str, tuple[str, ...]]:
    """The rows of the document's table with so many columns, by their first cell."""
    lines = (ROOT / "docs" / "family.md").read_text().splitlines()
    cells = [re.findall(r"(?<=\|)[^|]+", line) for line in lines if line.startswith("| `")]
    plain = [tuple(cell.strip() for cell in row) for row in cells if len(row) == columns]
    return {row[0].strip("`"): row[1:] for row in plain}


def test_the_family_is_complete() -> None:
    merged = ["subaru", "altair", "deneb", "sirius", "polaris", "rigel", "vega", "antares"]
    adapters = [f"{name}_lora" for name in merged if name not in ("subaru", "polaris")]
    assert sorted(FAMILY) == sorted([*merged, *adapters, "qwen3_vl_thinking"])


def test_the_document_has_a_row_for_every_entry() -> None:
    expected = {}
    for name in FAMILY:
        hikari = REPOSITORY.config(name).hikari
        assert isinstance(hikari, ClassifierConfig | DescriberConfig)
        assert hikari.source is not None
        weights = f"`{hikari.source.hub}`" + (f" on `{hikari.base}`" if hikari.base else "")
        expected[name] = (hikari.kind, weights, hikari.verified)
    found = rows(4)
    assert {name: found[name] for name in FAMILY} == expected
    assert set(found) == {*FAMILY, *CASCADES}


@pytest.mark.parametrize("name", CASCADES)
def test_the_document_has_a_row_for_every_cascade(name: str) -> None:
    config = REPOSITORY.config(name)
    names = [step.model_name for step in config.triton.ensemble_scheduling.step]
    needs = "yes" if "clip_references" in names else "no"
    stages = ", ".join(f"`{member}`" for member in names)
    assert rows(4)[name] == (stages, needs, config.hikari.verified)


@pytest.mark.parametrize("name", [*FAMILY, *CASCADES])
def test_every_entry_is_right_although_its_weights_are_not_here(name: str) -> None:
    found = check(REPOSITORY, name, load=None)
    if name in FAMILY:
        assert f"weights of {name}" in found
        assert found.endswith("not pulled")
    else:
        assert found.startswith("cascade of ")


@pytest.mark.parametrize("name", FAMILY)
def test_no_entry_claims_to_have_run(name: str) -> None:
    assert REPOSITORY.config(name).hikari.verified == "unrun"


def wires(cascade: str, stage: str) -> dict[str, Wire]:
    graph = read_graph(REPOSITORY.config(cascade), REPOSITORY)
    return dict(next(node.inputs for node in graph.nodes if node.name == stage))


def test_the_cascades_are_wired_as_measured_and_as_carded() -> None:
    assert wires("hikari", "disease") == {"references": Wire("references", "cases")}
    assert wires("hikari", "caption") == {}
    assert wires("hikari_card", "disease") == {"group": Wire("group", "label")}
    assert wires("hikari_card", "caption") == {"disease": Wire("disease", "label")}


def asked(name: str, inputs: dict[str, str], cases: list[Reference]) -> list[str]:
    hikari = REPOSITORY.config(name).hikari
    assert not isinstance(hikari, CascadeConfig)
    (message,) = hikari.prompt.messages(inputs, cases)  # type: ignore[union-attr]
    return [part.get("text", "<image>") for part in message["content"]]


def test_sirius_is_asked_as_in_its_best_result() -> None:
    cases = [
        Reference(label="lupus_erythematosus", caption="Red plaques."),
        Reference(label="drug eruption"),
    ]
    assert asked("sirius", {}, cases)[:7] == [
        "Here are similar reference cases for context:",
        "<image>",
        "Reference 1: lupus erythematosus\nDescription: Red plaques.",
        "<image>",
        "Reference 2: drug eruption",
        "\nNow, identify the disease in this new image:",
        "<image>",
    ]
    assert asked("sirius", {}, cases)[7].startswith("Carefully examine this dermatological image.")


def test_the_cards_cascade_tells_the_group_in_one_word_and_polaris_in_full() -> None:
    card = asked("sirius", {"group": "inflammatory"}, [])
    assert card[0] == "<image>"
    assert card[1].startswith("This skin lesion belongs to the group 'inflammatory'. Examine")
    oracle = asked("polaris", {"group": "inflammatory"}, [])
    assert "the group '1. Inflammatory & Autoimmune Diseases'." in oracle[1]


@pytest.mark.parametrize("label", ["skin_tag", "lupus_erythematosus"])
def test_vega_can_be_told_a_disease_of_either_set(label: str) -> None:
    words = label.replace("_", " ")
    told = asked("vega", {"disease": label}, [])[1]
    assert told.startswith(f"Stage 2 diagnosis: {words}.\n\nDescribe this skin lesion")
    assert asked("vega", {}, [])[1].startswith("Describe this skin lesion image in detail.")


@pytest.mark.parametrize("name", [name for name in FAMILY if name.endswith("_lora")])
def test_an_adapter_has_a_whole_base(name: str) -> None:
    base = base_of(REPOSITORY, REPOSITORY.config(name))
    assert base is not None
    assert base.name in {"subaru", "deneb", "qwen3_vl_thinking"}


def test_another_label_set_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "sirius"
    folder.mkdir()
    text = (REPOSITORY.folder("sirius") / "config.yaml").read_text()
    text = text.replace("labels: skincap", "labels: card").replace("  index: clip_references\n", "")
    text = "".join(line for line in text.splitlines(True) if "name: references" not in line)
    (folder / "config.yaml").write_text(text)
    repository = Repository(tmp_path, tmp_path)
    hikari = repository.config("sirius").hikari
    assert isinstance(hikari, ClassifierConfig)
    labels = LabelSet.find(hikari.labels, folder)
    assert "urticaria" in {label.id for label in labels.labels}
    assert check(repository, "sirius", load=None).startswith("classify, version 1, 10 labels")


def test_limits_are_known_by_class() -> None:
    known = REPOSITORY.config("sirius").hikari.known
    assert "1 of 7" in known.limitations["sarcoidosis"]
    sensitivity = next(metric for metric in known.metrics if metric.name == "sensitivity")
    assert sensitivity.by_label["sarcoidosis"] == 14.3
    assert all(metric.source for metric in known.metrics)


@pytest.mark.parametrize("name", FAMILY)
def test_every_prompt_can_be_laid_out_for_the_first_answer(name: str) -> None:
    config = REPOSITORY.config(name)
    assert isinstance(config.hikari, ClassifierConfig | DescriberConfig)
    inputs = {key: word for key, word in warm_up(config).inputs.items() if isinstance(word, str)}
    assert config.hikari.prompt.messages(inputs)
