"""What was recorded of SGLang's interface, and whether the installed release still has it."""

import inspect
import json
import sys

import pytest

from tests.engines.sglang import fake
from tests.engines.sglang.record import RECORD, installed, record


def test_the_record_is_that_of_the_installed_release() -> None:
    package = installed() if "sglang" not in sys.modules else None
    if package is None:
        pytest.skip("sglang is not installed; record.py says how to, without its dependencies")
    assert record(package) == json.loads(RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("call", "stand_in"),
    [
        ("Engine.shutdown", fake.Engine.shutdown),
        ("TokenizerManager.abort_request", fake.TokenizerManager.abort_request),
        ("TokenizerManager.auto_create_handle_loop", fake.TokenizerManager.auto_create_handle_loop),
        ("TokenizerControlMixin.flush_cache", fake.TokenizerManager.flush_cache),
        (
            "TokenizerControlMixin.release_memory_occupation",
            fake.TokenizerManager.release_memory_occupation,
        ),
        (
            "TokenizerControlMixin.resume_memory_occupation",
            fake.TokenizerManager.resume_memory_occupation,
        ),
    ],
)
def test_the_stand_in_takes_what_sglang_takes(call: str, stand_in: object) -> None:
    assert callable(stand_in)
    taken = [name for name in inspect.signature(stand_in).parameters if name != "self"]
    assert taken == fake.INTERFACE["calls"][call]


def test_what_the_stand_in_repeats_was_recorded() -> None:
    interface = fake.INTERFACE
    assert interface["logprob"] == ["logprob", "token_id", "None"]
    assert interface["answer"] == ["meta_info", "output_ids", "text"]
    assert {"finish_reason", "output_token_ids_logprobs"} <= set(interface["meta_info"])
    assert interface["finish_reasons"]["FINISH_MATCHED_TOKEN"] == ["matched", "type"]
    assert {"message", "status_code"} <= set(interface["finish_reasons"]["FINISH_ABORT"])
    assert "processor_output" in interface["picture_formats"]
    assert set(vars(fake.TokenizerManager())) >= set(interface["manager"])
