"""What lists can be asked for.

where.state=["new","reopened"]    objects with one of these values in a field; of a list, with one among its items
contains.subject=printer          objects with this text within a field, spelled as it is there
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any, Final

import orjson
from django.db.models import Q, Value
from django.db.models.fields.json import KT
from django.db.models.lookups import Contains

from integrations.sandbox.fields import CONTAINS, WHERE
from integrations.sandbox.service import bodies
from integrations.sandbox.service.errors import malformed
from integrations.sandbox.spelling import lenses
from unified_api.models.base import CommonModel

_NONE: Final = Q(pk__in=())


def is_matching(parameter: str) -> bool:
    """Whether a query parameter is one of these."""
    return parameter.startswith((WHERE, CONTAINS))


def matching(model: type[CommonModel], params: Mapping[str, str]) -> list[Any]:
    """The conditions of all these parameters; raises Refused."""
    kept = (name for name, lens in lenses(model).items() if not lens.read_only)
    known = {bodies.path_of(model, name) for name in kept} - bodies.hidden(model)
    found = []
    for parameter, told in params.items():
        verb, _, path = parameter.partition(".")
        if path not in known:
            raise malformed(f"Lists cannot be asked for {path!r}; they can for {', '.join(sorted(known))}.")
        if "\0" in told:
            raise malformed(f"{parameter} holds a NUL character.")
        found.append(
            Contains(KT(f"body__{path}"), Value(told)) if f"{verb}." == CONTAINS else _where(path, told)
        )
    return found


def _where(path: str, told: str) -> Q:
    try:
        values = orjson.loads(told)
    except orjson.JSONDecodeError as error:
        raise malformed(f"{WHERE}{path} takes a JSON list: {error}") from error
    if not isinstance(values, list):
        raise malformed(f'{WHERE}{path} takes a JSON list, such as ["one", "two"].')
    if why := bodies.unstorable(values):
        raise malformed(f"{WHERE}{path} {why}.")
    each = [Q(body__contains={path: held}) for value in values for held in (value, [value])]
    return reduce(or_, each, _NONE)
