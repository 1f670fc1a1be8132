"""What a number of observations speaks of: records inside records, and references."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from integrations.kit.observation import Observation
from unified_api.models.base import common_model, model_id, referring
from unified_api.models.fields import Ref, Refs
from unified_api.models.shapes import Keyed

#: A field that names records, be it within nested objects.
Referring: TypeAlias = Ref | Refs | Keyed


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
        for name, field in referring(observation.model).items():
            told = observation.values.get(name)
            if told is not None:
                yield from (str(named) for _, named in references(field, told, observation.values))


def references(field: Referring, told: Any, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a value names: the model of each record, and by what it is named. values: of the record's other fields."""
    if isinstance(field, Keyed):
        for item in told if isinstance(told, list) else [told]:
            for key, relation in field.relations.items() if isinstance(item, dict) else ():
                if item.get(key) is not None:
                    yield from references(relation, item[key], item)
    else:
        to = _to(field, values)
        yield from ((to, named) for named in (told if isinstance(told, list) else [told]))


def replaced(field: Referring, told: Any, values: Mapping[str, Any], by: Callable[[str, Any], Any]) -> Any:
    """The value with something else in the place of each name: `by` is given the model and the name."""
    if isinstance(field, Keyed):
        return [_within(field, i, by) for i in told] if isinstance(told, list) else _within(field, told, by)
    to = _to(field, values)
    return [by(to, named) for named in told] if isinstance(told, list) else by(to, told)


def _within(field: Keyed, item: Any, by: Callable[[str, Any], Any]) -> Any:
    if not isinstance(item, dict):
        return item
    named = {key: one for key, one in field.relations.items() if item.get(key) is not None}
    return {**item, **{key: _plain(replaced(one, item[key], item, by)) for key, one in named.items()}}


def _plain(told: Any) -> Any:
    """Ids as text: nested objects are JSON."""
    if isinstance(told, list):
        return [_plain(one) for one in told]
    return str(told) if isinstance(told, uuid.UUID) else told


def _to(field: Ref | Refs, values: Mapping[str, Any]) -> str:
    other = values.get(field.by) if isinstance(field, Ref) and field.by else None
    try:
        return model_id(common_model(str(other))) if other else field.to
    except LookupError:  # a model that only the provider knows
        return field.to
