"""The page at `/`, used as a person does."""

import json
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import FilePayload, Page, ViewportSize, expect

from hikari_serve.errors import Unavailable
from hikari_serve.repository.schema import AbstentionRule
from hikari_serve.serving.keys import Keys
from hikari_serve.stage import Description, ReferenceCase, Retrieval
from tests.browser.conftest import DESK, PHONE, Opened, violations, wider
from tests.report.conftest import HOSTILE, png
from tests.scripted import classified
from tests.serving.conftest import Api


def choose(page: Page, name: str = "lesion.png") -> None:
    file: FilePayload = {"name": name, "mimeType": "image/png", "buffer": png()}
    page.locator("#file").set_input_files(file)
    expect(page.locator("#status")).to_have_text(f"Done: {name}.")


@pytest.fixture
def answering(api: Api) -> Api:
    case = ReferenceCase(id="case-7", similarity=0.9, label="sccis", caption="Red.", image=png())
    api.bench.stages["references"].output = Retrieval(index="i", cases=(case,), labels=("sccis",))
    return api


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_it_is_accessible_before_and_after(
    answering: Api, opened: Opened, size: ViewportSize, scheme: str
) -> None:
    page = opened(answering.url, size, color_scheme=scheme)
    assert violations(page) == []
    assert wider(page) == []
    choose(page)
    expect(page.locator("[data-part=disease]")).to_contain_text("Sccis, 70.0%")
    assert violations(page) == []
    assert wider(page) == []


def test_it_asks_nobody_else(answering: Api, opened: Opened, requests: list[str]) -> None:
    page = opened(answering.url)
    choose(page)
    hosts = {urlsplit(url).netloc for url in requests}
    assert hosts - {""} == {urlsplit(answering.url).netloc}


def test_it_shows_the_checks(answering: Api, opened: Opened) -> None:
    answering.bench.stages["caption"].output = Description(text="Psoriasis.", finish_reason="stop")
    page = opened(answering.url)
    choose(page)
    checks = page.locator("[data-part=checks]")
    expect(checks).to_contain_text("The caption contradicts the disease.")
    expect(checks).to_contain_text("100.0% of the reference cases, which its model was shown")
    expect(checks).to_contain_text("The nearest reference case is 0.100 away")
    expect(page.locator("figcaption")).to_have_text("Sccis, similarity 0.900")
    outcome = page.locator("[data-part=outcome] p")
    expect(outcome).to_contain_text("Some of the evidence does not fit the disease")
    expect(outcome).to_have_class("unsure")


@pytest.mark.parametrize(
    ("shown", "said"),
    [(1, "cases, of which its model was shown 1, have"), (0, "cases have this disease")],
)
def test_it_claims_no_case_that_the_model_was_not_shown(
    answering: Api, opened: Opened, shown: int, said: str
) -> None:
    cases = tuple(ReferenceCase(id=f"case-{n}", similarity=0.9) for n in range(2))
    found = Retrieval(index="i", cases=cases, labels=("sccis", "sccis"))
    answering.bench.stages["references"].output = found
    disease = classified("sccis", "sccis", "psoriasis")
    answering.bench.stages["disease"].output = disease.model_copy(update={"cases_shown": shown})
    page = opened(answering.url)
    choose(page)
    expect(page.locator("[data-part=checks]")).to_contain_text(said)


@pytest.mark.parametrize(
    ("words", "said", "tone"),
    [
        ("Sccis and melanoma.", "A part of the caption agrees with the disease, and", "unsure"),
        ("Sccis cannot be excluded.", "The caption leaves the disease open.", "soft"),
        ("A red plaque.", "The caption cannot be compared with the disease.", "soft"),
    ],
)
def test_words_that_do_not_settle_the_disease_are_told_apart(
    answering: Api, opened: Opened, words: str, said: str, tone: str
) -> None:
    answering.bench.stages["caption"].output = Description(text=words, finish_reason="stop")
    page = opened(answering.url)
    choose(page)
    expect(page.locator("[data-part=checks]").get_by_text(said)).to_have_class(tone)
    against = "Some of the evidence does not fit the disease"
    outcome = page.locator("[data-part=outcome] p").inner_text()
    assert (against in outcome) == (tone == "unsure")


def test_what_agrees_because_it_was_told_is_said_so(answering: Api, opened: Opened) -> None:
    case = ReferenceCase(id="case-7", similarity=0.9996)
    answering.bench.stages["references"].output = Retrieval(index="i", cases=(case,))
    page = opened(answering.url)
    choose(page)
    line = page.get_by_text("The caption, written knowing the disease, agrees with it.")
    expect(line).to_have_class("soft")
    near = page.get_by_text("The nearest reference case is < 0.001 away")
    expect(near).to_contain_text("perhaps the same lesion")
    expect(near).to_have_class("unsure")
    expect(page.locator("figcaption")).to_have_text("case-7, similarity > 0.999")
    expect(page.locator("[data-part=outcome] p")).to_have_text("Complete: every stage answered.")


@pytest.mark.parametrize(
    ("probability", "said", "rows"),
    [
        (0.31, "Sccis, 31.0%, not more likely than not", "row pale"),
        (0.5, "Sccis, 50.0%, not more likely than not", "row pale"),
        (0.7, "Sccis, 70.0%", "row"),
    ],
    ids=["unlikely", "tie", "likely"],
)
def test_a_disease_not_more_likely_than_not_is_said_so_and_has_pale_bars(
    answering: Api, opened: Opened, probability: float, said: str, rows: str
) -> None:
    found = classified("sccis", "sccis", "psoriasis")
    changed = {"probability": probability}
    answering.bench.stages["disease"].output = found.model_copy(update=changed)
    page = opened(answering.url)
    choose(page)
    expect(page.locator("[data-part=disease] .verdict")).to_have_text(said)
    for row in page.locator("[data-part=disease] .row").all():
        expect(row).to_have_class(rows)


def test_a_provisional_disease_looks_unsure(answering: Api, opened: Opened) -> None:
    cascade = answering.bench.cascade
    rule = AbstentionRule(on_caption_contradiction=True)
    cascade.settings = cascade.settings.model_copy(update={"abstain": rule})
    answering.bench.stages["caption"].seconds = 2
    page = opened(answering.url)
    file: FilePayload = {"name": "lesion.png", "mimeType": "image/png", "buffer": png()}
    page.locator("#file").set_input_files(file)
    disease = page.locator("[data-part=disease]")
    expect(disease).to_contain_text("Provisional")
    expect(disease.locator(".verdict")).to_have_class("verdict unsure")
    expect(disease.locator(".row").first).to_have_class("row pale")
    expect(disease).not_to_contain_text("Provisional")
    expect(disease.locator(".row").first).to_have_class("row")


def test_an_abstained_answer_says_what_is_not_named(answering: Api, opened: Opened) -> None:
    cascade = answering.bench.cascade
    rule = AbstentionRule(min_probability=0.8)
    cascade.settings = cascade.settings.model_copy(update={"abstain": rule})
    page = opened(answering.url)
    choose(page)
    reason = "its probability of 70% is below 80%"
    expect(page.locator("[data-part=outcome] p")).to_have_text(
        f"Abstained. No disease is named: Sccis is not named: {reason}."
    )
    expect(page.locator("[data-part=group]")).to_contain_text("Malignant, 70.0%")
    checks = page.locator("[data-part=checks]")
    expect(checks).to_contain_text("The caption agrees with the withheld disease.")
    expect(checks).to_contain_text("which its model was shown, have the withheld disease.")


def test_an_unsure_answer_looks_unsure(answering: Api, opened: Opened) -> None:
    answering.bench.stages["disease"].output = classified(None, "sccis", "psoriasis")
    answering.bench.stages["caption"].error = Unavailable("the runner cannot be reached")
    page = opened(answering.url)
    choose(page)
    expect(page.locator("[data-part=disease] .verdict")).to_have_class("verdict unsure")
    expect(page.locator("[data-part=caption]")).to_contain_text("the runner cannot be reached")
    expect(page.locator("[data-part=outcome] p")).to_have_text(
        "Partial: a stage has no result. No disease is named: no reason is given."
    )
    assert violations(page) == []


def test_it_opens_the_report_of_the_same_picture(answering: Api, opened: Opened) -> None:
    page = opened(answering.url)
    button = page.get_by_role("button", name="Open the report")
    expect(button).to_be_hidden()
    choose(page, "a <b>.png")
    with page.context.expect_page() as waiting:
        button.click()
    report = waiting.value
    expect(report.locator("h1")).to_have_text(re.compile("Request [0-9a-f]{32}"))
    expect(report.locator(".verdict").first).to_have_text("Sccis")
    assert report.evaluate("document.images[0].naturalWidth") == 64


def test_hostile_words_are_text(answering: Api, opened: Opened) -> None:
    answering.bench.stages["caption"].output = Description(text=HOSTILE, finish_reason="stop")
    page = opened(answering.url)
    choose(page)
    expect(page.locator("[data-part=caption] div")).to_have_text(HOSTILE)


def test_it_tells_a_search_that_found_no_case(answering: Api, opened: Opened) -> None:
    answering.bench.stages["references"].output = Retrieval(index="i", cases=())
    page = opened(answering.url)
    choose(page)
    expect(page.locator("#cases")).to_have_text("No case was found.")


def streamed(page: Page, *events: tuple[str, dict[str, object]]) -> None:
    """Has the page's next picture answered by these events, and shows it one."""
    body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    page.unroute_all()
    page.route("**/diagnose/stream", lambda asked: asked.fulfill(body=body))
    file: FilePayload = {"name": "leaf.png", "mimeType": "image/png", "buffer": png()}
    page.locator("#file").set_input_files(file)
    expect(page.locator("#error")).to_contain_text("The connection ended")


def test_words_of_another_stage_stand_under_its_name(answering: Api, opened: Opened) -> None:
    page = opened(answering.url)
    others, caption = page.locator("[data-part=others] > div"), page.locator("[data-part=caption]")
    on_the_way: list[tuple[str, dict[str, object]]] = [
        ("words", {"stage": "note", "text": "A brown spot "}),
        ("words", {"stage": "advice", "text": "Water it "}),
        ("words", {"stage": "note", "text": "on a leaf."}),
    ]
    streamed(page, *on_the_way)
    expect(others).to_have_text("noteA brown spot on a leaf.adviceWater it ")
    expect(caption).to_be_hidden()
    written = {"kind": "describe", "text": "A brown spot.", "finish_reason": "stop"}
    gone = {"code": "unavailable", "message": "the runner is gone"}
    streamed(
        page,
        *on_the_way,
        ("stage", {"name": "note", "status": "ok", "error": None, "found": written}),
        ("stage", {"name": "advice", "status": "failed", "error": gone, "found": None}),
    )
    expect(others).to_have_text("noteA brown spot.advicefailed: the runner is gone")
    expect(caption).to_be_hidden()


def test_it_says_what_is_still_loading(answering: Api, opened: Opened) -> None:
    loading = answering.bench.stages["caption"]
    loading.loading = True
    page = opened(answering.url)
    expect(page.locator("#status")).to_have_text("Loading: caption …")
    loading.loading = False
    expect(page.locator("#status")).to_have_text("")


KEY, WRONG = "k" * 20, "w" * 20


@pytest.mark.parametrize("keys", [Keys({KEY: "infer"})])
def test_it_asks_for_a_key_once_and_tells_it_to_nobody_else(
    answering: Api, opened: Opened, requests: list[str]
) -> None:
    page = opened(answering.url)
    field = page.get_by_label("Key")
    expect(field).to_be_hidden()
    file: FilePayload = {"name": "lesion.png", "mimeType": "image/png", "buffer": png()}
    page.locator("#file").set_input_files(file)
    expect(page.locator("#error")).to_contain_text("The server asks for a key.")
    assert violations(page) == []
    field.fill(WRONG)
    field.press("Enter")
    expect(page.locator("#error")).to_contain_text("The server does not know this key.")
    field.fill(KEY)
    field.press("Enter")
    expect(page.locator("#status")).to_have_text("Done: lesion.png.")
    expect(page.locator("#error")).to_have_text("")
    expect(field).to_be_hidden()

    with page.context.expect_page() as waiting:
        page.get_by_role("button", name="Open the report").click()
    expect(waiting.value.locator("h1")).to_have_text(re.compile("Request [0-9a-f]{32}"))
    page.reload()
    choose(page)
    assert not [url for url in requests if KEY in url or WRONG in url]
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]


@pytest.mark.parametrize("keys", [Keys({KEY: "infer"})])
def test_a_report_that_is_refused_leaves_no_empty_tab(answering: Api, opened: Opened) -> None:
    page = opened(answering.url)
    page.evaluate(f"sessionStorage.setItem('key', '{KEY}')")
    choose(page)
    page.evaluate(f"sessionStorage.setItem('key', '{WRONG}')")
    page.get_by_role("button", name="Open the report").click()
    expect(page.locator("#error")).to_contain_text("The server does not know this key.")
    expect(page.get_by_label("Key")).to_be_visible()
    assert len(page.context.pages) == 1
