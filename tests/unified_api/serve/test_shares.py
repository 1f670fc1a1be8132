"""Slots that tenants share: one tenant leaves some, and what is given back goes to who has none."""

from __future__ import annotations

import threading
import uuid
from contextlib import ExitStack

import pytest

from unified_api.serve.shares import Shares

HEAVY, OTHER, THIRD = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()


def taken(slots: Shares, tenant: uuid.UUID, held: ExitStack) -> int:
    """Take as many as the tenant may have; how many that were."""
    number = 0
    while held.enter_context(slots.one(tenant)):
        number += 1
    return number


def test_one_tenant_cannot_have_all() -> None:
    """Alone it has two thirds; whoever comes then has less, and there is one for the next."""
    slots = Shares(48)
    with ExitStack() as held:
        numbers = [taken(slots, tenant, held) for tenant in (HEAVY, OTHER, THIRD)]
        assert numbers == [32, 11, 4]
        assert slots.free == 1
        assert taken(slots, uuid.uuid4(), held) == 1
    assert slots.free == 48


@pytest.mark.parametrize("of_all", range(2, 20))
def test_however_few_there_are_another_tenant_finds_one(of_all: int) -> None:
    """As long as there is more than one."""
    slots = Shares(of_all)
    with ExitStack() as held:
        assert 0 < taken(slots, HEAVY, held) < of_all
        assert taken(slots, OTHER, held) > 0


def test_the_only_one_is_for_who_comes_first() -> None:
    """Nobody is shut out for good."""
    slots = Shares(1)
    with ExitStack() as held:
        assert (taken(slots, HEAVY, held), taken(slots, OTHER, held)) == (1, 0)
    assert slots.may_take(OTHER)


def test_what_is_given_back_goes_to_who_has_none() -> None:
    """Where none is free, a tenant that has some does not take it from one that waits."""
    slots, got = Shares(3), threading.Event()

    def wait() -> None:
        with slots.one(OTHER, patience=60) as has_slot:
            assert has_slot
            got.set()

    waiting = threading.Thread(target=wait)
    with ExitStack() as others:
        with ExitStack() as held:
            assert (taken(slots, HEAVY, others), taken(slots, THIRD, held)) == (2, 1)
            waiting.start()
        assert not slots.may_take(HEAVY)
        assert got.wait(60)
    waiting.join()
