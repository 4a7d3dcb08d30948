"""The typed client of `/diagnose`: a picture goes out, an `Answer` or the server's error comes in.

    with Client("http://localhost:3000") as client:
        answer = client.diagnose("lesion.jpg", references=3)

It needs nothing of what runs models: `pip install .` in the checkout brings it without torch.
"""

from hikari_serve.client.client import AsyncClient, Client
from hikari_serve.client.events import Reconnect, StreamEvent
from hikari_serve.client.protocol import Options, Picture
from hikari_serve.presentation.events import References

__all__ = [
    "AsyncClient", "Client", "Options", "Picture", "Reconnect", "References", "StreamEvent",
]  # fmt: skip
