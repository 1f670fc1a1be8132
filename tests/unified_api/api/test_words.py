"""Lists of the words that a choice has."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.people import Person
from tests.unified_api.api.conftest import Link
from tests.unified_api.api.pushing import Product, product_of

TYPES = "/api/hris/v1/groups/types"


@pytest.fixture
def hris(alice: Person, link: Link) -> Product:
    """A product's people, in groups of which one is deleted."""
    product = product_of(alice, link)
    for number, word in enumerate(["TEAM", "Guild", "TEAM", None]):
        product.push("hris.Group", str(number), {"type": word})
    product.call("delete", "sync/v1/records/hris.Group/1")
    return product


def types(headers: dict[str, str], **query: Any) -> Any:
    """What is answered."""
    return Client().get(TYPES, query, headers=headers)


def test_the_types_of_groups_are_told_to_who_names_no_account(alice: Person) -> None:
    """Those of the vocabulary."""
    told = types(alice.headers)

    assert (told.status_code, told.json()["types"][:2]) == (200, ["TEAM", "DEPARTMENT"])


def test_the_types_that_an_accounts_groups_have_are_told_to_who_names_it(hris: Product) -> None:
    """Each once; those of deleted groups to who asks for them, and none of an account of another tenant."""
    mine = hris.linked.headers

    assert types(mine).json() == {"types": ["TEAM"]}
    assert types(mine, include_deleted_data="true").json() == {"types": ["Guild", "TEAM"]}
    assert types({**mine, "X-Account-Token": "unknown"}).status_code == 401
