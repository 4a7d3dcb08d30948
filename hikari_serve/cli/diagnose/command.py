"""`hikari diagnose`: asks the cascade about picture files."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hikari_serve.cli.diagnose.asking import Ask
    from hikari_serve.client import Options


def stage_names() -> list[str]:
    """The stages of the cascade that the environment names, for completion."""
    from hikari_serve.cascade.wiring import read_graph
    from hikari_serve.errors import HikariError
    from hikari_serve.repository.repository import Repository
    from hikari_serve.settings import Settings

    try:
        settings = Settings.from_environment()
        repository = Repository.of(settings)
        return list(read_graph(repository.config(settings.cascade), repository).steps)
    except HikariError:
        return []


def read_key(path: Path) -> str:
    """The key that a file holds; ends the command with a sentence if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(
            f"{path} cannot be read: {error}", param_hint="--key-file"
        ) from None


def diagnose(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Picture files.")],
    url: Annotated[
        str | None,
        typer.Option(help="Ask this server; without it the cascade runs in this process."),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File that holds the server's key, where it has keys."),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print one JSON answer a line, and the picture's `file` in it."
        ),
    ] = False,
    until: Annotated[
        str | None, typer.Option(help="Stop after this stage.", autocompletion=stage_names)
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(min=1, max=100, help="Labels in the differential.")
    ] = None,
    references: Annotated[
        int | None,
        typer.Option(min=0, max=3, help="Reference cases to compare with; 0 is none."),
    ] = None,
    description: Annotated[
        str | None,
        typer.Option(help="Words about the picture, for cascades whose references compare them."),
    ] = None,
    timeout_ms: Annotated[
        int | None,
        typer.Option(min=1, max=3_600_000, help="Deadline of each picture, in milliseconds."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the answer as a report: .html or .md."),
    ] = None,
    opened: Annotated[
        Path | None,
        typer.Option("--open", metavar="FILE", help="Write a report, and open it in the browser."),
    ] = None,
) -> None:
    """Find group, disease and caption of skin lesions. Research software: not for diagnosis.

    The exit code is 1 if a picture has no answer; the others are answered all the same.
    """
    from hikari_serve.cli.diagnose.report import check_target, open_in_browser
    from hikari_serve.cli.terminal import remark

    for option, target in (("--report", report), ("--open", opened)):
        if target is not None:
            check_target(target, images, option)
    reports = [target for target in (report, opened) if target is not None]
    options: Options = {
        "until": until,
        "top_k": top_k,
        "description": description,
        "references": references,
        "timeout_ms": timeout_ms,
    }
    key = read_key(key_file) if key_file else ""
    if not asyncio.run(_ask_and_show(images, url, key, options, reports, as_json=as_json)):
        raise typer.Exit(1)
    if opened is not None and not open_in_browser(opened):
        remark(f"there is no browser here; open {opened} where there is one")


async def _ask_and_show(
    images: list[Path],
    url: str | None,
    key: str,
    options: "Options",
    reports: list[Path],
    *,
    as_json: bool,
) -> bool:
    from hikari_serve.cli.diagnose.asking import at_server, unreadable
    from hikari_serve.cli.interrupts import ended_by_the_second
    from hikari_serve.cli.terminal import complain

    faults = [unreadable(image) for image in images]
    if all(faults):  # models need not be loaded for that
        for image, why in zip(images, faults, strict=True):
            complain(f"{image}: {why}")
        return False
    if url is not None:
        asking = at_server(url, key, options)
    else:
        from hikari_serve.cli.diagnose.in_process import in_this_process

        asking = in_this_process(options)
    with ended_by_the_second():
        async with asking as ask:
            return await _show_all(images, ask, reports, as_json=as_json)


async def _show_all(images: list[Path], ask: "Ask", reports: list[Path], *, as_json: bool) -> bool:
    """Shows every answer in the order of the pictures; False if one has none."""
    from hikari_serve.cli.diagnose.asking import answers
    from hikari_serve.cli.diagnose.card import print_card
    from hikari_serve.cli.diagnose.report import write_report
    from hikari_serve.cli.terminal import Bar, complain

    complete = True
    with Bar("Looking", total=len(images)) as bar:
        async for image, answer in answers(images, ask, bar.step):
            with bar.hidden():
                if isinstance(answer, str):
                    complain(f"{image}: {answer}")
                    complete = False
                    continue
                if as_json:
                    line = {"file": str(image), **answer.model_dump(mode="json")}
                    print(json.dumps(line), flush=True)
                else:
                    print_card(str(image), answer)
                for target in reports:
                    write_report(target, image, answer)
    return complete
