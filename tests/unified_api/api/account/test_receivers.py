"""Webhook receivers: set, listed, and their keys shown once."""

from __future__ import annotations

from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from unified_api.sync.models_account import WebhookReceiver

PATH = "webhook-receivers"


def test_a_receiver_is_set_once_an_event(api: Linked) -> None:
    """The list shows it without its key."""
    first = api.send("post", PATH, {"event": "issue.created", "is_active": True}).json()
    second = api.send("post", PATH, {"event": "issue.created", "is_active": False, "key": "mine"}).json()

    assert (first["event"], first["is_active"], first["key"][:4]) == ("issue.created", True, "iwk_")
    assert second == {"event": "issue.created", "is_active": False, "key": "mine"}
    assert api.get(PATH).json() == [{**second, "key": None}]


def test_keys_are_sealed(api: Linked) -> None:
    """What is stored does not show them."""
    api.send("post", PATH, {"event": "x", "is_active": True, "key": "a key of theirs"})
    [row] = api.stored(lambda: list(WebhookReceiver.objects.values()))

    assert b"a key of theirs" not in bytes(row["sealed_key"])


def test_receivers_are_of_one_account(alice: Person, link: Link, charlie: Person) -> None:
    """And go with it."""
    one, two, other = link(alice), link(alice, end_user_origin_id="two"), link(charlie)
    one.send("post", PATH, {"event": "x", "is_active": True})
    lists = [linked.get(PATH).json() for linked in (two, other)]
    one.send("post", "delete-account", None)
    one.work()

    assert lists == [[], []]
    assert one.stored(WebhookReceiver.objects.count) == 0


def test_a_mistake_is_named(api: Linked) -> None:
    """By its key."""
    for key, body in (("event", {"is_active": True}), ("is_active", {"event": "x", "is_active": "yes"})):
        answer = api.send("post", PATH, body)
        assert (answer.status_code, list(answer.json())) == (400, [key])
