"""Evaluates the demo family and writes the page: `python -m demo.evaluation`."""

import argparse
import asyncio
import sys
from pathlib import Path

from demo.evaluation.findings import findings
from demo.evaluation.page import write_page
from demo.evaluation.questions import draw_questions
from demo.evaluation.rules import Rules
from demo.evaluation.study import run_study, trials
from hikari_serve.cli.terminal import Bar, hush_transformers
from hikari_serve.errors import HikariError
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
    parser.add_argument(
        "--skin", type=Path, help="a folder with a folder of photographs of skin for each kind"
    )
    asked = parser.parse_args()
    if asked.count < 10:
        parser.error("--count must be 10 at least: fewer say nothing")
    for option in ("photographs", "skin"):
        folder = getattr(asked, option)
        if folder is not None and not folder.is_dir():
            parser.error(f"--{option}: {folder} is no folder")
    settings = Settings.from_environment()
    hush_transformers()
    try:
        questions = draw_questions(asked.count, asked.photographs, asked.skin)
        with Bar("Asking", total=trials(questions)) as bar:
            study = asyncio.run(run_study(settings, questions, bar.step))
    except HikariError as error:
        sys.exit(error.message)
    rules = Rules.of(Repository.of(settings))
    shown = f" --photographs {asked.photographs.name}" if asked.photographs else ""
    shown += f" --skin {asked.skin.name}" if asked.skin else ""
    command = f"python -m demo.evaluation --count {asked.count} --out {asked.out}{shown}"
    write_page(study, rules, asked.out, command)
    for finding in findings(study, rules):
        print(f"{'met' if finding.met else 'NOT MET':8}{finding.what}: {finding.found}")
    print(f"the page is {asked.out}")


if __name__ == "__main__":
    main()
