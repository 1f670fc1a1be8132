"""Upserts at a sandbox: what has not been read yet is found there, and many at once make one record."""

from __future__ import annotations

import threading
from typing import Any

from django.db import connection

from tests.integrations.sandbox.conftest import MakeAccount

BY_NAME = "tickets?match_by=name"


def test_a_record_that_was_never_read_is_found_and_changed(account: MakeAccount) -> None:
    """The provider is asked for it; what nobody finds is made, by every field that it can be asked for."""
    desk = account("ticketing")
    [theirs] = [one for one in desk.remote.all("ticket") if one["id"] == "ticket-1001"]
    desk.remote.call("PATCH", "objects/ticket/ticket-1001", {"subject": "Known by nobody"})
    found = desk.send("post", BY_NAME, {"model": {"name": "Known by nobody", "status": "CLOSED"}})
    made = desk.send("post", BY_NAME, {"model": {"name": "Nobody has this", "status": "OPEN"}})
    again = desk.remote.call("GET", "objects/ticket/ticket-1001").json()

    assert (found.status_code, found.json()["model"]["remote_id"]) == (200, "ticket-1001")
    assert (again["state"], again["priority"]) == ("solved", theirs["priority"])
    assert made.status_code == 201
    assert desk.get("tickets", name="Nobody has this")["results"][0]["id"] == made.json()["model"]["id"]


def test_many_at_once_make_one_record(account: MakeAccount) -> None:
    """Each answers with it: one has made it, the others have changed it."""
    desk = account("ticketing")
    came: list[Any] = []

    def ask(word: str) -> None:
        try:
            came.append(desk.send("post", BY_NAME, {"model": {"name": "One and only", "priority": word}}))
        finally:
            connection.close()

    several = [threading.Thread(target=ask, args=(word,)) for word in ("LOW", "NORMAL", "HIGH", "URGENT")]
    for one in several:
        one.start()
    for one in several:
        one.join()
    there = [one for one in desk.remote.all("ticket") if one["subject"] == "One and only"]

    assert sorted(answer.status_code for answer in came) == [200, 200, 200, 201]
    assert {answer.json()["model"]["remote_id"] for answer in came} == {one["id"] for one in there}
    assert len(there) == 1


def test_nobody_is_asked_for_what_cannot_be_written_in_any_case(account: MakeAccount) -> None:
    """A wrong word or type is refused before the provider is searched."""
    desk = account("ticketing")
    desk.remote.call("PUT", "behaviour", {"failShare": 1})
    for name, value in (("priority", "soonish"), ("due_date", "soon"), ("assignees", ["7"])):
        answer = desk.send("post", BY_NAME, {"model": {"name": "leak", name: value}})
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["source"]["pointer"]) == (400, f"model/{name}")
