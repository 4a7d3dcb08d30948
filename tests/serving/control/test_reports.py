"""What workers report of themselves."""

import os
from pathlib import Path

from hikari_serve.serving.control.reports import Report, tell, told


def test_the_dead_have_no_say(tmp_path: Path) -> None:
    process = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(process, 0)
    for each in (process, os.getpid()):
        tell(tmp_path, Report(stage="group", process=each, revision=3))
    assert [each.process for each in told(tmp_path)] == [os.getpid()]
