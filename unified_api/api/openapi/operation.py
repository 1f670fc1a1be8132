"""What one method of one URL takes and answers. Each endpoint declares it beside the code that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from unified_api.api.openapi.schema import TEXT, Schema

if TYPE_CHECKING:
    from unified_api.api.parameters import Parameter

JSON = "application/json"


@dataclass(frozen=True)
class Header:
    """A header that a request may carry."""

    name: str
    about: str
    schema: Schema = field(default_factory=lambda: TEXT)


@dataclass(frozen=True)
class Media:
    """An answer's body that is no JSON, by media type."""

    media: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """What one method of one URL takes and answers.

    answers: by status the schema of the body, a `Media`, or None where there is no body; refusals that any endpoint
    may answer with are added by the document. body: the schema of what is sent. sentence: what it does, where the
    docstring of the method cannot say it.
    """

    answers: Mapping[int, Schema | Media | None]
    query: tuple[Parameter[Any], ...] = ()
    headers: tuple[Header, ...] = ()
    body: Schema | None = None
    sentence: str = ""


#: An operation, or how it follows from the URL: from the common model, from the verb.
Told: TypeAlias = Operation | Callable[[Any], Operation]


def answers(schema: Schema, status: int = 200) -> Operation:
    """An operation that takes nothing."""
    return Operation({status: schema})
