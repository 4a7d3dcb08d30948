"""Says in a sentence that BentoML's home cannot be made, where BentoML would trace back.

From here on `bentoml serve` can also be ended while it starts as a container's first process.
BentoML makes its home before it loads any service. All that comes earlier in `bentoml serve` is
what its command line loads of others, so this module is one of those: the entry point
`bentoml.commands`.
"""

import sys

import click
from bentoml._internal.configuration.containers import BentoMLContainer

from hikari_serve.first_process import end_when_told

end_when_told()
try:
    BentoMLContainer.bentoml_home.get()
except OSError as error:
    sys.exit(
        f"hikari: BentoML's home cannot be written: {error.filename}: {error.strerror}; set "
        "BENTOML_HOME"
    )


@click.command("hikari", hidden=True)
def command() -> None:
    """Does nothing: an entry point of this kind must have a command."""
