"""What several records of a model are called."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin

from unified_api.models.base import common_models, model_id
from unified_api.models.plurals import plural


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("company", "companies"),
        ("key", "keys"),
        ("webhook address", "webhook addresses"),
        ("remote field class", "remote field classes"),
        ("launch", "launches"),
        ("set aside", "set aside"),
        ("overruled", "overruled"),
        ("stream", "streams"),
    ],
)
def test_the_plural_of_a_noun_is_the_english_one(one: str, several: str) -> None:
    """Also of nouns that do not just take an s, and of participles, which have none."""
    assert plural(one) == several


def test_the_console_calls_several_records_as_the_api_does() -> None:
    """Companies, and not companys; so every model of the console."""
    told = {model_id(model): str(model._meta.verbose_name_plural) for model in common_models()}
    odd = re.compile(r"[^aeiou]ys$|[sxz]s$|[cs]hs$|eds$")

    assert told["hris.Company"] == "companies"
    assert told == {model_id(model): model.wire.path.replace("-", " ") for model in common_models()}
    assert [
        name for model in admin.site._registry if odd.search(name := str(model._meta.verbose_name_plural))
    ] == []
