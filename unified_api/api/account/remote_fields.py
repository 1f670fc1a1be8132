"""What there is in the provider's own records: names, how often they have a value, and a few of these.

Looked up in the answers about the records that changed last, not asked of the provider.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from integrations.kit.searching import SearchLens, Unsearched
from tenants.models import LinkedAccount
from unified_api.api.concealing import cleaned
from unified_api.models.base import CommonModel, model_id
from unified_api.sync.models import RemoteData

Steps = tuple[str, ...]
#: Records that are looked at, if nobody says how many, and at the most.
USUAL: Final = 25
MOST: Final = 250
#: Values that are shown of a field, and characters of each.
_EXAMPLES: Final = 3
_LONGEST: Final = 200
#: Objects inside each other that are looked into, and fields that are shown.
_DEEPEST: Final = 5
_FIELDS: Final = 500
_TYPES: Final = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


@dataclass
class RemoteField:
    """One field of the provider's records: where it is, in how many of those looked at it has a value, and examples."""

    path: str
    steps: Steps
    records: int
    filled: int = 0
    types: set[str] = field(default_factory=set)
    examples: list[Any] = field(default_factory=list)

    def see(self, value: Any) -> None:
        """Note what a record has there."""
        if value is None:
            return
        self.filled += 1
        self.types.add(_TYPES[type(value)])
        shown = value[:_LONGEST] if isinstance(value, str) else value
        if len(self.examples) < _EXAMPLES and shown not in self.examples:
            self.examples.append(shown)

    @property
    def schema(self) -> dict[str, Any]:
        """Its type, as JSON schema; nothing where no record has a value."""
        told = sorted(self.types)
        return {} if not told else {"type": told[0] if len(told) == 1 else told}


def of(account: LinkedAccount, model: type[CommonModel], records: int = USUAL) -> list[RemoteField]:
    """The fields of a model's records at an account, within the transaction that is open."""
    answers = _answers(account, model, records)
    return [found for path in sorted(answers) for found in _of_endpoint(path, answers[path])]


def unsearched(account: LinkedAccount, model: type[CommonModel], path: str, records: int) -> tuple[int, int]:
    """In how many answers about a model's records a JMESPath cannot be searched, and how many were looked at.

    Within the transaction that is open.
    """
    lens = SearchLens(path=path)
    answers = [one for found in _answers(account, model, records).values() for one in found]
    return sum(_is_unsearched(lens, one) for one in answers), len(answers)


def _is_unsearched(lens: SearchLens, record: Any) -> bool:
    try:
        lens.read(record)
    except Unsearched:
        return True
    return False


def _answers(account: LinkedAccount, model: type[CommonModel], records: int) -> dict[str, list[Any]]:
    """What the provider answered about the records that changed last, by the path of its endpoints."""
    if not account.may("read", model_id(model)):
        return {}
    newest = model.objects.filter(linked_account_id=account.id, is_shell=False, remote_was_deleted=False)
    ids = list(newest.order_by("-modified_at", "-id").values_list("id", flat=True)[: min(records, MOST)])
    answers: dict[str, list[Any]] = defaultdict(list)
    for path, body in RemoteData.objects.filter(record_id__in=ids).values_list("path", "body"):
        told = [{"path": path, "data": orjson.loads(zlib.decompress(body))}]
        answers[path] += [one["data"] for one in cleaned(account, model, told)]
    return answers


def _of_endpoint(path: str, records: Sequence[Any]) -> list[RemoteField]:
    found: dict[Steps, RemoteField] = {}
    for record in records:
        for steps, value in _leaves(record, ()):
            if steps in found or len(found) < _FIELDS:
                found.setdefault(steps, RemoteField(path, steps, len(records))).see(value)
    return list(found.values())


def _leaves(value: Any, steps: Steps) -> Iterator[tuple[Steps, Any]]:
    """What has no names inside it, with the names that lead there."""
    if isinstance(value, Mapping) and value and len(steps) < _DEEPEST:
        for name, inner in value.items():
            yield from _leaves(inner, (*steps, name))
    elif steps:
        yield steps, value
