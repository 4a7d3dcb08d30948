import json

from typer.testing import CliRunner

from hikari_serve.cli.main import app


def test_match_prints_one_json_object_a_text() -> None:
    ran = CliRunner().invoke(app, ["labels", "match", "--json", "-"], input="psoriasis\nunclear\n")
    assert ran.exit_code == 0
    first, second = map(json.loads, ran.output.splitlines())
    assert first == {"label": "psoriasis", "how": "exact", "score": 100.0}
    assert (second["label"], second["how"]) == (None, "unknown")


def test_match_in_another_set() -> None:
    ran = CliRunner().invoke(app, ["labels", "match", "bcc", "--set", "skincap"])
    assert ran.output == "basal_cell_carcinoma (alias, 100)\n"


def test_an_unknown_set_is_one_sentence() -> None:
    ran = CliRunner().invoke(app, ["labels", "match", "x", "--set", "icd"])
    assert ran.exit_code == 1
    assert "there are card, skincap, groups" in ran.output
