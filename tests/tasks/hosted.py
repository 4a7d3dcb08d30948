"""A host of the demo's group model, and what it is asked."""

import time
from pathlib import Path

from PIL import Image

from hikari_serve.observer import Observer
from hikari_serve.pictures.view import Preprocessing, make_view
from hikari_serve.repository.repository import Repository
from hikari_serve.stage import Item
from hikari_serve.tasks.host import Host

VIEW = make_view(Image.new("RGB", (128, 128), "#c89b82"), Preprocessing(max_side=128))


def host(root: Path, observer: Observer | None = None) -> Host:
    return Host(Repository(root), cores=1, locks=root, observer=observer or Observer())


def item(version: int | None = None, seconds: float = 60) -> Item:
    return Item(
        id="i", model="demo_group", version=version, view=VIEW, deadline=time.time() + seconds
    )
