"""`manage.py webhook`: where the product is told what happens, by command."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.core.management.base import CommandError

from tests.people import Person
from tests.unified_api.api import receiver
from tests.unified_api.api.receiver import Receiver
from tests.unified_api.commands.conftest import Call
from unified_api.sync import issues


@pytest.fixture
def product(settings: object) -> Iterator[Receiver]:
    """Where the product listens; the operator allows it."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]  # type: ignore[attr-defined]
    with receiver.running() as running:
        yield running


def words(verb: str, person: Person, *more: str) -> tuple[str, ...]:
    """The words of a command about this person's webhooks."""
    return ("webhook", verb, "--tenant", str(person.tenant_id), *more)


def test_a_webhook_is_added_tried_resumed_and_removed(call: Call, alice: Person, product: Receiver) -> None:
    """Its secret is printed when it is added, and never again; each verb says how it stands."""
    made = call(*words("add", alice, "--url", product.url, "--event", "Ticket.added", "--json")).document
    [hook] = made["webhooks"]
    tried = call(*words("test", alice, hook["id"]))
    resumed = call(*words("resume", alice, hook["id"], "--json")).document
    whole = call(*words("add", alice, "--url", product.url, "--json")).document["webhooks"][0]["id"]
    with alice.at_work():
        issues.open_issue(issues.READING, uuid.uuid4(), "odd")
    listed = call(*words("list", alice))
    removed = call(*words("remove", alice, hook["id"]))
    call(*words("remove", alice, whole))
    nothing = call(*words("list", alice))

    assert made["secret"].startswith("iho_")
    assert (hook["events"], hook["is_test"]) == (["Ticket.added"], False)
    assert "delivered" in tried.out
    assert product.events() == ["Webhook.test"]
    assert resumed["webhooks"] == [hook]
    behind = {line.split()[0]: "untold since" in line for line in listed.out.splitlines()[1:]}
    assert "nothing delivered yet" in listed.out
    assert behind == {hook["id"]: False, whole: True}
    assert made["secret"] not in listed.out + removed.out
    assert "none" in nothing.out


@pytest.mark.parametrize(
    "more",
    [
        ("add", "--url", "https://10.0.0.1/"),
        ("add", "--url", "https://1.1.1.1", "--event", "x"),
        ("test", "x"),
    ],
)
def test_what_cannot_be_done_says_so(call: Call, alice: Person, more: tuple[str, ...]) -> None:
    """An address that may not be called, an event that there is not, an id that is none."""
    with pytest.raises(CommandError):
        call(*words(more[0], alice, *more[1:]))
