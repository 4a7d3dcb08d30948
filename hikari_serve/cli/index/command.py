"""`hikari index`: builds, searches and changes indexes of reference cases."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(no_args_is_help=True, help="Build and search indexes of reference cases.")

SourceKind = Literal["folder", "skincap", "npz"]

_Index = Annotated[
    str, typer.Argument(metavar="INDEX", help="Folder of an index, or name of its model.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_Source = Annotated[
    Path, typer.Argument(help="A folder of class folders, a folder with labels.csv, or a CSV file.")
]
_Kind = Annotated[
    SourceKind,
    typer.Option(
        "--from", help="What the source is: pictures, a copy of SkinCAP, or the authors' .npz."
    ),
]
_Labels = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="SET",
        help="card, skincap, a label file, or `none`; without it the set of the model.",
    ),
]
_Splits = Annotated[
    list[Path] | None,
    typer.Option("--split", help="Split file whose validation pictures are left out."),
]
_WithValidation = Annotated[
    bool, typer.Option("--with-validation", help="Take SkinCAP's validation pictures too.")
]
_Images = Annotated[
    Path | None,
    typer.Option(help="Folder that the paths in an .npz begin in; without it, the .npz's own."),
]
_Outside = Annotated[
    bool,
    typer.Option(
        "--outside",
        help="Take pictures that an absolute path, `..` or a link finds outside of the source.",
    ),
]
_Strict = Annotated[
    bool, typer.Option("--strict", help="Build nothing if any row cannot be taken.")
]


@app.command("build")
def build_index(
    source: _Source,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the index; without it, where its model looks for it."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Reference model; without it, that of the cascade HIKARI_CASCADE names."),
    ] = None,
    kind: _Kind = "folder",
    labels: _Labels = None,
    split: _Splits = None,
    with_validation: _WithValidation = False,
    images: _Images = None,
    outside: _Outside = False,
    strict: _Strict = False,
    as_json: _Json = False,
) -> None:
    """Embed the pictures of a source and write an index of them.

    A build that was killed goes on where it was when the same command is given again. Rows that
    cannot be taken, such as those whose disease is none of the label set, are listed and left out.
    """
    from hikari_serve.cli.index.report import telling
    from hikari_serve.cli.index.sources import Choice
    from hikari_serve.cli.index.workshop import Workshop

    shop = Workshop.open(model)
    place = out or shop.own_folder()
    choice = Choice(kind, source, tuple(split or ()), with_validation, images, outside)
    gathered = shop.gather(choice, labels)
    with telling(place, gathered.collection.report, as_json=as_json) as made:
        made(shop.build(gathered, place, strict=strict))


@app.command("add")
def add_to_index(
    index: _Index,
    source: _Source,
    kind: _Kind = "folder",
    labels: _Labels = None,
    split: _Splits = None,
    with_validation: _WithValidation = False,
    images: _Images = None,
    outside: _Outside = False,
    strict: _Strict = False,
    as_json: _Json = False,
) -> None:
    """Add the cases of a source to an index, with the encoder that made it."""
    from hikari_serve.cli.index.report import telling
    from hikari_serve.cli.index.sources import Choice
    from hikari_serve.cli.index.workshop import Workshop, find_index

    folder, model = find_index(index, to_change=True)
    shop = Workshop.open(model)
    choice = Choice(kind, source, tuple(split or ()), with_validation, images, outside)
    gathered = shop.gather(choice, labels, folder)
    with telling(folder, gathered.collection.report, as_json=as_json) as made:
        made(shop.add(gathered, folder, strict=strict))


@app.command("remove")
def remove_from_index(
    index: _Index,
    case_ids: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of cases.")],
) -> None:
    """Remove cases from an index; nothing is embedded again."""
    from hikari_serve.cli.index.workshop import find_index
    from hikari_serve.references.update import remove

    folder, _ = find_index(index, to_change=True)
    manifest = remove(folder, case_ids)
    typer.echo(f"{folder} has {manifest.count} cases; its version is {manifest.digest[:12]}")


@app.command("info")
def show_index(index: _Index, as_json: _Json = False) -> None:
    """Say what an index holds, and what made it."""
    from hikari_serve.cli.index.report import describe, print_description
    from hikari_serve.cli.index.workshop import find_index

    folder, _ = find_index(index)
    described = describe(folder)
    if as_json:
        print(json.dumps(described))
    else:
        print_description(described)


@app.command("search")
def search_index(
    image: Annotated[Path, typer.Argument(help="The picture to compare with.")],
    index: Annotated[
        str | None, typer.Option(help="Folder of an index; without it, that of the model.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Reference model; without it, the one that made the index."),
    ] = None,
    k: Annotated[int | None, typer.Option("-k", min=1, help="Cases to find.")] = None,
    description: Annotated[
        str | None, typer.Option(help="Words about the picture, for models that compare them.")
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Weight of the pictures; the words have the rest."),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Draw the picture and the cases into this PNG file.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Find the cases that are most like a picture."""
    from hikari_serve.cli.index.report import print_found, write_sheet
    from hikari_serve.cli.index.workshop import Workshop, find_index

    folder = None
    if index is not None:
        folder, maker = find_index(index)
        model = model or maker
    found = Workshop.open(model).search(image, folder, k, description, alpha)
    if sheet is not None:
        write_sheet(sheet, image, found)
    print_found(found, as_json=as_json)
