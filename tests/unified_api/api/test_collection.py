"""The Postman collection, run by newman against a running server that is linked to a sandbox.

What is run: of each category all reads, and all writes of records. Not run are writes at the account's level, as they
end what the others need (a key, a token, the account) or need what only their caller knows; what `NOT_RUN` and
`LACKS_A_VARIABLE` name; and the rooms that are no category's, such as our own. Decision 44 lists them.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.unified_api.api import node
from tests.unified_api.api.customers import Customer
from unified_api.api.openapi import postman
from unified_api.api.openapi.document import document

pytestmark = pytest.mark.timeout(1200)  # a hundred requests, each through all of the product

NEWMAN: Final = node.INSTALLED / "node_modules" / "newman" / "bin" / "newman.js"
SETS: Final = re.compile(r"collectionVariables\.set\('(\w+)'")
#: Patterns of further requests that are not run, with reasons.
NOT_RUN: Final = {
    "/ignore/": "forgets a record that later ones are about",
    "^POST .*/attachments$": "its file has to lie somewhere",
    "/issues/{id}$": "a new sandbox has none",
    "/custom-object-classes/{(id|above)}/": "which class is first is chance, and not every one has objects",
}
#: Those with a variable in their path that no list before them sets.
LACKS_A_VARIABLE: Final = {
    "GET account-token/{public_token}",
    "GET async-passthrough/{async_passthrough_receipt_id}",
    "GET projects/{id}/users",  # users come before projects
}
#: How many are made at least.
LEAST: Final = {"hris": 52, "crm": 70, "ticketing": 49}


@dataclass
class Chosen:
    """What is run of a category: the collection with nothing else, and the others by name, each with the reason."""

    collection: dict[str, Any]
    count: int
    left_out: dict[str, str]


def chosen(category: str) -> Chosen:
    """Of all requests of a category those that can be made in their order, each after what sets its variables."""
    collection = postman.collection(document())
    [room] = (one for one in collection["item"] if one["name"] == category)
    known: set[str] = set()
    left_out: dict[str, str] = {}
    count = 0
    for group in room["item"]:
        why = {one["name"]: _against(one, group["name"], known) for one in group["item"]}
        left_out |= {_short(name): reason for name, reason in why.items() if reason}
        group["item"] = [one for one in group["item"] if not why[one["name"]]]
        count += len(group["item"])
    return Chosen({**collection, "item": [room]}, count, left_out)


def _against(one: dict[str, Any], group: str, known: set[str]) -> str:
    """Why a request is not run, or nothing; then the variables that it sets are known."""
    about_records = "." in group
    if not about_records and one["request"]["method"] != "GET":
        return "a write at the account's level"
    for pattern, reason in NOT_RUN.items():
        if re.search(pattern, one["name"]):
            return reason
    lacking = {told["value"].strip("{}") for told in one["request"]["url"]["variable"]} - known
    if lacking:
        return f"lacks {', '.join(sorted(lacking))}"
    known |= set(SETS.findall(json.dumps(one["event"])))
    return ""


def _short(name: str) -> str:
    """The name of a request without the room in it: `GET tickets/{id}`."""
    return re.sub(r"/api/\w+/v1/", "", name)


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
    subprocess.run(command, cwd=folder, check=False, timeout=900)
    answer: dict[str, Any] = json.loads(told.read_text())["run"]
    return answer


def test_requests_of_the_collection_are_answered(
    customer: Customer, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Each with one of the statuses that the document says are right; none is left out without a reason."""
    those = chosen(customer.category)
    told = run(customer, those.collection, tmp_path)
    made, judged = told["stats"]["requests"]["total"], told["stats"]["assertions"]["total"]
    wrong = [(one["source"]["name"], one["error"]["message"]) for one in told["failures"]]
    lacking = {name for name, reason in those.left_out.items() if reason.startswith("lacks")}

    assert wrong == []
    assert lacking <= LACKS_A_VARIABLE, those.left_out
    assert made == judged == those.count >= LEAST[customer.category], those.left_out
    record_property(
        f"requests of the Postman collection to {customer.category} that newman made",
        f"{made}, {len(those.left_out)} left out",
    )
