"""Query parameters as declarations: one says to people what it means, and understands what arrives.

An endpoint declares those that it reads (`Operation.query`), and reads them by their declarations.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from unified_api.api.errors import malformed
from unified_api.api.openapi.schema import FLAG, ID, INSTANT, TEXT, Schema, any_of, many
from unified_api.api.openapi.schema import word as one_of
from unified_api.api.params import Params

T = TypeVar("T")
#: As forms send it, too.
_FLAG: Final = any_of(FLAG, {"type": "integer", "enum": [0, 1]})


@dataclass(frozen=True)
class Parameter(Generic[T]):
    """One query parameter. `of`: its value in a request, or what stands for none; raises DRF's ValidationError.

    is_ours: of a list or record of the wire contract, whether it is beyond the contract.
    """

    name: str
    about: str
    schema: Schema
    of: Callable[[Params], T]
    is_required: bool = False
    is_ours: bool = False


def text(name: str, about: str, schema: Schema = TEXT) -> Parameter[str | None]:
    """A string."""
    return Parameter(name, about, schema, lambda params: params.text(name))


def word(name: str, words: Collection[str], about: str) -> Parameter[str | None]:
    """One of these words."""
    return Parameter(name, about, one_of(*words), lambda params: params.word(name, words))


def texts(name: str, about: str, item: Schema = TEXT) -> Parameter[list[str]]:
    """Several strings, with commas or the parameter repeated."""
    return Parameter(name, about, many(item), lambda params: params.csv(name))


def ids(name: str, about: str) -> Parameter[list[uuid.UUID]]:
    """Several ids, in the same way."""
    return Parameter(name, about, many(ID), lambda params: params.ids(name))


def one_id(name: str, of_what: str) -> Parameter[uuid.UUID]:
    """The id of one thing, which has to be given."""

    def read(params: Params) -> uuid.UUID:
        asked = params.ids(name)
        if len(asked) != 1:
            raise malformed(name, f"the id of one {of_what} is expected")
        return asked[0]

    return Parameter(name, f"The id of one {of_what}.", ID, read, is_required=True)


def maybe_id(name: str, of_what: str, about: str) -> Parameter[uuid.UUID | None]:
    """The id of one thing, where it is given."""

    def read(params: Params) -> uuid.UUID | None:
        asked = params.ids(name)
        if len(asked) > 1:
            raise malformed(name, f"the id of one {of_what} is expected")
        return asked[0] if asked else None

    return Parameter(name, about, ID, read)


def instant(name: str, about: str) -> Parameter[dt.datetime | None]:
    """A point in time."""
    return Parameter(name, about, INSTANT, lambda params: params.instant(name))


def flag(name: str, about: str) -> Parameter[bool]:
    """True or false; false when it is not given."""
    return Parameter(name, about, _FLAG, lambda params: params.flag(name))


def maybe_flag(name: str, about: str) -> Parameter[bool | None]:
    """True, false or not given."""
    return Parameter(name, about, _FLAG, lambda params: params.maybe(name))


def whole(name: str, about: str, *, default: int, most: int) -> Parameter[int]:
    """A whole number of at least one; a larger one than the most is that one."""
    schema = {"type": "integer", "minimum": 1, "default": default}
    return Parameter(name, about, schema, lambda params: min(params.whole(name, default=default), most))
