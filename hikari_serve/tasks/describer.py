"""Kind `describe`: a clinical description in words, generated and streamed."""

from hikari_serve.engines.contract import Generate, Generated, Output, Prompt
from hikari_serve.pictures.view import read_view
from hikari_serve.repository.schema import DescriberConfig
from hikari_serve.scheduling.job import Asked
from hikari_serve.stage import Description, Item
from hikari_serve.tasks.model import Model


class Describer(Model):
    """Describes the picture, told the disease or not."""

    def prepare(self, item: Item) -> Asked:
        assert isinstance(self.config.hikari, DescriberConfig)
        layout = self.config.hikari.prompt
        inputs = {name: value for name, value in item.inputs.items() if isinstance(value, str)}
        prompt = Prompt(layout.messages(inputs), [read_view(item.view)])
        want = Generate(self.config.hikari.limits.max_new_tokens)
        return Asked(self._engine.prepare(prompt, want))

    def read(self, output: Output, item: Item, asked: Asked) -> Description:
        assert isinstance(output, Generated)
        return Description(text=output.text.strip(), finish_reason=output.finish_reason)
