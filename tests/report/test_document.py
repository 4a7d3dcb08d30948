"""Reports as text: what they say, what they mark, and that nothing in an answer becomes markup."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest

from hikari_serve.cascade.limitations import Limitation
from hikari_serve.errors import Unavailable
from hikari_serve.presentation.answer import Answer
from hikari_serve.report import FORMATS, Report, render, wording
from hikari_serve.report.checks import checks_of
from hikari_serve.report.document import Format
from hikari_serve.report.lines import Line
from hikari_serve.stage import ReferenceCase, Retrieval
from tests.report.conftest import HOSTILE, complete, report
from tests.scripted import Bench, classified


class Page(HTMLParser):
    """The elements of a page with their attributes, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.marks: list[tuple[str | None, str]] = []
        self.words = ""
        self._inside = ""
        self.feed(text)
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        self.words += "" if tag == "mark" else " "

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            return
        if self._inside == "mark":
            self.marks.append((self.elements[-1][1]["class"], data))
        self._inside = ""
        self.words += data


def page(kind: str) -> Page:
    return Page(render(report(kind), "html"))


def test_a_report_refers_to_nothing_outside_itself(any_report: Report) -> None:
    elements = Page(render(any_report, "html")).elements
    targets = [
        str(value)
        for _, attributes in elements
        for name, value in attributes.items()
        if name in ("href", "src", "srcset", "action")
    ]
    assert targets  # the picture at least
    assert [target for target in targets if not target.startswith("data:")] == []


@pytest.mark.parametrize("form", FORMATS)
def test_it_is_made_from_the_json_alone(any_report: Report, form: Format) -> None:
    again = Answer.model_validate_json(any_report.answer.model_dump_json())
    assert render(replace(any_report, answer=again), form) == render(any_report, form)


def test_a_complete_answer_shows_everything() -> None:
    found = page("complete")
    for words in (
        "complete.png", "2026-01-02 03:04 UTC", "Sccis probability 70.0%", "Psoriasis 30.0%",
        "Malignant probability 70.0%", "The disease, named knowing the group, belongs to it.",
        "The caption, written knowing the disease, agrees with it.",
        "66.7% of the 3 reference cases, which its model was shown, have this disease.",
        "The nearest reference case is 0.100 away", "case-2, similarity 0.900", "demo_caption / 1",
        "preprocessing max128-lanczos", "engine scripted", "64 × 64 pixels",
    ):  # fmt: skip
        assert words in found.words, words
    assert f"cascade config {complete().provenance.config}" in found.words
    assert found.words.count("not a medical device") == 2
    assert [tag for tag, _ in found.elements].count("img") == 4


def test_words_that_agree_and_contradict_are_marked_apart() -> None:
    found = [
        mark
        for mark in page("contradicted").marks
        if mark[1] in ("sccis", "psoriasis", "Urticaria")
    ]
    assert found == [
        ("contradicts", "sccis"),
        ("contradicts", "psoriasis"),
        ("unknown", "Urticaria"),
    ]
    words = page("contradicted").words
    assert "Some of the evidence does not fit the disease" in words
    assert "(cut off at the limit of words)" in words
    assert ("agrees", "sccis") in page("complete").marks


@pytest.mark.parametrize(
    ("kind", "title", "why"),
    [
        ("unknown", "Not known", "Little belief."),
        ("abstained", "Not named", "Sccis is not named: its probability of 70% is below 80%."),
    ],
)
def test_an_unsure_answer_looks_unsure(kind: str, title: str, why: str) -> None:
    found = page(kind)
    assert f"{title} {why}" in found.words
    for words in (found.words, render(report(kind), "md")):
        assert f"No disease is named. {why}" in words
    classes = [attributes.get("class") or "" for _, attributes in found.elements]
    assert "bars unsure-bars" in classes
    assert any(each.split() == ["verdict", "unsure"] for each in classes)
    assert "(unsure)" in render(report(kind), "md")


def test_the_banner_names_the_stage_that_names_nothing() -> None:
    bench = Bench()
    bench.stages["group"].output = classified(None, "malignant", "benign")
    answer = bench.run(until="group")
    assert wording.banner(answer) == "No group is named. No reason is given."


def test_the_banner_of_a_partial_answer_says_too_that_no_disease_is_named() -> None:
    bench = Bench()
    found = classified(None, "sccis", "psoriasis")
    bench.stages["disease"].output = found.model_copy(update={"reason": "little belief"})
    bench.stages["caption"].error = Unavailable("the runner cannot be reached")
    told = wording.banner(bench.run())
    assert told == (
        "This answer is partial: not every stage has a result. No disease is named. Little belief."
    )


def test_the_banner_of_a_disease_without_a_group_says_so() -> None:
    bench = Bench()
    bench.stages["group"].output = classified(None, "malignant", "benign")
    assert wording.banner(bench.run()) == "No group is named. No reason is given."


def checked(answer: Answer) -> dict[str, Line]:
    return {line.name: line for line in checks_of(answer)}


def test_agreement_with_what_was_told_is_no_finding() -> None:
    answer = report("complete").answer
    lines = checked(answer)
    assert {lines[name].tone for name in ("group", "caption", "references")} == {"soft"}
    apart = tuple(stage.model_copy(update={"given": ()}) for stage in answer.stages)
    lines = checked(answer.model_copy(update={"stages": apart}))
    assert lines["caption"] == ("caption", "The caption agrees with the disease.", "plain")
    assert lines["group"].text == "The disease belongs to the group that was named."
    assert lines["references"].text == "66.7% of the 3 reference cases have this disease."
    assert checks_of(report("contradicted").answer)[1].text.startswith("The caption contra")


def test_checks_of_a_withheld_disease_say_that_it_is_withheld() -> None:
    answer = Bench(abstain={"min_probability": 0.8}).run()
    checks = answer.checks.model_copy(
        update={"references_agreeing": 1.0, "group_disease": "contradicts"}
    )
    answer = answer.model_copy(update={"checks": checks})
    lines = checked(answer)
    assert lines["caption"].text == "The caption agrees with the withheld disease."
    assert (
        lines["group"].text == "The withheld disease does not belong to the group that was named."
    )
    assert lines["references"].text.endswith("have the withheld disease.")
    shown = Page(render(replace(report("abstained"), answer=answer), "html")).words
    assert "(agrees with the withheld disease)" in shown
    for words in ("have this disease", "with the disease", "The disease"):
        assert words not in shown


@pytest.mark.parametrize(
    ("shown", "which", "tone"),
    [
        (3, ", which its model was shown,", "soft"),
        (1, ", of which its model was shown 1,", "soft"),
        (0, "", "plain"),
    ],
)
def test_cases_that_the_model_had_no_room_for_are_not_what_it_was_shown(
    shown: int, which: str, tone: str
) -> None:
    found = classified("sccis", "sccis", "psoriasis").model_copy(update={"cases_shown": shown})
    line = checked(complete(found))["references"]
    assert line.text == f"66.7% of the 3 reference cases{which} have this disease."
    assert line.tone == tone


@pytest.mark.parametrize(
    ("distance", "written", "tone"),
    [
        (0.0, "0.000", "unsure"),
        (0.0004, "< 0.001", "unsure"),
        (0.0019, "0.002", "unsure"),
        (0.002, "0.002", "plain"),
        (0.3, "0.300", "plain"),
    ],
)
def test_a_case_that_is_almost_the_picture_is_no_evidence(
    distance: float, written: str, tone: str
) -> None:
    answer = report("complete").answer
    near = answer.checks.model_copy(update={"nearest_distance": distance})
    answer = answer.model_copy(update={"checks": near})
    line = checked(answer)["distance"]
    assert f"is {written} away" in line.text
    assert (line.tone, "perhaps the same lesion" in line.text) == (tone, tone == "unsure")
    assert wording.banner(answer) is None  # it does not speak against the disease


@pytest.mark.parametrize("form", FORMATS)
def test_a_case_beyond_the_differential_has_a_name_too(form: Format) -> None:
    bench = Bench()
    case = ReferenceCase(id="c1", similarity=0.9, label="psoriasis")
    bench.stages["references"].output = Retrieval(index="i1", cases=(case,))
    answer = bench.run(top_k=1)
    assert answer.references[0].display_name == "Psoriasis"
    text = render(replace(report("complete"), answer=answer), form)
    assert "Psoriasis" in text
    assert "psoriasis" not in text


@pytest.mark.parametrize("form", FORMATS)
def test_almost_one_is_not_rounded_to_one(form: Format) -> None:
    answer = report("complete").answer
    quality = answer.quality.model_copy(update={"score": 0.996, "warnings": ("it is dark",)})
    case = answer.references[0].model_copy(update={"similarity": 0.9998})
    answer = answer.model_copy(update={"quality": quality, "references": (case,)})
    text = unescape(render(replace(report("complete"), answer=answer), form)).replace("\\", "")
    assert "quality > 0.99 of 1" in text
    assert "similarity > 0.999" in text


def test_a_stage_without_a_result_is_told() -> None:
    for form in FORMATS:
        text = render(report("partial"), form)
        assert "No result" in text
        assert "failed: the runner cannot be reached" in text
    assert "This answer is partial" in page("partial").words


def test_what_was_not_asked_for_is_not_missing() -> None:
    words = page("alone").words
    for heading in ("Caption", "Similar reference cases"):
        assert heading not in words


@pytest.mark.parametrize("form", FORMATS)
def test_a_search_that_found_no_case_is_told(form: Format) -> None:
    assert re.search(
        r"Similar reference cases(</h2>)?\s+(<p>)?No case was found\.",
        render(report("searched"), form),
    )


@pytest.mark.parametrize(("probability", "share"), [(0.4, "40.0%"), (0.5, "50.0%")])
def test_a_label_not_more_likely_than_not_is_no_finding(probability: float, share: str) -> None:
    answer = report("complete").answer
    assert answer.disease is not None
    disease = answer.disease.model_copy(update={"probability": probability})
    changed = replace(report("complete"), answer=answer.model_copy(update={"disease": disease}))
    assert f"probability {share}, not more likely than not" in render(changed, "html")
    assert "unsure-bars" in render(changed, "html").partition("</style>")[2]


def test_limits_are_told() -> None:
    limit = Limitation(
        model="demo_disease", label=None, display_name="Psoriasis", text="Half are found."
    )
    answer = report("complete").answer.model_copy(update={"limits": (limit,)})
    for form in FORMATS:
        text = render(replace(report("complete"), answer=answer), form)
        assert "Psoriasis: Half are found." in text


def test_hostile_text_is_text() -> None:
    found = page("hostile")
    assert HOSTILE in found.words
    assert {tag for tag, _ in found.elements} <= {
        "html", "head", "meta", "link", "title", "style", "body", "header", "h1", "h2", "h3", "p",
        "time", "main", "div", "section", "figure", "img", "ol", "ul", "li", "span", "svg", "rect",
        "mark", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "footer",
    }  # fmt: skip
    assert not [name for _, attributes in found.elements for name in attributes if name[:2] == "on"]
    assert [tag for tag, _ in found.elements].count("img") == 1  # `<svg` is no picture of a case


def test_hostile_text_is_no_markdown() -> None:
    text = render(report("hostile"), "md")
    assert not re.search(r"(?<!\\)<|(?<!\\)\]\(", text)
    assert len({line.count("|") - line.count(r"\|") for line in text.splitlines()}) <= 4


def test_offsets_that_are_none_mark_nothing() -> None:
    answer = report("complete").answer
    assert answer.caption is not None
    assert answer.caption.mentions
    wrong = [m.model_copy(update={"end": 9999}) for m in answer.caption.mentions]
    caption = answer.caption.model_copy(update={"mentions": tuple(wrong)})
    answer = answer.model_copy(update={"caption": caption})
    found = Page(render(replace(report("complete"), answer=answer), "html"))
    assert found.marks == []
    assert caption.text in found.words


@pytest.mark.parametrize("form", FORMATS)
def test_almost_all_is_not_rounded_to_all(form: Format) -> None:
    text = render(report("nearly"), form)
    assert "100.0%" not in text
    assert " 0.0%" not in text
    escaped = {"html": ("&gt; 99.9%", "&lt; 0.1%"), "md": ("> 99.9%", "< 0.1%")}
    for share in escaped.get(form, escaped["md"]):
        assert text.count(share) >= 2, share


@pytest.mark.parametrize("form", FORMATS)
def test_a_label_from_words_is_told_as_unsure(form: Format) -> None:
    text = render(report("written"), form)
    assert "no probability is known; the model wrote" in text
    assert "belief lies inside" not in text
    assert "None" not in text
    assert wording.verdict(report("written").answer.disease).tone == "unsure"  # type: ignore[arg-type]


def test_a_stage_with_a_skin_cascades_name_and_of_another_kind_is_told_with_the_others() -> None:
    bench = Bench()
    bench.stages["caption"].output = classified("rust", "rust", "mildew")
    answer = bench.run()
    assert answer.caption is None
    assert wording.others(answer) == [("caption", "Rust: probability 70.0%", "plain")]
    assert wording.others(Bench().run()) == []
