"""A stage's model, called by its own name: each picture is one item for the stage."""

import time
from collections.abc import Callable, Sequence

from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.graph import Node
from hikari_serve.cascade.report import StageEnd, Words
from hikari_serve.cascade.request import Alone, CascadeRequest, Event
from hikari_serve.errors import HikariError, InvalidInput
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
from hikari_serve.stage import Hosted, Stage, StageResult

TEXT = "text"
"""The output whose words come as they are written."""


class StageModel:
    """A model that a stage hosts; see `ServedModel`."""

    def __init__(
        self,
        cascade: Cascade,
        node: Node,
        reads: Stage | None,
        statistics: Statistics,
    ) -> None:
        """Args:
        cascade: What answers; its rules for pictures and its deadline are the model's.
        node: The stage of it that runs the model.
        reads: The stage whose index the model reads cases of, if it does.
        statistics: Counts the pictures that were refused; the others are the stage's.
        """
        self.signature = stage_signature(node.config)
        self._cascade = cascade
        self._node = node
        self._reads = reads
        self._statistics = statistics
        self._lists = {each.name for each in node.config.triton.input if tensor_of(each) == STRINGS}

    async def infer(
        self, request: InferRequest, asked: Checked, tell: Callable[[Part], None] | None
    ) -> Found:
        """Asks the stage once for each picture; see `ServedModel.infer`."""
        version = int(request.version) if request.version else None
        inputs = [self._inputs(asked, at) for at in range(asked.count)]
        cases = [not self._lists.isdisjoint(each) for each in inputs]
        index = await self._digest() if any(cases) else None
        heard = tell is not None and any(each.name == TEXT for each in asked.outputs)

        async def run(at: int) -> StageResult:
            picture = asked.inputs[IMAGE].values[at]
            assert isinstance(picture, bytes)
            one = CascadeRequest(
                id=request.request_id,
                image=picture,
                timeout_ms=asked.timeout_ms,
                priority=asked.priority,
                traceparent=request.traceparent,
                words=heard,
                taken_in=ending().taken_in,
                alone=Alone(self._node.name, version, inputs[at], index if cases[at] else None),
            )
            return await self._run(one, at, tell)

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
        hosted = await self._cascade.stages[self._node.name].describe()
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
        self, request: CascadeRequest, at: int, tell: Callable[[Part], None] | None
    ) -> StageResult:
        began, its, asked = time.monotonic(), ending(), False

        def heard(event: Event) -> None:
            if tell is not None and isinstance(event, Words):
                tell(Part(at, event.stage, {TEXT: event.text}, words=True))

        def ended(end: StageEnd) -> None:
            nonlocal asked
            asked = True
            its.stage(end)

        try:
            found = await self._cascade.run(request, heard if tell else None, ended)
        except HikariError as error:
            if not asked:
                its_model = self._node.config.name
                self._statistics.item_ended(its_model, time.monotonic() - began, error)
            raise
        its.answered(found.status)
        (end,) = found.ends
        assert end.result is not None  # a run without any result raises
        return end.result
