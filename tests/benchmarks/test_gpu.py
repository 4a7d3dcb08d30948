import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from benchmarks.gpu import __main__ as command
from benchmarks.gpu.floor import Peak, Work
from benchmarks.gpu.journal import Journal, key_of
from benchmarks.gpu.plan import ROWS, parts
from benchmarks.gpu.subject import tiny
from hikari_serve.engines.chat import Chat
from hikari_serve.planning.architecture import SHIPPED

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "models"

H200 = Peak(989.4e12, 1978.9e12, 4.8e12, "data sheet")

ABSENT = (
    "aiohttp", "bentoml", "google", "httpx", "pillow_heif", "prometheus_client",
    "rapidfuzz", "rapidjson", "starlette", "tritonclient", "typer", "uvloop",
)  # fmt: skip
"""What a bare machine with torch and transformers lacks, and this benchmark does not need."""

BARE = f"""
import sys

class Bare:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Bare())
"""


def environment(folder: Path) -> dict[str, str]:
    """One in which every Python process lacks those packages."""
    (folder / "sitecustomize.py").write_text(BARE)
    return {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}", "OMP_NUM_THREADS": "1"}


def arguments(out: Path, *more: str) -> list[str]:
    tiny = [sys.executable, "-m", "benchmarks.gpu", "--tiny", "--repeats", "1", "--out", str(out)]
    return [*tiny, "--engines", "transformers", "card", "--batches", "1", *more]


def kinds(out: Path) -> list[str]:
    return [entry["kind"] for entry in Journal(out).entries()]


def test_a_rehearsal_that_is_killed_in_the_middle_goes_on(tmp_path: Path) -> None:
    out, page = tmp_path / "results.jsonl", tmp_path / "page.md"
    place = ["--checkpoint", str(tmp_path / "checkpoint")]
    environ = environment(tmp_path)
    running = subprocess.Popen(arguments(out, *place), cwd=ROOT, env=environ)
    while kinds(out).count("row") < 3:
        assert running.poll() is None
        time.sleep(0.05)
    measuring = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert measuring
    assert not psutil.wait_procs(measuring, timeout=30)[1]  # nothing measures on

    before = [entry for entry in Journal(out).entries() if entry["kind"] == "row"]
    assert len(before) >= 3
    with out.open("a") as file:
        file.write('{"kind": "row", "engine": "transf')  # a line that was cut

    again = subprocess.run(arguments(out, *place), cwd=ROOT, env=environ, capture_output=True)
    assert b"exists: go on with --resume" in again.stderr
    subprocess.run(arguments(out, *place, "--resume"), cwd=ROOT, env=environ, check=True)
    rows = [entry for entry in Journal(out).entries() if entry["kind"] == "row"]
    assert rows[: len(before)] == before
    keys = [key_of(entry) for entry in rows]
    assert len(keys) == len(set(keys))
    assert set(keys) == {
        (engine, "none", row, 1) for engine in ("transformers", "card") for row in ROWS
    }
    assert kinds(out).count("failed") == 0
    for entry in rows:
        assert entry["ms"] > 0
        assert entry["floor_ms"] > 0
        assert entry["tokens"] > 40

    subprocess.run(arguments(out, "--page", str(page)), cwd=ROOT, env=environ, check=True)
    lines = [
        line.strip("| ").split(" | ")
        for line in page.read_text().splitlines()
        if re.match(r"\| (group|dis|cap|hik)", line)
    ]
    assert len(lines) == len(rows)
    assert "- transformers, quantisation: none: 24 of 32 rows\n" in page.read_text()
    assert "- vLLM, quantisation: fp8: all rows\n" in page.read_text()
    whole = {line[0]: line for line in lines[: len(lines) // 2]}
    for name, size, tokens, read_on, spent, rate, floor, above, gain in whole.values():
        assert int(tokens.replace(",", "")) > 40
        assert float(rate) == pytest.approx(1000 * int(size) / float(spent), rel=0.05)
        assert float(above.rstrip(" x")) == pytest.approx(float(spent) / float(floor), rel=0.1)
        assert float(gain.rstrip(" x")) > 0
        assert name in ROWS
        assert read_on == ("0" if name.startswith("caption") else "2" if "whole" in name else "1")
    three, none = (int(whole[f"disease, {n} references"][2]) for n in (3, 0))
    assert three > none + 2 * 16  # three pictures of 16 tokens, and their words


def test_it_ends_in_time(tmp_path: Path) -> None:
    """So many repeats take hours; a quarter of a minute leaves what was measured by then."""
    out = tmp_path / "results.jsonl"
    began = time.monotonic()
    done = subprocess.run(
        arguments(out, "--minutes", "0.25", "--repeats", "100000"),
        cwd=ROOT,
        env=environment(tmp_path),
        check=True,
    )
    assert done.returncode == 0
    assert time.monotonic() - began < 15 + command.GRACE + 60  # what starting takes here included
    assert kinds(out)[0] == "machine"
    assert len(kinds(out)) < 1 + 2 * len(ROWS)


def test_without_a_gpu_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu", "--out", str(tmp_path / "none.jsonl")])
    with pytest.raises(SystemExit, match=r"no GPU that torch can use: run this on one that has"):
        command.main()


def test_a_gpu_that_is_too_small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (15_900_000_000, 16_000_000_000))
    monkeypatch.setattr(sys, "argv", ["gpu", "--out", str(tmp_path / "none.jsonl")])
    with pytest.raises(SystemExit, match="16 GB free, and this needs 24"):
        command.main()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu"])
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == "pydantic" else True)
    with pytest.raises(SystemExit, match=r"missing here: pydantic; benchmarks/gpu/README.md says"):
        command.main()


def test_results_of_nothing_make_no_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu", "--out", str(tmp_path / "none.jsonl"), "--page"])
    with pytest.raises(SystemExit, match="has no results: measure some first"):
        command.main()


def test_small_batches_of_every_row_come_first_and_nothing_twice() -> None:
    (part,) = parts(["transformers"], ["none"], [1, 64], {("transformers", "none", "group", 1)})
    assert part.rows[0] == (ROWS[1], 1)
    assert part.rows[len(ROWS) - 1] == ("group", 64)
    (card,) = parts(["card"], ["none"], [1, 64], set())
    assert {size for _, size in card.rows} == {1}
    done = {("card", "none", row, 1) for row in ROWS}
    assert parts(["card"], ["none"], [1, 64], done) == []


def test_a_failed_row_is_tried_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "results.jsonl")
    row = {"engine": "vllm", "quantization": "fp8", "row": "group", "batch": 1}
    journal.append({"kind": "failed", **row, "reason": "no memory"})
    assert journal.measured() == set()
    journal.append({"kind": "row", **row})  # from before a label was likely
    assert journal.measured() == set()
    journal.append({"kind": "row", **row, "read_on": 1})
    assert journal.measured() == {("vllm", "fp8", "group", 1)}


def test_operations_are_those_that_torch_counts(tmp_path: Path) -> None:
    folder = Path(tiny(tmp_path / "checkpoint", MODELS).folder)
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder)
    ids = torch.tensor([[Chat(folder).image] * 16 + [5] * 48])
    inputs = {
        "input_ids": ids,
        "mm_token_type_ids": (ids == Chat(folder).image).int(),
        "pixel_values": torch.randn(64, 3 * 2 * 16 * 16),
        "image_grid_thw": torch.tensor([[1, 8, 8]]),
    }
    model.set_attn_implementation("eager")  # torch does not count the CPU's fused one
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(**inputs, logits_to_keep=1)
    work = Work.of(model)
    later = work.token_pair * 64 * 63 / 2  # masked pairs, which it computes nevertheless
    assert work.prompt_flops(64, [64], 4) + later == counter.get_total_flops()


def eight_billion() -> Qwen3VLForConditionalGeneration:
    config = Qwen3VLConfig.from_dict(json.loads(SHIPPED.read_bytes()))
    with torch.device("meta"):
        model = Qwen3VLForConditionalGeneration._from_config(  # type: ignore[no-untyped-call]
            config, dtype=torch.bfloat16
        )
    assert isinstance(model, Qwen3VLForConditionalGeneration)
    return model


def test_the_floor_of_the_8b_shapes() -> None:
    model = eight_billion()
    assert round(model.num_parameters() / 1e9, 2) == 8.77
    work = Work.of(model)
    picture = [42 * 42]  # 672 pixels a side, in patches of 16
    group = work.seconds(H200, 1, 550, picture, 4, 0)
    disease = work.seconds(H200, 1, 2200, picture * 4, 4, 0)
    token = work.seconds(H200, 1, 550, picture, 4, 1) - group
    # at half of the peak rate 20 and 73 ms are known for these prompts, and 3.15 ms a token
    assert group * 2e3 == pytest.approx(20, rel=0.2)
    assert disease * 2e3 == pytest.approx(73, rel=0.2)
    assert token * 1e3 == pytest.approx(3.15, rel=0.05)


def test_fewer_bytes_lower_the_floor_of_a_token() -> None:
    model = eight_billion()
    tokens = {
        method: Work.of(model, method).seconds(H200, 1, 550, [], 4, 1)
        - Work.of(model, method).seconds(H200, 1, 550, [], 4, 0)
        for method in (None, "fp8", "bitsandbytes")
    }
    weights = {None: 15.1, "fp8": 8.2, "bitsandbytes": 4.8}  # GB that a token reads, by hand
    for method, gigabytes in weights.items():
        assert tokens[method] == pytest.approx(gigabytes / 4.8e3, rel=0.05)
