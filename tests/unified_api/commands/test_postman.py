"""`manage.py postman`: a collection and an environment. Whether requests are answered: see `api/test_collection.py`."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from unified_api.api.openapi.document import METHODS, document


def printed(*words: str) -> str:
    """What the command says; it needs no database."""
    out = io.StringIO()
    call_command("postman", *words, stdout=out)
    return out.getvalue()


def requests(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All requests in folders, however deep."""
    for one in items:
        yield from requests(one["item"]) if "item" in one else [one]


def test_a_collection_has_every_operation_and_its_environment_every_variable() -> None:
    """Each operation stands there once, with a test, and every variable of the environment is used."""
    collection, environment = json.loads(printed()), json.loads(printed("--environment"))
    found = [*requests(collection["item"])]
    names = {one["key"] for one in environment["values"]}

    assert sorted(one["name"] for one in found) == sorted(
        f"{m.upper()} {path}" for path, item in document()["paths"].items() for m in METHODS if m in item
    )
    assert all(one["event"][0]["script"]["exec"] for one in found)
    assert all("{{" + name + "}}" in json.dumps(collection) for name in names)
    assert [one["value"] for one in environment["values"] if one["type"] == "secret" and one["value"]] == []


def test_it_is_written_to_a_file_and_the_environment_says_where_the_api_is(tmp_path: Path) -> None:
    """Of a file it says where it is."""
    file = tmp_path / "environment.json"
    said = printed("--environment", "--base-url", "https://isthmus.example.com/", "--out", str(file))

    assert said == f"Written to {file}.\n"
    assert json.loads(file.read_text())["values"][0]["value"] == "https://isthmus.example.com"


def test_an_address_that_is_none_is_told() -> None:
    """In one sentence, with an example."""
    with pytest.raises(CommandError, match=r"'isthmus' is no address; give one such as https://"):
        printed("--environment", "--base-url", "isthmus")
