"""The served cascade, called by its name: each picture is one run of it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from hikari_serve.cascade.answer import CascadeAnswer
from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.report import StageEnd
from hikari_serve.cascade.request import CascadeRequest, Event
from hikari_serve.errors import HikariError
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.tensors import DESCRIPTION, IMAGE
from hikari_serve.serving.asking import Asking
from hikari_serve.serving.ending import ending
from hikari_serve.serving.oip.checks import Checked
from hikari_serve.serving.oip.columns import Item
from hikari_serve.serving.oip.inputs import text, texts
from hikari_serve.serving.oip.messages import InferRequest
from hikari_serve.serving.oip.running import each_of
from hikari_serve.serving.oip.served import Found, Part
from hikari_serve.serving.oip.signature import (
    ANSWER,
    REFERENCES,
    UNTIL,
    cascade_signature,
    sources,
)
from hikari_serve.serving.oip.statistics import Statistics
from hikari_serve.serving.oip.values import Value, values_of
from hikari_serve.serving.readiness import Readiness
from hikari_serve.stage import Hosted, State

VERSION = 1
"""The version of every cascade."""


class CascadeModel:
    """A cascade; see `ServedModel`."""

    def __init__(
        self,
        config: ModelConfig,
        cascade: Cascade,
        readiness: Readiness,
        statistics: Statistics,
        word: Callable[[CascadeAnswer], str],
    ) -> None:
        """Args:
        config: Its configuration.
        cascade: What answers.
        readiness: Of its stages.
        statistics: Counts its answers.
        word: Writes a whole answer as JSON.
        """
        self.signature = cascade_signature(config, cascade.graph)
        self._cascade = cascade
        self._readiness = readiness
        self._statistics = statistics
        self._word = word
        self._sources = sources(cascade.graph)

    async def infer(
        self, request: InferRequest, asked: Checked, tell: Callable[[Part], None] | None
    ) -> Found:
        """Runs the cascade once for each picture; see `ServedModel.infer`."""
        asking = _asking(asked)
        graph = self._cascade.graph.part(asking.until, retrieve=asking.references != 0)
        outputs = frozenset(self._outputs(graph))
        descriptions = texts(asked.inputs, DESCRIPTION, asked.count)
        spoken = any(self._sources.get(each.name, ("", ""))[1] == "text" for each in asked.outputs)

        async def run(at: int) -> Item:
            words = {"description": descriptions[at]} if descriptions[at] else {}
            one = Asking.read({**asking.model_dump(), **words}).request(
                request.request_id, _picture(asked, at), request.traceparent
            )
            return await self._run(replace(one, words=spoken), graph, at, tell)

        ran = await each_of(asked.count, run, tolerant=asked.tolerant)
        items = [
            dict.fromkeys(outputs, each) if isinstance(each, HikariError) else each for each in ran
        ]
        return Found(str(VERSION), items, outputs)

    async def describe(self) -> Sequence[Hosted]:
        """Its one version; see `ServedModel.describe`."""
        ready, down = await self._readiness.check()
        reason = "; ".join(f"{stage}: {why}" for stage, why in down.items())
        state = State.READY if ready else State.UNAVAILABLE
        return [Hosted(model=self._cascade.name, version=VERSION, state=state, reason=reason)]

    def _outputs(self, graph: Graph) -> list[str]:
        """What it can give where only these stages run."""
        ran = {node.name for node in graph.nodes}
        return [*(name for name, (stage, _) in self._sources.items() if stage in ran), ANSWER]

    async def _run(
        self, request: CascadeRequest, graph: Graph, at: int, tell: Callable[[Part], None] | None
    ) -> Item:
        def heard(event: Event) -> None:
            if tell is not None and (part := self._part(at, event)):
                tell(part)

        began, its = time.monotonic(), ending()
        try:
            found = await self._cascade.run(request, heard if tell else None, its.stage)
        except HikariError as error:
            self._statistics.item_ended(self._cascade.name, time.monotonic() - began, error)
            raise
        self._statistics.item_ended(self._cascade.name, time.monotonic() - began, None)
        its.answered(found.status)
        values: dict[str, Value | HikariError] = {ANSWER: self._word(found)}
        for end in found.ends:
            values |= self._of_end(end)
        return values

    def _part(self, at: int, event: Event) -> Part | None:
        if isinstance(event, StageEnd):
            if event.result is None:
                return None  # the last answer tells what is missing
            values = values_of(event.result)
            if event.provisional:
                values = {own: values[own] for own in values if own not in ("label", "decision")}
            return Part(at, event.name, self._named(event.name, values), words=False)
        return Part(at, event.stage, self._named(event.stage, {"text": event.text}), words=True)

    def _of_end(self, end: StageEnd) -> Mapping[str, Value | HikariError]:
        if end.result is not None:
            return self._named(end.name, values_of(end.result))
        error = end.error or HikariError("it has no result")
        told = type(error)(
            f"the {end.name} stage has no result: {error.message}", retry_after=error.retry_after
        )
        return {name: told for name, (stage, _) in self._sources.items() if stage == end.name}

    def _named(self, stage: str, values: Mapping[str, Value]) -> dict[str, Value]:
        """A stage's values under the cascade's names."""
        return {
            name: values[own]
            for name, (its, own) in self._sources.items()
            if its == stage and own in values
        }


def _asking(asked: Checked) -> Asking:
    """What is asked of every picture alike."""
    fields: dict[str, object] = {"priority": asked.priority, "timeout_ms": asked.timeout_ms}
    if until := text(asked.inputs, UNTIL):
        fields[UNTIL] = until
    if REFERENCES in asked.inputs:
        fields[REFERENCES] = asked.inputs[REFERENCES].values[0]
    return Asking.read(fields)


def _picture(asked: Checked, at: int) -> bytes:
    value = asked.inputs[IMAGE].values[at]
    assert isinstance(value, bytes)
    return value
