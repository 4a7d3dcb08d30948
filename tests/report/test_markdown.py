"""What a report in Markdown refers to is there."""

import re
from base64 import b64decode
from dataclasses import replace

from hikari_serve.report import render
from hikari_serve.stage import ReferenceCase, Retrieval
from tests.report.conftest import png, report
from tests.scripted import Bench


def test_each_case_has_its_own_picture_where_another_has_none() -> None:
    pictures = {"first": None, "second": png("red"), "third": b"no picture", "fourth": png("blue")}
    cases = [
        ReferenceCase(id=id, similarity=0.9, label="sccis", image=image)
        for id, image in pictures.items()
    ]
    bench = Bench()
    bench.stages["references"].output = Retrieval(index="i", cases=tuple(cases))
    text = render(replace(report("complete"), answer=bench.run()), "md")
    defined = dict(re.findall(r"^\[(case-\d)\]: data:.*?base64,(.*)$", text, re.MULTILINE))
    referred = dict(re.findall(r"\((\w+)\), similarity .*\[(case-\d)\]$", text, re.MULTILINE))
    assert referred.keys() == {"second", "fourth"}
    assert {id: b64decode(defined[at]) for id, at in referred.items()} == {
        "second": pictures["second"],
        "fourth": pictures["fourth"],
    }
