"""The whole product on drawings: real weights, real processes, right and wrong answers."""

import concurrent.futures
from typing import Any

import httpx
import numpy as np

from hikari_serve.drawing.cases import Drawing, draw_cases
from hikari_serve.drawing.others import noise
from tests.served.conftest import SEED
from tests.served.pictures import png
from tests.served.server import Server


def diagnose(server: Server, image: bytes, **form: str) -> httpx.Response:
    return httpx.post(f"{server.url}/diagnose", files={"image": image}, data=form, timeout=60)


def test_drawn_lesions_are_recognised(server: Server, drawings: list[Drawing]) -> None:
    answers: list[dict[str, Any]] = [diagnose(server, png(d.image)).json() for d in drawings]
    right_group = sum(
        a["group"]["label"] == d.group for a, d in zip(answers, drawings, strict=True)
    )
    right = sum(a["disease"]["label"] == d.disease for a, d in zip(answers, drawings, strict=True))
    assert right_group >= 18
    assert right >= 18
    assert sum(answer["caption"]["consistency"] == "agrees" for answer in answers) >= 17
    for answer in answers:
        assert len(answer["references"]) == 3
        assert answer["references"][0]["image"]
        assert all(len(p["weights"]) == 64 for p in answer["provenance"]["stages"].values())


def test_equal_pixels_give_equal_answers(server: Server, drawings: list[Drawing]) -> None:
    first, second = (diagnose(server, png(drawings[3].image)).json() for _ in range(2))
    for field in ("status", "group", "disease", "caption", "references", "provenance"):
        assert first[field] == second[field]


def test_noise_is_given_no_name(server: Server) -> None:
    dice = np.random.default_rng(SEED)
    answers = [diagnose(server, png(noise(dice))).json() for _ in range(10)]
    for stage in ("group", "disease"):
        found = [(answer[stage]["label"], answer[stage]["decision"]) for answer in answers]
        assert found.count((None, "unknown")) >= 9
    assert [answer["status"] for answer in answers].count("abstained") >= 9


def test_every_caller_gets_the_answer_to_its_own_picture(server: Server) -> None:
    """200 distinct pictures at once, some broken; each answer is its own picture's."""
    pictures = [png(drawing.image) for drawing in draw_cases(200, SEED + 1)]
    for index in range(0, 200, 17):
        pictures[index] = pictures[index][: len(pictures[index]) // 2]
    alone = {i: diagnose(server, pictures[i], until="disease").json() for i in range(0, 200, 5)}
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda p: diagnose(server, p, until="disease"), pictures))
    for index, answer in enumerate(answers):
        assert answer.status_code == (422 if index % 17 == 0 else 200), answer.text
    for index, expected in alone.items():
        if index % 17 == 0:
            continue
        body = answers[index].json()
        assert body["disease"]["label"] == expected["disease"]["label"]
        assert [case["id"] for case in body["references"]] == [
            case["id"] for case in expected["references"]
        ]
        assert abs(body["disease"]["probability"] - expected["disease"]["probability"]) < 1e-3


def test_a_person_gets_a_report(server: Server, drawings: list[Drawing]) -> None:
    answer = diagnose(server, png(drawings[0].image), format="html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for words in ("probability", "Similar reference cases", "trained on drawn lesions alone"):
        assert words in answer.text


def test_the_page_and_its_neighbours_are_there(server: Server) -> None:
    page = httpx.get(server.url)
    assert page.headers["content-type"].startswith("text/html")
    assert "not a medical device" in page.text
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    for path in ("/livez", "/readyz", "/metrics", "/docs.json"):
        assert httpx.get(server.url + path).status_code == 200
