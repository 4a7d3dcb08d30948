"""`hikari models`: what lies in the repository, and whether it is right."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Look into the model repository.")


@app.command("list")
def list_models(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a model, one a line.")
    ] = False,
) -> None:
    """List every model with its task, engine, versions and device."""
    from hikari_serve.cli.models.inventory import print_table, row
    from hikari_serve.repository.repository import Repository
    from hikari_serve.settings import Settings

    repository = Repository.of(Settings.from_environment())
    rows = [row(repository, name) for name in repository.names()]
    if as_json:
        for each in rows:
            print(json.dumps(asdict(each)))
    else:
        print_table(rows)


@app.command("check")
def check_models(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Models; all without.")
    ] = None,
    load: Annotated[
        bool, typer.Option("--load", help="Also load the weights and answer one picture.")
    ] = False,
) -> None:
    """Check configurations, versions, label files, indexes and the graphs of cascades.

    A cascade's models are checked with it. The exit code is 1 if anything is wrong.
    """
    from hikari_serve.cli.models.check import check, with_members
    from hikari_serve.cli.terminal import Bar
    from hikari_serve.errors import HikariError
    from hikari_serve.repository.repository import Repository
    from hikari_serve.settings import Settings

    settings = Settings.from_environment()
    repository = Repository.of(settings)
    wanted = with_members(repository, names) if names else repository.names()
    width = max(map(len, wanted), default=0)
    right = True
    for name in wanted:
        try:
            with Bar(name):
                found = check(repository, name, load=settings if load else None)
        except HikariError as error:
            right = False
            typer.echo(f"wrong  {name:{width}}  {error.message}")
        else:
            typer.echo(f"ok     {name:{width}}  {found}")
    if not right:
        raise typer.Exit(1)


@app.command("pull")
def pull_models(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Models, or cascades of them."),
    ],
    pinned: Annotated[
        bool, typer.Option("--pinned", help="Refuse a model whose configuration names no commit.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a model, one a line.")
    ] = False,
) -> None:
    """Copy weights from the Hugging Face hub into HIKARI_WEIGHTS, checked by their digests.

    A pull that was cut goes on where it was. HF_TOKEN, HF_ENDPOINT and the like are honoured. The
    exit code is 1 if anything could not be pulled.
    """
    from rich import filesize

    from hikari_serve.cli.models.pull import check_pinned, members, pull_shown
    from hikari_serve.cli.terminal import complain
    from hikari_serve.errors import HikariError
    from hikari_serve.repository.repository import Repository
    from hikari_serve.settings import Settings

    repository = Repository.of(Settings.from_environment())
    right = True
    for name in members(repository, names):
        try:
            if pinned:
                check_pinned(repository.config(name))
            done = pull_shown(repository, name)
        except HikariError as error:
            right = False
            if as_json:
                print(json.dumps({"model": name, "status": "failed", **error.payload()}))
            complain(error.message)
            continue
        if as_json:
            print(json.dumps({**asdict(done), "folder": str(done.folder)}))
        else:
            size = f", {filesize.decimal(done.bytes)} of {done.hub}" if done.hub else ""
            commit = f" at {done.commit[:7]}" if done.commit else ""
            typer.echo(f"{done.status:6} {name}{size}{commit}, in {done.folder}")
    if not right:
        raise typer.Exit(1)


@app.command("image")
def image_of_models(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Models, or cascades of them."),
    ],
    to: Annotated[
        str,
        typer.Option(
            metavar="PLACE", help="docker://REGISTRY/NAME:TAG, oci:FOLDER or oci-archive:FILE."
        ),
    ],
    write: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a patch of Deployments that mount the image."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Push an OCI image that holds weights alone, for pods to mount as a volume; needs buildah.

    Its digest is printed; its labels are the weights' digests, which answers quote. For a registry
    that asks who you are, `buildah login` first.
    """
    from hikari_serve.cli.models.buildah import build, check_buildah
    from hikari_serve.cli.models.image import (
        check_destination,
        find_parts,
        pinned_reference,
        write_patch,
    )
    from hikari_serve.errors import ConfigError
    from hikari_serve.repository.repository import Repository
    from hikari_serve.settings import Settings

    check_destination(to, patched=write is not None)
    check_buildah()  # before large files are read
    found = find_parts(Repository.of(Settings.from_environment()), names)
    parts = [part for part in found if part.pulled]
    if not parts:
        raise ConfigError(
            f"{', '.join(names)}: all weights are part of the repository, which the server's image "
            "brings; an image of weights is for what `hikari models pull` brings"
        )
    digest = build(parts, to)
    if write:
        write_patch(write, pinned_reference(to, digest), parts)
    if as_json:
        weights = {part.name: part.digest for part in parts}
        print(json.dumps({"image": to, "digest": digest, "weights": weights}))
    else:
        for part in parts:
            typer.echo(f"holds  {part.name}  {part.digest}")
        for part in found:
            if not part.pulled:
                typer.echo(f"lacks  {part.name}: it is part of the repository")
        typer.echo(f"pushed {to}  {digest}")


@app.command("plan")
def plan_models(
    name: Annotated[str, typer.Argument(metavar="CASCADE", help="A cascade, or one model.")],
    gpu: Annotated[
        str | None,
        typer.Option(help="Size of each card, such as 16GB; without, those of this machine."),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write turns and shares, for HIKARI_PLAN to name."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what a cascade's models need of a GPU's memory, and whether they fit it together.

    The exit code is 1, and nothing is written, if one of them does not fit even alone.
    """
    from hikari_serve.cli.models.plan import needs_on_gpu, plans_payload, print_plans, write_plans
    from hikari_serve.planning.card import card_bytes
    from hikari_serve.planning.plan import by_device, gpu_bytes, make_plan
    from hikari_serve.repository.deployment import Deployment, read_deployment
    from hikari_serve.repository.repository import Repository
    from hikari_serve.settings import Settings

    size = gpu_bytes(gpu) if gpu else None
    settings = Settings.from_environment()
    if settings.plan is not None and not settings.plan.exists():
        settings = replace(settings, plan=None)  # it is about to be written
    needs, elsewhere = needs_on_gpu(Repository.of(settings), name)
    plans = {
        device: make_plan(each, size or card_bytes(device))
        for device, each in by_device(needs).items()
    }
    if as_json:
        print(json.dumps(plans_payload(plans, elsewhere)))
    else:
        print_plans(plans, elsewhere)
    if any(plan.verdict == "too small" for plan in plans.values()):
        raise typer.Exit(1)
    if write:
        before = read_deployment(settings.plan) if settings.plan else Deployment()
        write_plans(plans, name, write, before)


@app.command("quantize")
def quantize_model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model whose weights are here.")],
    bnb4: Annotated[
        bool, typer.Option("--bnb4", help="BitsAndBytes in 4 bit (NF4), the only method yet.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="New folder, for `source.folder`; without, a new version of the model."),
    ] = None,
) -> None:
    """Write a model's weights anew in 4 bit, which start faster than quantising while they load.

    The vision tower and the head keep their precision. Needs bitsandbytes, which vLLM's
    environment has.
    """
    from rich import filesize

    from hikari_serve.cli.models.quantize import new_version, quantize_shown
    from hikari_serve.errors import InvalidInput
    from hikari_serve.repository.repository import Repository
    from hikari_serve.settings import Settings

    if not bnb4:
        raise InvalidInput("say how to quantise: --bnb4")
    repository = Repository.of(Settings.from_environment())
    folder = out or new_version(repository, name)
    size = quantize_shown(repository, name, folder)
    what = "" if out else f", version {folder.name} of {name}"
    typer.echo(f"wrote  {filesize.decimal(size)} into {folder}{what}")
