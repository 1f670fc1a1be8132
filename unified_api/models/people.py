"""What models of people have beside their fields: the one address by which a person is known, for the database to find.

A column that Postgres derives, not an index on an expression: behind row-level security no index is used whose
expression calls a function that might tell what it was given, and `lower` is such a one.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import models
from django.db.models import F, Func, Value
from django.db.models.functions import Coalesce, Lower

#: What decorates an address: `mailto:`, a name before it in brackets, white space.
_DECORATION: Final = r"^\s*(mailto:)?(.*<)?\s*|\s*>*\s*$"
#: The first address of a list that has more in it than decoration.
_FIRST: Final = '$[*].email_address ? (@ like_regex "[^<>[:space:]]")'

#: Finds the people of an account who have an address.
BY_EMAIL: Final = models.Index(
    fields=["tenant_id", "linked_account_id", "email_key"], name="%(app_label)s_%(class)s_e"
)


def email_of(*names: str, of_list: bool = False) -> models.GeneratedField:
    """The first address of these fields, without its decoration, in small letters; null where there is none.

    The same form as the engine's normalizer `email` gives. of_list: the fields hold lists of objects.
    """
    bare = [_bare(_first_of(name) if of_list else F(name)) for name in names]
    return models.GeneratedField(
        expression=Coalesce(*bare) if len(bare) > 1 else bare[0],
        output_field=models.TextField(null=True),
        db_persist=True,
        editable=False,
    )


def _bare(address: Any) -> Func:
    bare = _text("regexp_replace", Lower(address), Value(_DECORATION), Value(""), Value("g"))
    return _text("nullif", bare, Value(""))


def _first_of(name: str) -> Func:
    """Of a list of objects."""
    as_text = "(%(function)s(%(expressions)s) #>> '{}')"
    return _text("jsonb_path_query_first", F(name), Value(_FIRST), template=as_text)


def _text(function: str, *arguments: Any, **more: Any) -> Func:
    return Func(*arguments, function=function, output_field=models.TextField(), **more)
