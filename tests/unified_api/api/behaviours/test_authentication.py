"""Authentication."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.people import Person
from tests.unified_api.api.conftest import Linked

#: What needs no account token: the method, and a body.
WITHOUT_ACCOUNT = [
    ("get", "linked-accounts"),
    ("get", "issues"),
    ("get", "audit-trail"),
    ("get", "default-scopes"),
    ("get", "account-token/unknown"),
    ("get", "issues/00000000-0000-0000-0000-000000000000"),
    ("post", "link-token"),
    ("post", "generate-key"),
    ("post", "regenerate-key"),
]
#: Some of what does.
WITH_ACCOUNT = [
    "employees",
    "account-details",
    "sync-status",
    "available-actions",
    "field-mappings",
    "remote-fields",
]


@pytest.mark.parametrize(("method", "path"), WITHOUT_ACCOUNT)
def test_some_calls_need_no_account_token(alice: Person, method: str, path: str) -> None:
    """And take no offence at one that they do not know: the client sends it with every call once it is set."""
    for more in ({}, {"X-Account-Token": "of somebody else"}):
        headers = {**alice.headers, **more}
        answer = getattr(Client(), method)(f"/api/hris/v1/{path}", headers=headers)
        assert answer.status_code in {200, 400, 404}, answer.content
    assert Client().get("/api/hris/v1/groups/types", headers=alice.headers).status_code == 200


@pytest.mark.parametrize("path", WITH_ACCOUNT)
def test_a_missing_account_token_is_401_with_a_detail(alice: Person, path: str) -> None:
    """In Django REST framework's shape."""
    answer = Client().get(f"/api/hris/v1/{path}", headers=alice.headers)

    assert (answer.status_code, list(answer.json())) == (401, ["detail"])
    assert isinstance(answer.json()["detail"], str)


def test_the_key_decides_before_the_account_token(api: Linked) -> None:
    """A good account token opens nothing without a key."""
    token = {"X-Account-Token": api.token.reveal()}

    assert Client().get("/api/ticketing/v1/tickets", headers=token).status_code == 401
