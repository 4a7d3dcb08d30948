"""A stage's model, called by its own name: each picture is one item for the stage."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from hikari_serve.cascade.graph import Graph, Node
from hikari_serve.cascade.picture import read_picture
from hikari_serve.errors import DeadlineExceeded, HikariError, InvalidInput
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.repository.tensors import IMAGE, STRINGS, tensor_of
from hikari_serve.serving.ending import ending
from hikari_serve.serving.oip.checks import Checked
from hikari_serve.serving.oip.columns import Item as Values
from hikari_serve.serving.oip.inputs import texts
from hikari_serve.serving.oip.messages import InferRequest
from hikari_serve.serving.oip.running import each_of
from hikari_serve.serving.oip.served import Found, Part
from hikari_serve.serving.oip.signature import ERROR, stage_signature
from hikari_serve.serving.oip.statistics import Statistics
from hikari_serve.serving.oip.values import UNKNOWN, values_of
from hikari_serve.stage import Hosted, Item, Stage, StageResult


class StageModel:
    """A model that a stage hosts; see `ServedModel`."""

    def __init__(
        self,
        node: Node,
        stage: Stage,
        reads: Stage | None,
        cascade: CascadeConfig,
        limits: PictureLimits,
        statistics: Statistics,
    ) -> None:
        """Args:
        node: The stage of the served cascade that runs the model.
        stage: What answers for it.
        reads: The stage whose index the model reads cases of, if it does.
        cascade: Says how good a picture must be and how long an answer may take.
        limits: How large a picture may be.
        statistics: Counts its answers.
        """
        self.signature = stage_signature(node.config)
        self._node = node
        self._stage = stage
        self._reads = reads
        self._cascade = cascade
        self._limits = limits
        self._statistics = statistics
        self._lists = {each.name for each in node.config.triton.input if tensor_of(each) == STRINGS}

    async def infer(
        self, request: InferRequest, asked: Checked, tell: Callable[[Part], None] | None
    ) -> Found:
        """Asks the stage once for each picture; see `ServedModel.infer`."""
        deadline = time.time() + (asked.timeout_ms or self._cascade.timeout_ms) / 1000
        version = int(request.version) if request.version else self._node.version
        inputs = [self._inputs(asked, at) for at in range(asked.count)]
        cases = any(name in self._lists for each in inputs for name in each)
        index = await self._digest() if cases else None

        async def run(at: int) -> StageResult:
            picture = asked.inputs[IMAGE].values[at]
            assert isinstance(picture, bytes)
            item = Item(
                id=request.request_id,
                model=self._node.config.name,
                version=version,
                view=b"",
                inputs=inputs[at],
                index=index if any(name in self._lists for name in inputs[at]) else None,
                deadline=deadline,
                priority=asked.priority,
                traceparent=request.traceparent,
            )
            return await self._run(item, picture, at, tell)

        ran = await each_of(asked.count, run, tolerant=asked.tolerant)
        outputs = frozenset(self.signature.outputs) - {ERROR}
        found: list[Values] = [
            dict.fromkeys(outputs, each) if isinstance(each, HikariError) else values_of(each)
            for each in ran
        ]
        versions = [str(each.provenance.version) for each in ran if isinstance(each, StageResult)]
        return Found(versions[0] if versions else request.version, found, outputs)

    async def describe(self) -> Sequence[Hosted]:
        """Its versions; see `ServedModel.describe`."""
        hosted = await self._stage.describe()
        return [each for each in hosted if each.model == self._node.config.name]

    def _inputs(self, asked: Checked, at: int) -> dict[str, str | tuple[str, ...]]:
        """What one item brings besides its picture; a label that nobody is sure of is none."""
        given: dict[str, str | tuple[str, ...]] = {}
        for name, tensor in asked.inputs.items():
            if name == IMAGE:
                continue
            width = tensor.shape[1]
            every = texts(asked.inputs, name, len(tensor.values))
            row = tuple(each for each in every[at * width : (at + 1) * width] if each)
            if name in self._lists and row:
                given[name] = row
            elif name not in self._lists and row and row[0] != UNKNOWN:
                given[name] = row[0]
        return given

    async def _digest(self) -> str:
        """The index that the ids of cases mean something in."""
        if self._reads is None:
            raise InvalidInput(
                f"ids of cases mean nothing here: no stage of this server retrieves those that "
                f"model '{self._node.config.name}' reads"
            )
        for hosted in await self._reads.describe():
            if hosted.provenance is not None and hosted.provenance.index:
                return hosted.provenance.index
        raise InvalidInput("the index of the cases is not loaded yet")

    async def _run(
        self, item: Item, picture: bytes, at: int, tell: Callable[[Part], None] | None
    ) -> StageResult:
        def say(text: str) -> None:
            if tell is not None:
                tell(Part(at, self._node.name, {"text": text}, words=True))

        model, began = item.model, time.monotonic()
        try:
            async with asyncio.timeout(item.deadline - time.time()):
                read = await asyncio.to_thread(
                    read_picture, picture, self._limits, self._alone(), self._cascade.min_quality
                )
                view = read.views[self._node.preprocessing.id]
                seen = item.model_copy(update={"view": view, "content": read.content})
                result = await self._stage.infer(seen, say if tell else None)
        except TimeoutError:
            late = DeadlineExceeded("the deadline passed before this model answered")
            self._statistics.item_ended(model, time.monotonic() - began, late)
            raise late from None
        except HikariError as error:
            self._statistics.item_ended(model, time.monotonic() - began, error)
            raise
        self._statistics.item_ended(model, time.monotonic() - began, result)
        ending().answered("complete")
        return result

    def _alone(self) -> Graph:
        node = replace(self._node, inputs={})
        return Graph((node,), (node.name,), node.name)
