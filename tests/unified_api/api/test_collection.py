"""The Postman collection, run by newman against a running server that is linked to a sandbox.

What is run: of a category all reads, and all writes of records. Not run are writes at the account's level: they end
what the others need (a key, a token, the account), or need what only their caller knows.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.unified_api.api import node
from tests.unified_api.api.customers import Customer
from unified_api.api.openapi import postman
from unified_api.api.openapi.document import document

pytestmark = pytest.mark.timeout(240)  # a hundred requests, each through all of the product

NEWMAN: Final = node.INSTALLED / "node_modules" / "newman" / "bin" / "newman.js"
SETS: Final = re.compile(r"collectionVariables\.set\('(\w+)'")
#: Further requests that are not run, with reasons.
NOT_RUN: Final = (
    "/ignore/",  # forgets a record that later ones are about
    "^POST .*/attachments$",  # its file has to lie somewhere
    "/issues/{id}$",  # a new sandbox has none
    "/custom-object-classes/{(id|above)}/",  # which class is first is chance, and not every one has objects
)


def chosen(category: str) -> tuple[dict[str, Any], int]:
    """The collection with what is run of a category, and how many requests were left out."""
    collection = postman.collection(document())
    [room] = (one for one in collection["item"] if one["name"] == category)
    known: set[str] = set()
    left_out = 0
    for group in room["item"]:
        about_records, runs = group["name"].startswith(f"{category}."), []
        for one in group["item"]:
            variables = {told["value"].strip("{}") for told in one["request"]["url"]["variable"]}
            asks = about_records or one["request"]["method"] == "GET"
            if asks and _can_run(one["name"], variables, known):
                runs.append(one)
                known |= set(SETS.findall(json.dumps(one["event"])))
        left_out += len(group["item"]) - len(runs)
        group["item"] = runs
    return {**collection, "item": [room]}, left_out


def _can_run(name: str, variables: set[str], known: set[str]) -> bool:
    """Whether the lists before it have set all variables in its path."""
    return variables <= known and not any(re.search(one, name) for one in NOT_RUN)


def run(customer: Customer, collection: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What newman says of these requests."""
    environment = postman.environment(document(), customer.installation)
    secrets = {"api_key": customer.api_key, f"{customer.category}_account_token": customer.account_token}
    environment["values"] = [
        {**one, "value": secrets.get(one["key"], one["value"])} for one in environment["values"]
    ]
    (folder / "collection.json").write_text(json.dumps(collection))
    (folder / "environment.json").write_text(json.dumps(environment))
    words = ["run", "collection.json", "--environment", "environment.json", "--reporters", "json"]
    told = folder / "told.json"
    command = [str(node.node()), str(NEWMAN), *words, "--reporter-json-export", str(told)]
    subprocess.run(command, cwd=folder, check=False, timeout=200)
    answer: dict[str, Any] = json.loads(told.read_text())["run"]
    return answer


@pytest.mark.parametrize(
    "customer", ["ticketing"], indirect=True
)  # a minute for all three, which differ in words
def test_requests_of_the_collection_are_answered(
    customer: Customer, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Each with one of the statuses that the document says are right."""
    collection, left_out = chosen(customer.category)
    told = run(customer, collection, tmp_path)
    made, judged = told["stats"]["requests"]["total"], told["stats"]["assertions"]["total"]
    wrong = [(one["source"]["name"], one["error"]["message"]) for one in told["failures"]]

    assert wrong == []
    assert made == judged == sum(len(group["item"]) for group in collection["item"][0]["item"])
    record_property(
        f"requests of the Postman collection to {customer.category} that newman made",
        f"{made}, {left_out} left out",
    )
