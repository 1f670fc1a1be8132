"""Base URL and addressing."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.unified_api.api.conftest import Linked

#: Paths whose end stands where others have an id, and what is answered there without a body or any record.
FIXED = {
    "tickets/meta/post": 200,
    "tickets/meta/patch/none": 404,
    "tickets/live-search": 200,
    "tickets/remote-field-classes": 200,
    "sync-status/resync": 405,
    "account-token/regenerate": 405,
}


def test_fixed_segments_come_before_ids(api: Linked) -> None:
    """What shares a level with ids is itself there, and no record of that id."""
    for path, status in FIXED.items():
        assert api.get(path).status_code == status, path
    employees = "/api/hris/v1/groups/types"
    assert "types" in Client().get(employees, headers=api.person.headers).json()


@pytest.mark.parametrize("path", ["tickets", "sync-status", "account-details"])
def test_no_path_ends_in_a_slash_and_none_redirects(api: Linked, path: str) -> None:
    """The bare path is served; with a slash it is 404, so that no POST is turned into a GET."""
    assert api.get(path).status_code == 200
    for answer in (api.get(f"{path}/"), api.send("post", f"{path}/", {"model": {"name": "x"}})):
        assert (answer.status_code, "Location" in answer.headers) == (404, False)
