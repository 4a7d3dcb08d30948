"""Runs the graph of a cascade for one request.

Every stage is a task of one group: those that wait for nothing start at once, the others when
their inputs are there. One deadline holds for the whole, so each stage gets what is left of it.
A stage that fails leaves the others' results in place; cancelling the run cancels every stage.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from hikari_serve.cascade.answer import CascadeAnswer, assemble, told_early
from hikari_serve.cascade.consistency import Mention, mentions
from hikari_serve.cascade.decoder import Decoder
from hikari_serve.cascade.graph import Graph, Node
from hikari_serve.cascade.picture import Picture
from hikari_serve.cascade.report import StageEnd, Words
from hikari_serve.cascade.request import CascadeRequest, OnBegin, OnEnd, OnEvent
from hikari_serve.errors import DeadlineExceeded, HikariError, InvalidInput, Skipped
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.stage import Description, Item, Retrieval, Stage, StageResult

logger = logging.getLogger(__name__)


class Cascade:
    """A cascade that is being served: its graph, and what answers for each of its stages."""

    def __init__(
        self,
        config: ModelConfig,
        graph: Graph,
        stages: Mapping[str, Stage],
        decoder: Decoder,
        observer: Observer = NOBODY,
    ) -> None:
        """Args:
        config: Its configuration.
        graph: Its stages.
        stages: What answers for each.
        decoder: The process' own.
        observer: Hears what happens.
        """
        assert isinstance(config.hikari, CascadeConfig)
        self.name = config.name
        self._digest = config.digest
        self.graph = graph
        self.stages = stages
        self.decoder = decoder
        self.observer = observer
        self.settings = config.hikari
        models = (config, *(node.config for node in graph.nodes))
        self._known = {model.name: model.hikari.known for model in models}
        observer.cascade_serves(self.name, graph.steps)

    async def run(
        self,
        request: CascadeRequest,
        on_event: OnEvent | None = None,
        on_end: OnEnd | None = None,
        on_begin: OnBegin | None = None,
    ) -> CascadeAnswer:
        """Answers one request, telling what happens on the way.

        Args:
            request: What is asked.
            on_event: Hears words as they come, and how each stage ended; with it the stages
                stream.
            on_end: Hears how each stage ended, and nothing else.
            on_begin: Hears that the picture is read and good enough, before the first stage.

        Raises:
            BadImage: The picture cannot be read, or is too poor for this cascade.
            InvalidInput: The request asks for something that this cascade does not have.
            HikariError: No stage has a result; it is the first stage's error.
        """
        settings = self.settings
        began = request.taken_in or time.time()
        deadline = began + (request.timeout_ms or settings.timeout_ms) / 1000
        if request.description and not any(node.description for node in self.graph.nodes):
            raise InvalidInput(f"cascade '{self.name}' compares no description: leave it out")
        graph = self._graph(request)
        picture = await self._picture(request, graph, deadline)
        if on_begin is not None:
            on_begin()
        run = _Run(self, graph, request, deadline, picture, on_event, on_end)
        async with asyncio.TaskGroup() as group:
            for node in graph.nodes:
                run.tasks[node.name] = group.create_task(run.stage(node))
        ended = [task.result() for task in run.tasks.values()]
        if not any(end.result for end in ended) and ended[0].error is not None:
            raise ended[0].error
        # in a thread: reading a caption takes milliseconds, and the first time loads the lexicon
        return await asyncio.to_thread(
            assemble,
            request.id,
            self.name,
            self._digest,
            settings,
            graph,
            self._known,
            picture.quality,
            ended,
        )

    def _graph(self, request: CascadeRequest) -> Graph:
        """The stages that a request asks for."""
        if request.alone is not None:
            return self.graph.alone(request.alone.stage, request.alone.version)
        return self.graph.part(request.until, retrieve=request.cases != 0)

    async def _picture(self, request: CascadeRequest, graph: Graph, deadline: float) -> Picture:
        began = time.monotonic()
        try:
            picture = await self.decoder.read(
                request.image,
                graph,
                self.settings.min_quality,
                priority=request.priority,
                deadline=deadline,
            )
        except InvalidInput as error:
            self.observer.picture_refused(self.name, error.code)
            raise
        seconds = time.monotonic() - began
        its = (picture.form, seconds, picture.quality.score, picture.content)
        self.observer.picture_read(self.name, *its)
        return picture


@dataclass(slots=True)
class _Run:
    """One request on its way through the graph."""

    cascade: Cascade
    graph: Graph
    request: CascadeRequest
    deadline: float
    picture: Picture
    on_event: OnEvent | None
    on_end: OnEnd | None
    tasks: dict[str, asyncio.Task[StageEnd]] = field(default_factory=dict)
    told: dict[str, StageEnd] = field(default_factory=dict)

    async def stage(self, node: Node) -> StageEnd:
        """Runs one stage when its inputs are there, and reports however it ends."""
        end = StageEnd(node.name, node.kind, node.config.name)
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.deadline - time.time()):
                item = await self._item(node, end)
                end.waited, began = time.monotonic() - began, time.monotonic()
                end.result = await self._ask(node, item, end.waited)
        except HikariError as error:
            end.error = error
        except TimeoutError:
            end.error = DeadlineExceeded("the deadline passed before this stage answered")
        except Exception as error:
            logger.exception("stage %s failed", node.name)
            end.error = HikariError(f"stage {node.name} failed: {error!r}")
        end.seconds = time.monotonic() - began
        if end.error is not None and not isinstance(end.error, (InvalidInput, Skipped)):
            logger.warning("stage %s: %s", node.name, end.error.message)
        ended = end.result or end.error
        if ended is not None:
            self.cascade.observer.stage_ended(self.cascade.name, node.name, end.seconds, ended)
        ends = list(self.told.values())
        self.told[node.name] = told_early(
            end, self.cascade.settings, self.graph, self.picture.quality, ends
        )
        if self.on_end is not None:
            self.on_end(end)
        if self.on_event is not None:
            self.told[node.name].mentions = await self._mentions(end)
            self.on_event(self.told[node.name])
        return end

    async def _mentions(self, end: StageEnd) -> tuple[Mention, ...] | None:
        """What the words of a stage that ended say of the headline's label, as the answer will."""
        headline = self.tasks.get(self.graph.headline)
        if not isinstance(end.output, Description):
            return None
        if headline is None or end.name == self.graph.headline:
            return ()
        if not headline.done():
            return None
        # in a thread, as where the answer is put together
        return await asyncio.to_thread(mentions, end.output, headline.result().output)

    async def _ask(self, node: Node, item: Item, waited: float) -> StageResult:
        tell = self.on_event if self.request.words else None
        say = partial(_say, tell, node.name) if tell else None
        called = self.cascade.name, node.name
        self.cascade.observer.stage_called(*called, waited)
        try:
            return await self.cascade.stages[node.name].infer(item, say)
        finally:
            self.cascade.observer.stage_left(*called)

    async def _item(self, node: Node, end: StageEnd) -> Item:
        """Waits for the stage's inputs; those that it can do without get half the time left."""
        alone = self.request.alone
        inputs = dict(alone.inputs) if alone else {}
        index = alone.index if alone else None
        if node.description and self.request.description:
            inputs[node.description] = self.request.description
        for name, wire in node.inputs.items():
            if wire.stage not in self.tasks:
                continue  # the request asked to go without
            optional = name in node.config.optional_inputs
            source = self.tasks[wire.stage]
            patience = (self.deadline - time.time()) / 2 if optional else None
            await asyncio.wait([source], timeout=patience)
            result = self.told[wire.stage].result if source.done() else None
            value = result.tensor(wire.tensor) if result is not None else None
            if value is not None:
                inputs[name] = cast(str | tuple[str, ...], value)  # wiring admits no other
                end.given.append(wire.stage)
            elif optional:
                end.missing_inputs.append(name)
            else:
                raise Skipped(f"it needs '{wire.stage}.{wire.tensor}', which is not known")
            if result is not None and isinstance(result.output, Retrieval):
                index = result.output.index
        end.trace = self.cascade.observer.part_traced(self.request.traceparent)
        return Item(
            id=self.request.id,
            model=node.config.name,
            version=node.version,
            view=self.picture.views[node.preprocessing.id],
            content=self.picture.content,
            inputs=inputs,
            index=index,
            digests=node.digests,
            cases=self.request.cases or None,
            deadline=self.deadline,
            priority=self.request.priority,
            traceparent=end.trace,
        )


def _say(tell: OnEvent, stage: str, text: str) -> None:
    tell(Words(stage, text))
