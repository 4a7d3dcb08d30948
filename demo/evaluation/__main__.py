"""Evaluates the demo family and writes the page: `python -m demo.evaluation`."""

import argparse
import asyncio
import sys
from pathlib import Path

from demo.evaluation.findings import findings
from demo.evaluation.page import write_page
from demo.evaluation.questions import Questions, draw_questions
from demo.evaluation.study import Study, run_study, trials
from hikari_serve.cli.terminal import Bar, loading
from hikari_serve.errors import HikariError
from hikari_serve.inline import open_cascade
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import Settings


def main() -> None:
    """Puts fresh drawings and pictures of anything else to the cascade, for about ten minutes."""
    parser = argparse.ArgumentParser(description="Write what the demo family is worth.")
    parser.add_argument(
        "--out", type=Path, required=True, help="the page; its pictures go into a folder beside it"
    )
    parser.add_argument(
        "--count", type=int, default=500, help="drawings of each difficulty, pictures of each kind"
    )
    parser.add_argument("--photographs", type=Path, help="a folder of photographs of other things")
    asked = parser.parse_args()
    if asked.count < 10:
        parser.error("--count must be 10 at least: fewer say nothing")
    if asked.photographs is not None and not asked.photographs.is_dir():
        parser.error(f"--photographs: {asked.photographs} is no folder")
    try:
        study = asyncio.run(_study(draw_questions(asked.count, asked.photographs)))
    except HikariError as error:
        sys.exit(error.message)
    shown = f" --photographs {asked.photographs.name}" if asked.photographs else ""
    command = f"python -m demo.evaluation --count {asked.count} --out {asked.out}{shown}"
    write_page(study, asked.out, command)
    for finding in findings(study):
        print(f"{'met' if finding.met else 'NOT MET':8}{finding.what}: {finding.found}")
    print(f"the page is {asked.out}")


async def _study(questions: Questions) -> Study:
    settings = Settings.from_environment()
    repository = Repository.of(settings)
    async with open_cascade(settings, shown=loading) as cascade:
        with Bar("Asking", total=trials(questions)) as bar:
            return await run_study(cascade, repository, questions, bar.step)


if __name__ == "__main__":
    main()
