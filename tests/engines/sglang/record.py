"""Records from SGLang's source what the engine relies on: `python -m tests.engines.sglang.record`.

Nothing of SGLang is imported, so it need not run here: `pip install --no-deps --target DIR
sglang==X`, then `PYTHONPATH=DIR python -m tests.engines.sglang.record > tests/engines/sglang/interface.json`.
Names and shapes are read off the syntax tree. `sources` are digests of the functions whose behaviour
`fake.py` repeats: where one changes with a release, its source has to be read again.
"""

import ast
import hashlib
import json
import re
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_name("interface.json")

ENGINE = "srt/entrypoints/engine.py"
MANAGER = "srt/managers/tokenizer_manager.py"
CONTROL = "srt/managers/tokenizer_control_mixin.py"
BATCH = "srt/managers/schedule_batch.py"
MESSAGES = "srt/managers/io_struct.py"
FLUSH = "srt/managers/scheduler_components/flush_wrapper.py"
RELEASE = "srt/managers/scheduler_components/weight_updater.py"
PICTURES = "srt/multimodal/processors/base_processor.py"

CALLS = (
    (ENGINE, "Engine.async_generate"),
    (ENGINE, "Engine.shutdown"),
    (MANAGER, "TokenizerManager.abort_request"),
    (MANAGER, "TokenizerManager.auto_create_handle_loop"),
    (CONTROL, "TokenizerControlMixin.flush_cache"),
    (CONTROL, "TokenizerControlMixin.release_memory_occupation"),
    (CONTROL, "TokenizerControlMixin.resume_memory_occupation"),
)
STRUCTS = (
    (MESSAGES, "FlushCacheReqOutput"),
    (MESSAGES, "GenerateReqInput"),
    (MESSAGES, "ReleaseMemoryOccupationReqInput"),
    (MESSAGES, "ResumeMemoryOccupationReqInput"),
    ("srt/sampling/sampling_params.py", "SamplingParams"),
)
SOURCES = (
    (ENGINE, "Engine.shutdown"),
    (MANAGER, "TokenizerManager._handle_batch_output"),
    (MANAGER, "TokenizerManager._handle_abort_finish_reason"),
    (MANAGER, "TokenizerManager.auto_create_handle_loop"),
    (MANAGER, "TokenizerManager.detokenize_logprob_tokens"),
    (BATCH, "Req._check_token_based_finish"),
    (BATCH, "Req.output_ids_through_stop"),
    (FLUSH, "SchedulerFlushWrapper.handle"),
    (FLUSH, "SchedulerFlushWrapper.check_pending"),
    (RELEASE, "SchedulerWeightUpdaterManager.release_memory_occupation"),
    (PICTURES, "BaseMultimodalProcessor.load_mm_data"),
    (PICTURES, "BaseMultimodalProcessor.validate_mm_data"),
)
PINNED = ("tokenizers", "torch", "transformers", "xgrammar")


def installed() -> Path | None:
    """The folder of the installed package, found without importing it."""
    found = find_spec("sglang")
    return Path(found.origin).parent if found and found.origin else None


def record(package: Path) -> dict[str, Any]:
    """What `interface.json` holds."""
    metadata = next(package.parent.glob("sglang-*.dist-info")) / "METADATA"
    text = metadata.read_text(encoding="utf-8")
    manager = _find(package, MANAGER, "TokenizerManager")
    answer = _find(package, MANAGER, "TokenizerManager._handle_batch_output")
    return {
        "release": _line(r"^Version: (.+)$", text),
        "requires": {name: _line(rf"^Requires-Dist: {name}==(\S+)$", text) for name in PINNED},
        "calls": {name: _arguments(_find(package, file, name)) for file, name in CALLS},
        "fields": {
            **{name: _fields(_find(package, file, name)) for file, name in STRUCTS},
            "ServerArgs": _server_arguments(package),
        },
        "manager": sorted({"asyncio_tasks", "event_loop"} & _own_attributes(manager)),
        "quantization": _constant(package, "srt/arg_groups/choices.py", "QUANTIZATION_CHOICES"),
        "answer": sorted(_keys(answer, "out_dict", has="text")),
        "meta_info": sorted(
            _keys(answer, "meta_info", has="id")
            | _subscripts(_find(package, MANAGER, "TokenizerManager.add_logprob_to_meta_info"))
        ),
        "logprob": _tuple(_find(package, MANAGER, "TokenizerManager.detokenize_logprob_tokens")),
        "finish_reasons": {
            name: sorted(_json_keys(_find(package, BATCH, f"{name}.to_json")))
            for name in ("FINISH_MATCHED_TOKEN", "FINISH_LENGTH", "FINISH_ABORT")
        },
        "picture_formats": sorted(
            _strings(
                _find(package, PICTURES, "BaseMultimodalProcessor._get_preprocessed_input_format")
            )
            & {"processor_output", "precomputed_embedding"}
        ),
        "sources": {name: _digest(package, file, name) for file, name in SOURCES},
    }


def _line(pattern: str, text: str) -> str:
    """What the pattern's group matches on the one line that has it."""
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise LookupError(pattern)
    return found[1]


@cache
def _read(path: Path) -> tuple[str, ast.Module]:
    text = path.read_text(encoding="utf-8")
    return text, ast.parse(text)


def _find(package: Path, file: str, name: str) -> Any:
    """A class or a function of a file, by its dotted name."""
    node: Any = _read(package / file)[1]
    for part in name.split("."):
        node = next(child for child in node.body if getattr(child, "name", None) == part)
    return node


def _arguments(function: Any) -> list[str]:
    arguments = function.args
    return [one.arg for one in (*arguments.args, *arguments.kwonlyargs) if one.arg != "self"]


def _fields(struct: Any) -> list[str]:
    return [ast.unparse(one.target) for one in struct.body if isinstance(one, ast.AnnAssign)]


def _server_arguments(package: Path) -> list[str]:
    """The fields of every class that `ServerArgs` is put together from."""
    module = _read(package / "srt/server_args.py")[1]
    assignment = next(
        node
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_INPUT_NAMESPACES"
    )
    wanted = {ast.unparse(one) for one in assignment.value.elts}  # type: ignore[attr-defined]
    return sorted(
        field
        for path in (package / "srt/arg_groups/fields").glob("*.py")
        for node in _read(path)[1].body
        if isinstance(node, ast.ClassDef) and node.name in wanted
        for field in _fields(node)
        if not field.startswith("_")
    )


def _own_attributes(struct: Any) -> set[str]:
    return {
        target.attr
        for node in ast.walk(struct)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self"
    }


def _constant(package: Path, file: str, name: str) -> list[str]:
    for node in _read(package / file)[1].body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return list(ast.literal_eval(node.value))
    raise LookupError(name)


def _dict_keys(node: ast.AST) -> set[str]:
    if not isinstance(node, ast.Dict):
        return set()
    return {
        key.value
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _keys(function: Any, variable: str, *, has: str) -> set[str]:
    """Keys of the dictionaries that a function assigns to a variable, or updates it with."""
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == variable:
            found |= _dict_keys(node.value) if has in _dict_keys(node.value) else set()
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"{variable}.update":
            found |= _dict_keys(node.args[0])
    return found


def _subscripts(function: Any) -> set[str]:
    return {
        node.slice.value
        for node in ast.walk(function)
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and ast.unparse(node.value) == "meta_info"
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    }


def _tuple(function: Any) -> list[str]:
    """What stands in which place of a log-probability's entry."""
    comprehension = next(node for node in ast.walk(function) if isinstance(node, ast.ListComp))
    return [ast.unparse(one) for one in comprehension.elt.elts]  # type: ignore[attr-defined]


def _json_keys(function: Any) -> set[str]:
    return set().union(*map(_dict_keys, ast.walk(function)))


def _strings(function: Any) -> set[str]:
    return {
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _digest(package: Path, file: str, name: str) -> str:
    text = _read(package / file)[0]
    segment = ast.get_source_segment(text, _find(package, file, name)) or ""
    return hashlib.sha256(segment.encode()).hexdigest()[:16]


if __name__ == "__main__":
    folder = installed()
    if folder is None:
        sys.exit("sglang is not installed: the docstring says how to, without its dependencies")
    json.dump(record(folder), sys.stdout, indent=1)
    print()
