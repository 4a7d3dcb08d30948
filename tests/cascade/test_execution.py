"""The graph under failure, delay and cancellation, with scripted stages around the real core."""

import asyncio
import io
import re
import time
from dataclasses import replace

import pytest
from PIL import Image

from hikari_serve.cascade.report import StageEnd, Words
from hikari_serve.cascade.request import CascadeRequest, Event
from hikari_serve.errors import BadImage, DeadlineExceeded, InvalidInput, PoorQuality, Unavailable
from hikari_serve.pictures.view import content_hash
from hikari_serve.presentation.answer import Answer
from tests.scripted import OUTPUTS, Bench, classified


@pytest.fixture
def bench() -> Bench:
    return Bench()


def statuses(answer: Answer) -> dict[str, str]:
    return {stage.name: stage.status for stage in answer.stages}


def test_every_stage_gets_what_earlier_stages_found(bench: Bench) -> None:
    answer = bench.run()
    assert answer.status == "complete"
    assert bench.stages["disease"].items[0].inputs == {"group": "malignant", "references": ("c7",)}
    assert bench.stages["disease"].items[0].index == "i1"
    assert bench.stages["caption"].items[0].inputs == {"disease": "sccis"}
    assert answer.disease is not None
    assert [rank.label for rank in answer.disease.differential] == ["sccis", "psoriasis"]
    assert answer.caption is not None
    assert answer.caption.consistency == "agrees"
    assert set(answer.provenance.stages) == set(OUTPUTS)
    assert "not a medical device" in answer.notice
    assert "drawings" in answer.notice


def test_a_description_reaches_the_stage_that_compares_it(bench: Bench) -> None:
    with pytest.raises(InvalidInput, match="cascade 'demo' compares no description"):
        bench.run(description="A red plaque.")
    bench.cascade.graph = replace(
        bench.cascade.graph,
        nodes=tuple(
            replace(node, description="description") if node.kind == "retrieve" else node
            for node in bench.cascade.graph.nodes
        ),
    )
    bench.run(description="A red plaque.")
    bench.run()
    items = {name: stage.items for name, stage in bench.stages.items()}
    assert [item.inputs for item in items["references"]] == [{"description": "A red plaque."}, {}]
    assert ["description" in item.inputs for item in items["disease"]] == [False, False]
    # every stage knows the picture by its file too, so that it is not compared with itself
    assert {item.content for name in items for item in items[name]} == {content_hash(bench.image)}


def test_stages_that_do_not_wait_for_each_other_run_in_parallel(bench: Bench) -> None:
    bench.stages["group"].seconds = bench.stages["references"].seconds = 1.0
    began = time.monotonic()
    bench.run()
    assert time.monotonic() - began < 1.9


def test_a_failed_optional_input_is_done_without_and_named(bench: Bench) -> None:
    bench.stages["references"].error = Unavailable("the references runner cannot be reached")
    answer = bench.run()
    assert answer.status == "partial"
    assert statuses(answer) == {
        "group": "ok",
        "references": "failed",
        "disease": "ok",
        "caption": "ok",
    }
    disease = next(stage for stage in answer.stages if stage.name == "disease")
    assert disease.missing_inputs == ("references",)
    failed = next(stage for stage in answer.stages if stage.name == "references")
    assert failed.error is not None
    assert failed.error.code == "unavailable"


def test_an_unsure_label_is_not_passed_on_as_a_sure_one(bench: Bench) -> None:
    bench.stages["disease"].output = classified(None, "sccis", "psoriasis")
    answer = bench.run()
    assert answer.status == "abstained"
    assert bench.stages["caption"].items[0].inputs == {}
    assert answer.disease is not None
    assert answer.disease.label is None
    assert answer.caption is not None
    assert answer.caption.consistency == "unknown"


def test_the_checks_of_a_withheld_disease_are_still_about_it() -> None:
    named, withheld = Bench().run(), Bench(abstain={"min_probability": 0.8}).run()
    assert withheld.status == "abstained"
    assert withheld.checks == named.checks
    assert withheld.caption is not None
    assert withheld.caption.consistency == "agrees"


def test_what_was_finished_is_returned_when_a_later_stage_hangs(bench: Bench) -> None:
    bench.stages["disease"].seconds = 60
    began = time.monotonic()
    answer = bench.run(timeout_ms=200)
    assert time.monotonic() - began < 0.4
    assert answer.status == "partial"
    assert answer.group is not None
    assert answer.disease is None
    assert bench.stages["disease"].cancelled
    failed = {stage.name: stage.error.code for stage in answer.stages if stage.error}
    assert failed["disease"] == "deadline_exceeded"


def test_a_hung_optional_stage_costs_half_the_time_not_the_answer(bench: Bench) -> None:
    bench.stages["references"].seconds = 60
    answer = bench.run(timeout_ms=400)
    assert answer.disease is not None
    assert answer.caption is not None
    assert statuses(answer)["references"] == "failed"


def test_all_stages_share_one_deadline(bench: Bench) -> None:
    bench.stages["group"].seconds = 0.1
    bench.run(timeout_ms=5000)
    deadlines = [item.deadline for stage in bench.stages.values() for item in stage.items]
    assert len(deadlines) == 4
    assert len(set(deadlines)) == 1


def test_when_no_stage_answers_the_first_error_is_raised(bench: Bench) -> None:
    for stage in bench.stages.values():
        stage.seconds = 60
    with pytest.raises(DeadlineExceeded):
        bench.run(timeout_ms=100)


def test_a_bug_in_one_stage_leaves_the_others(bench: Bench) -> None:
    bench.stages["caption"].error = ZeroDivisionError("oops")
    answer = bench.run()
    assert statuses(answer)["caption"] == "failed"
    assert answer.disease is not None


@pytest.mark.parametrize(
    ("until", "ran"),
    [
        ("group", {"group"}),
        ("disease", {"group", "references", "disease"}),
        ("caption", {"group", "references", "disease", "caption"}),
    ],
)
def test_until_stops_early(bench: Bench, until: str, ran: set[str]) -> None:
    assert set(statuses(bench.run(until=until))) == ran


def test_zero_references_skips_retrieval(bench: Bench) -> None:
    answer = bench.run(cases=0)
    assert answer.status == "complete"
    assert "references" not in statuses(answer)
    assert bench.stages["disease"].items[0].inputs == {"group": "malignant"}


def test_events_come_as_stages_end_and_words_before_their_caption(bench: Bench) -> None:
    events: list[Event] = []
    bench.run(events.append)
    ended = [event.name for event in events if isinstance(event, StageEnd)]
    assert sorted(ended[:2]) == ["group", "references"]
    assert ended[2:] == ["disease", "caption"]
    assert isinstance(events[-2], Words)


def test_cancelling_the_run_cancels_every_stage(bench: Bench) -> None:
    async def main() -> None:
        for stage in bench.stages.values():
            stage.seconds = 60
        request = CascadeRequest(id="r1", image=bench.image)
        task = asyncio.create_task(bench.cascade.run(request))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert bench.stages["group"].cancelled
        assert bench.stages["references"].cancelled

    asyncio.run(main())


def test_a_bad_picture_reaches_no_stage(bench: Bench) -> None:
    with pytest.raises(BadImage):
        bench.run(image=b"not a picture")
    assert not bench.stages["group"].items


def test_until_names_a_stage_of_this_cascade(bench: Bench) -> None:
    with pytest.raises(
        InvalidInput, match=r"until is .*, but this cascade has group, references, disease, caption"
    ):
        bench.run(until="biopsy")


def test_the_answer_tells_the_quality_of_the_picture(bench: Bench) -> None:
    quality = bench.run().quality
    assert (quality.width, quality.height, quality.blank, quality.score) == (64, 64, True, 0)


def test_a_picture_below_the_wanted_quality_is_refused_before_any_model() -> None:
    bench = Bench(min_quality=0.5)
    with pytest.raises(PoorQuality, match="nothing to see but one colour; take a picture of"):
        bench.run()
    assert not any(stage.items for stage in bench.stages.values())


def test_a_quality_below_the_wanted_one_never_looks_like_it() -> None:
    noisy = io.BytesIO()
    grain = Image.effect_noise((48, 48), 100).convert("RGB")
    Image.blend(Image.new("RGB", grain.size, "peru"), grain, 0.2).save(noisy, "PNG")
    score = Bench().run(image=noisy.getvalue()).quality.score
    assert 0 < score < 1
    bench = Bench(min_quality=score + 0.0004)
    with pytest.raises(PoorQuality) as refused:
        bench.run(image=noisy.getvalue())
    said = re.search(r"its quality is (\S+), and this cascade wants (\S+)\)", str(refused.value))
    assert said is not None
    assert float(said[1]) < float(said[2])
