"""When a disease is named: the demo's own rules, and what others would have named."""

from dataclasses import dataclass, replace

from demo.evaluation.trials import Trial
from hikari_serve.cascade.consistency import Consistency
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig, ClassifierConfig

CONTRADICTS: Consistency = "contradicts"


@dataclass(frozen=True)
class Rules:
    """What an answer must have for its disease to be named.

    Attributes:
        disease_mass: Least belief of the disease model inside its label set.
        group_mass: The same of the group model.
        min_typicality: Least share of the cases that are as far from the nearest other one.
        captions: Whether a caption that contradicts withholds.
    """

    disease_mass: float
    group_mass: float
    min_typicality: float
    captions: bool

    @classmethod
    def of(cls, repository: Repository, cascade: str = "demo") -> "Rules":
        """Those that the repository's configurations state."""
        config = repository.config(cascade).hikari
        disease = repository.config(f"{cascade}_disease").hikari
        group = repository.config(f"{cascade}_group").hikari
        assert isinstance(config, CascadeConfig)
        assert isinstance(disease, ClassifierConfig)
        assert isinstance(group, ClassifierConfig)
        return cls(
            disease.min_label_mass,
            group.min_label_mass,
            config.abstain.min_typicality,
            config.abstain.on_caption_contradiction,
        )

    def at(self, min_typicality: float) -> "Rules":
        """The same with another rule on the distance."""
        return replace(self, min_typicality=min_typicality)

    def name(self, trial: Trial) -> bool:
        """Whether the disease is named of a trial that was answered with looser rules."""
        disease, group, caption = trial.answer.disease, trial.answer.group, trial.answer.caption
        if disease is None or disease.label is None or group is None or group.label is None:
            return False
        typicality = trial.answer.checks.typicality
        contradicted = caption is not None and caption.consistency == CONTRADICTS
        return (
            (disease.label_mass or 0) >= self.disease_mass
            and (group.label_mass or 0) >= self.group_mass
            and (typicality is None or typicality >= self.min_typicality)
            and not (self.captions and contradicted)
        )
