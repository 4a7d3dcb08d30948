"""`hikari index` with the demo family's encoder, on drawings and made-up sources."""

import csv
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hikari_serve.drawing.cases import draw_set
from hikari_serve.references.index import ReferenceIndex
from tests.cli.conftest import Hikari

COUNT = 12


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawings")
    draw_set(COUNT, seed=11, out=folder)
    return folder


@pytest.fixture
def index(hikari: Hikari, drawings: Path, tmp_path: Path) -> Path:
    done = hikari("index", "build", drawings, "--out", tmp_path / "index")
    assert done.exit_code == 0, done.stderr
    return tmp_path / "index"


def test_build_and_info(hikari: Hikari, index: Path) -> None:
    done = hikari("index", "info", index, "--json")
    told = json.loads(done.stdout)
    assert (told["count"], told["with_caption"]) == (COUNT, COUNT)
    assert told["labels"]["acne_vulgaris"] == 2
    assert told["encoder"]["name"] == "demo_references"
    assert told["digest"] == ReferenceIndex.open(index).digest
    shown = hikari("index", "info", index).stdout
    assert f"{COUNT}, {COUNT} with a caption" in shown
    distances = told["nearest"]["percentiles"]
    assert list(distances.values()) == sorted(distances.values())
    rule = told["nearest"]["rule"]
    assert rule["as_distance"] == round(distances["100"], 4)  # one of 12 cases is more than 5 %
    assert f"farther than {rule['as_distance']:.3f} from every case" in " ".join(shown.split())


def test_an_index_from_before_the_distances_were_kept(hikari: Hikari, index: Path) -> None:
    told = json.loads(hikari("index", "info", index, "--json").stdout)
    manifest = json.loads((index / "manifest.json").read_text())
    del manifest["nearest"]
    (index / "manifest.json").write_text(json.dumps(manifest))
    assert json.loads(hikari("index", "info", index, "--json").stdout)["nearest"] == told["nearest"]


def test_a_search_finds_the_likeness_and_not_the_picture(
    hikari: Hikari, index: Path, drawings: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.png"
    picture = drawings / "00000.png"
    done = hikari("index", "search", picture, "--index", index, "-k", 4, "--json", "--sheet", sheet)
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 4
    assert "00000.png" not in [row["case_id"] for row in found]
    scores = [row["score"] for row in found]
    assert scores == sorted(scores, reverse=True)
    with Image.open(sheet) as drawn:
        assert drawn.width > 4 * 240
    # nor is it found by the same pixels in another file
    with Image.open(picture) as pixels:
        pixels.save(tmp_path / "again.bmp")
    done = hikari("index", "search", tmp_path / "again.bmp", "--index", index, "-k", 4, "--json")
    assert [row["case_id"] for row in json.loads(done.stdout)] == [row["case_id"] for row in found]


def test_the_index_that_comes_with_the_demo(hikari: Hikari, drawings: Path) -> None:
    done = hikari("index", "search", drawings / "00001.png", "--json")
    assert len(json.loads(done.stdout)) == 3
    assert json.loads(hikari("index", "info", "demo_references", "--json").stdout)["count"] > 100
    done = hikari("index", "build", drawings)
    assert done.exit_code == 1
    assert "comes with its weights: name another folder with --out" in done.stderr
    for change in (["add", "demo_references", drawings], ["remove", "demo_references", "none"]):
        done = hikari("index", *change)
        assert (done.exit_code, done.stdout) == (1, "")
        assert "comes with its weights: build another with --out" in done.stderr


def test_add_and_remove(hikari: Hikari, index: Path, drawings: Path, tmp_path: Path) -> None:
    draw_set(2, seed=12, out=tmp_path / "more")
    table = tmp_path / "more" / "labels.csv"
    table.write_text(table.read_text().replace("\n0", "\nnew-0"))
    for picture in (tmp_path / "more").glob("*.png"):
        picture.rename(picture.with_name(f"new-{picture.name}"))
    before = ReferenceIndex.open(index).digest
    done = hikari("index", "add", index, tmp_path / "more", "--json")
    told = json.loads(done.stdout)
    assert told["count"] == COUNT + 2
    assert told["labels"] == {"acne_vulgaris": 1, "atopic_dermatitis": 1}
    again = hikari("index", "add", index, tmp_path / "more")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "nothing of this source can be taken: pictures that another case has" in again.stderr
    done = hikari("index", "remove", index, "new-00000.png", "new-00001.png")
    assert done.stdout.startswith(f"{index} has {COUNT} cases; its version is {before[:12]}")
    done = hikari("index", "remove", index, "new-00000.png")
    assert (done.exit_code, "no reference case 'new-00000.png'" in done.stderr) == (1, True)


def test_what_is_lost_is_told(hikari: Hikari, drawings: Path, tmp_path: Path) -> None:
    table = [
        ("file", "disease"),
        *(("00000.png", label) for label in ("acne", "bullous pemphigoid")),
    ]
    table += [
        ("gone.png", "psoriasis"),
        ("torn.png", "psoriasis"),
        ("copy.png", "acne"),
        ("b.png", "psoriasis"),
    ]
    source = tmp_path / "source"
    source.mkdir()
    picture, other = ((drawings / f"0000{n}.png").read_bytes() for n in (0, 1))
    for name, data in (
        ("00000.png", picture),
        ("copy.png", picture),
        ("torn.png", picture[:99]),
        ("b.png", other),
    ):
        (source / name).write_bytes(data)
    with (source / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(table)
    build = ("index", "build", source, "--out", tmp_path / "index")
    told: dict[str, Any] = json.loads(hikari(*build, "--json").stdout)
    assert told["count"] == 2
    assert told["labels"] == {"acne_vulgaris": 1, "psoriasis": 1}
    listed = str(source / "labels.csv")
    assert [(lost["file"], lost["line"], lost["reason"]) for lost in told["left_out"]] == [
        (listed, 3, "diseases of no label of the set"),
        (listed, 4, "pictures that are not there"),
        (listed, 6, "pictures that another case has already"),
        (listed, 5, "pictures that cannot be read"),
    ]
    details = [lost["detail"] for lost in told["left_out"]]
    assert details[:3] == [
        "'bullous pemphigoid'", str(source / "gone.png"), "copy.png is 00000.png",
    ]  # fmt: skip
    assert details[3].startswith("torn.png: the PNG file is truncated")
    said = hikari(*build).stderr
    reason = "left out, diseases of no label of the set: 1"
    assert f"{reason}\n  {listed}:3: 'bullous pemphigoid'\n" in said
    told = json.loads(hikari(*build, "--labels", "none", "--json").stdout)
    contradicted = [lost for lost in told["left_out"] if lost["reason"].startswith("the same")]
    assert [lost["line"] for lost in contradicted] == [2, 3, 6]


def test_strict_builds_nothing_for_a_row_that_is_lost(
    hikari: Hikari, drawings: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    whole = (drawings / "00000.png").read_bytes()
    (source / "a.png").write_bytes(whole)
    table = source / "labels.csv"
    build = ("index", "build", source, "--out", tmp_path / "index", "--strict")
    table.write_text("file,disease\na.png,acne\ngone.png,acne\n")
    done = hikari(*build, "--json")
    assert done.exit_code == 1
    assert done.stderr.endswith(
        "1 rows of this source cannot be taken: pictures that are not there: 1\n"
    )
    (lost,) = json.loads(done.stdout)["left_out"]
    assert lost["line"] == 3
    (source / "b.png").write_bytes(whole[: len(whole) // 2])
    table.write_text("file,disease\na.png,acne\nb.png,acne\n")
    done = hikari(*build)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "case 'b.png': the PNG file is truncated" in done.stderr
    assert not (tmp_path / "index").exists()
    table.write_text("file,disease\na.png,acne\n")
    assert hikari(*build).exit_code == 0


def test_where_nothing_is_taken_the_reasons_are_told(hikari: Hikari, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("file,disease\n00000,psoriasis\n00001,acne vulgaris\n")
    build = ("index", "build", table, "--out", tmp_path / "index")
    done = hikari(*build)
    assert (done.exit_code, done.stdout) == (1, "")
    told, *rows, wrong = done.stderr.splitlines()
    assert told == "left out, pictures that are not there: 2"
    assert rows == [f"  {table}:{n}: {tmp_path / f'0000{n - 2}'}" for n in (2, 3)]
    assert wrong == "hikari: nothing of this source can be taken: pictures that are not there: 2"
    told = json.loads(hikari(*build, "--json").stdout)
    assert (told["index"], told["count"], len(told["left_out"])) == (None, 0, 2)


def test_pictures_outside_are_taken_when_asked_for(
    hikari: Hikari, drawings: Path, tmp_path: Path
) -> None:
    table = tmp_path / "labels.csv"
    table.write_text(f"file,disease\n{drawings / '00000.png'},acne\n")
    build = ("index", "build", table, "--out", tmp_path / "index", "--json")
    (lost,) = json.loads(hikari(*build).stdout)["left_out"]
    assert lost["reason"] == "pictures outside of the source's folder, which only --outside takes"
    assert json.loads(hikari(*build, "--outside").stdout)["count"] == 1
    with closing(ReferenceIndex.open(tmp_path / "index")) as index:
        (case,) = index.cases_held
    assert not case.id.startswith("/")


def test_a_caption_that_the_disease_model_cannot_read_whole_is_told(
    hikari: Hikari, drawings: Path, tmp_path: Path
) -> None:
    table = tmp_path / "labels.csv"
    (tmp_path / "a.png").write_bytes((drawings / "00000.png").read_bytes())
    (tmp_path / "b.png").write_bytes((drawings / "00001.png").read_bytes())
    table.write_text(
        f"file,disease,caption\na.png,acne,{'red scaly plaque ' * 3_000}\nb.png,acne,red\n"
    )
    done = hikari("index", "build", table, "--out", tmp_path / "index", "--json")
    (note,) = json.loads(done.stdout)["notes"]
    assert note.startswith("model 'demo_disease' reads ")
    assert note.endswith(" tokens of a case's caption; the rest is cut of case 'a.png'")


def test_skincap_and_npz(hikari: Hikari, drawings: Path, tmp_path: Path) -> None:
    copy = tmp_path / "SkinCAP"
    (copy / "skincap").mkdir(parents=True)
    for number in range(3):
        (copy / "skincap" / f"{number}.png").write_bytes(
            (drawings / f"{number:05}.png").read_bytes()
        )
    rows = [f"{n},{n}.png,psoriasis,A plaque." for n in range(3)]
    header = "id,skincap_file_path,disease,caption_zh_polish_en"
    (copy / "skincap_v240623.csv").write_text("\n".join([header, *rows]))
    split = {"val_image_paths": [r"SkinCAP\skincap\2.png"], "train_image_paths": []}
    (copy / "split_info_3stage.json").write_text(json.dumps(split))
    build = ("index", "build", "--out", tmp_path / "index", "--json")
    told = json.loads(hikari(*build, copy, "--from", "skincap", "--labels", "skincap").stdout)
    assert told["count"] == 2
    assert [lost["reason"] for lost in told["left_out"]] == ["pictures of the validation split"]
    np.savez(
        tmp_path / "rag_index_R0_all.npz",
        embeddings=np.ones((3, 8)),
        labels=np.array(["psoriasis"] * 3),
        paths=np.array([rf"SkinCAP\skincap\{n}.png" for n in range(3)]),
    )
    npz = (*build, tmp_path / "rag_index_R0_all.npz", "--from", "npz")
    told = json.loads(hikari(*npz, "--split", copy / "split_info_3stage.json").stdout)
    assert told["count"] == 2
    assert "shows `image` of its cases, and SkinCAP may not be passed on" in told["notes"][-2]
    assert "embeddings are not used" in told["notes"][-1]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("info", "nowhere"), "no reference index in nowhere, and no model of that name"),
        (("build", ".", "--model", "demo_group"), "none of the task `references`"),
        (("build", ".", "--model", "clip_refrences"), "did you mean 'clip_references'?"),
        (("build", "nowhere", "--out", "x"), "nowhere is neither a folder nor a file"),
        (("build", ".", "--from", "skincap", "--out", "x"), "has no skincap*.csv"),
        (("build", ".", "--labels", "crad", "--out", "x"), "no label set 'crad'"),
    ],
)
def test_mistakes_are_one_sentence(
    hikari: Hikari, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...], message: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("HIKARI_MODELS", str(Path("models").resolve()))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "psoriasis").mkdir()
    Image.new("RGB", (20, 20)).save(tmp_path / "psoriasis" / "a.png")
    done = hikari("index", *command)
    assert (done.exit_code, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_user_built_index_is_found_by_its_model(
    hikari: Hikari, drawings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo's encoder under a configuration without an index of its own."""
    root = tmp_path / "models" / "own_references"
    root.mkdir(parents=True)
    shipped = Path("models/demo_references")
    text = (shipped / "config.yaml").read_text()
    text = text.replace("name: demo_references", "name: own_references")
    (root / "config.yaml").write_text(text.replace("  index: index\n", ""))
    (root / "1").mkdir()
    for file in (shipped / "1").iterdir():
        if file.is_file():
            (root / "1" / file.name).symlink_to(file.resolve())
    monkeypatch.setenv("HIKARI_MODELS", str(root.parent))
    monkeypatch.setenv("HIKARI_INDEXES", str(tmp_path / "indexes"))
    search = ("index", "search", drawings / "00000.png", "--model", "own_references", "--json")
    done = hikari(*search)
    assert "there is no reference index in" in done.stderr
    assert hikari("index", "build", drawings, "--model", "own_references").exit_code == 0
    assert (tmp_path / "indexes" / "own_references" / "manifest.json").is_file()
    assert len(json.loads(hikari(*search).stdout)) == 3
    assert "index of 12 cases" in hikari("models", "check", "own_references").stdout
