"""Making a bridge: defaults, limits, refusals; and its end with its account."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from tenants import accounts
from tests.unified_api.sync.bridge.conftest import Bridged
from unified_api.engine.values import Both, Side
from unified_api.engine.weigh import Access
from unified_api.sync import erase
from unified_api.sync.bridge import setup
from unified_api.sync.models_bridge import Bridge, Overruled, Pair


def test_words_that_both_sides_know_mean_the_same(desks: Bridged) -> None:
    """What a side cannot store has no word there, unless it is given; texts are compared trimmed."""
    desks.join()
    with transaction.atomic():
        fields = Bridge.objects.get().configuration["policy"]["fields"]

    assert fields["status"]["words"] == {
        "a": {"OPEN": "OPEN", "CLOSED": "CLOSED", "IN_PROGRESS": "IN_PROGRESS"},
        "b": {"OPEN": "OPEN", "CLOSED": "CLOSED", "IN_PROGRESS": "OPEN"},
    }
    usual = {"direction": "both", "winner": "a", "first": "fill", "normalizer": "trim", "words": None}
    assert usual.items() <= fields["name"].items()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"fields": ("name", "tags")}, "stub has no tags"),
        ({"fields": ("name", "colour")}, "has no field colour"),
        ({"fields": ("name", "due_date")}, "stub has no due_date"),
        ({"fields": ("status",)}, "Records are matched by name"),
        ({"match": ()}, "Without a field to match by"),
        ({"frequency": 0.0}, "Rounds are 1 to 86400 s apart, not 0 s"),
        ({"frequency": float("nan")}, "not nan s"),
        ({"options": {"staus": {"direction": "a_to_b"}}}, "An option is given for staus"),
        ({"words": (("staus", Side.B, "x", "y"),)}, "An option is given for staus"),
        (
            {"words": (("status", Side.B, "IN_PROGRESS", "BUSY"),)},
            "plain stores no BUSY; it stores OPEN, CLOSED",
        ),
        ({"model": "ticketing.User"}, "plain has no ticketing.User"),
    ],
)
def test_what_cannot_be_is_refused(desks: Bridged, more: dict[str, Any], told: str) -> None:
    """A sentence says what is wrong."""
    wish = dataclasses.replace(desks.wish(), **more)

    with pytest.raises(setup.BridgeRefused, match=told), transaction.atomic():
        setup.create(wish)


def test_a_policy_that_cannot_be_meant_is_refused(desks: Bridged) -> None:
    """A mistake in an option is named with its place."""
    wish = desks.wish(options={"name": {"direction": "sideways"}})

    with pytest.raises(setup.BridgeRefused, match=r"fields.name.direction: 'sideways'"), transaction.atomic():
        setup.create(wish)


def test_accounts_of_two_end_users_are_not_bridged(desks: Bridged) -> None:
    """Data of one customer never reaches another."""
    a, b = desks.accounts
    b.end_user_origin_id = "customer-2"

    with pytest.raises(setup.BridgeRefused, match="one end user"), transaction.atomic():
        setup.create(dataclasses.replace(desks.wish(), account_a=a, account_b=b))


def test_a_ring_of_bridges_is_refused(desks: Bridged) -> None:
    """Two accounts that are joined already, even through others, are not joined again."""
    b = desks.accounts[1]
    desks.join()
    with transaction.atomic():
        between = Bridge.objects.get()
        between.account_b = middle = uuid.uuid4()
        between.save()
        Bridge.objects.create(
            account_a=middle,
            account_b=b.id,
            model=between.model,
            configuration=between.configuration,
            created_at=between.created_at,
        )

    with pytest.raises(setup.BridgeRefused, match="close a ring") as refused, transaction.atomic():
        setup.create(desks.wish())
    with transaction.atomic():
        assert all(str(one) in str(refused.value) for one in Bridge.objects.values_list("id", flat=True))


def test_two_accounts_are_joined_once_over_a_model(desks: Bridged) -> None:
    """The refusal names the bridge that there is, says whether its sides are these, and what to do."""
    desks.join(name="tickets")
    for wish, told in ((desks.wish(), "Apply its file"), (_turned(desks), "the other way round. Swap them")):
        with pytest.raises(setup.BridgeRefused) as refused, transaction.atomic():
            setup.create(wish)
        assert f"'tickets' ({desks.bridge_id}) already" in str(refused.value)
        assert told in str(refused.value)
        assert f"`bridge end {desks.bridge_id}`" in str(refused.value)


def _turned(desks: Bridged) -> setup.Wish:
    """What the tests bridge, with both sides swapped."""
    a, b = desks.accounts
    return dataclasses.replace(desks.wish(words=()), account_a=b, account_b=a)


def test_limits_of_the_accounts_are_told(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a side cannot write is said when the bridge is made, not found out later."""
    desks.join()
    monkeypatch.setattr(setup, "access", lambda *_: Access())
    with transaction.atomic():
        told = list(setup.limits(Bridge.objects.get(), Both(*desks.accounts)))

    assert "name cannot be written at side a (stub); an edit of it on side b is a problem." in told
    assert "No records are created at side b (plain)." in told


def test_a_bridge_ends_with_its_account(bridged: Bridged, work_until_idle: Callable[[], int]) -> None:
    """Pairs hold values of the customer: they are erased with the account's records."""
    with transaction.atomic():
        accounts.delete(bridged.accounts[0])
        erase.begin(bridged.accounts[0].id)
    work_until_idle()

    with transaction.atomic():
        assert [m.objects.count() for m in (Bridge, Pair, Overruled)] == [0, 0, 0]
    assert setup.locate(str(bridged.bridge_id)) is None
