"""What logs is never told that its line is wrong."""

import io
import logging

import pytest

from hikari_serve.observability.lines import JsonLines
from hikari_serve.serving.request_id import tell_in_log


def test_a_line_whose_arguments_do_not_fit_stops_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = logging.StreamHandler(written := io.StringIO())
    handler.setFormatter(JsonLines())
    log = logging.Logger("others")  # of nobody's: pytest's handlers raise
    log.addHandler(handler)
    before = logging.getLogRecordFactory()
    tell_in_log()
    try:
        log.warning("half done", 1)
        log.warning("%s done", "all")
    finally:
        logging.setLogRecordFactory(before)
    assert "--- Logging error ---" in capsys.readouterr().err
    assert '"message": "all done"' in written.getvalue()
