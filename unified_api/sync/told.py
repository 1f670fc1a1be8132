"""What a number of observations speaks of: records inside records, and references."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from integrations.kit.observation import Observation
from unified_api.models.base import relations
from unified_api.models.fields import Refs


def flat(observations: Iterable[Observation]) -> Iterator[Observation]:
    """Observations, and those inside them."""
    for observation in observations:
        yield observation
        if observation.embedded:
            yield from flat(observation.embedded)


def names(observations: Iterable[Observation]) -> Iterator[str]:
    """The remote ids of all records that observations are about or refer to."""
    for observation in observations:
        yield observation.remote_id
        for name, relation in relations(observation.model).items():
            told = observation.values.get(name)
            if told is not None:
                yield from map(str, told if isinstance(relation, Refs) else [told])
