"""Without a master key that is lost for good, everything goes on but what was sealed under it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection
from pytest_django import Settings

from tenants import accounts, giveup, secrets
from tenants.giveup import DETAIL, StillThere, give_up
from tenants.models import AuditEvent, Door, LinkedAccount, OperatorEvent, Tenant
from tenants.proof import doubts
from tenants.vault import Secret
from tests.people import Person
from tests.tenants import keys
from tests.tenants.switches import Owner, waits
from tests.tenants.test_rotation import closing
from tests.unified_api.commands.program import eventually


def test_what_was_sealed_is_erased_and_all_else_stays(
    alice: Person, charlie: Person, settings: Settings
) -> None:
    """The account keeps its id and, for now, its token; a tenant under another key is not touched."""
    account, token = alice.link()
    settings.MASTER_KEYS = keys.NEW
    later = Tenant.create("Later Ltd")
    kept, _ = Person("Later", later.id, Secret("")).link()
    assert give_up(keys.OLD_ID, "it is lost") == 2

    assert doubts("a start") == []
    with alice.at_work():
        row = accounts.by_token(token)
        assert row is not None
        assert (row.id, row.status, row.status_detail) == (account.id, "RELINK_NEEDED", DETAIL)
        assert (bytes(row.sealed_token), bytes(row.sealed_credential)) == (b"", b"")
        event = AuditEvent.objects.get(action="tenant.key_given_up")
        assert event.detail == {"before": keys.OLD_ID, "linked_accounts": 1}
    with Person("Later", later.id, Secret("")).at_work():
        assert LinkedAccount.objects.get().credential()
        assert kept.token()
    assert OperatorEvent.objects.filter(reason="it is lost").exists()


def test_linking_again_gives_a_new_token(alice: Person, settings: Settings) -> None:
    """The old one, which nobody could tell any more, ends; the id stays."""
    account, old = alice.link()
    settings.MASTER_KEYS = keys.NEW
    give_up(keys.OLD_ID, "it is lost")
    again, new = alice.link(credential={"password": Secret("another")})

    assert (again.id, again.status, new == old) == (account.id, "COMPLETE", False)
    assert accounts.locate(old) is None
    assert accounts.locate(new) == accounts.locate(str(account.id)) == (alice.tenant_id, account.id)
    with alice.at_work():
        assert accounts.by_token(old) is None
        row = accounts.by_token(new)
        assert row is not None
        assert row.credential() == {"password": Secret("another")}
    _, same = alice.link()
    assert same == new
    assert Door.objects.filter(kind=accounts.TOKEN_DOOR, reference=account.id).count() == 1


def test_a_key_that_is_there_is_not_given_up(alice: Person) -> None:
    """A mistake in the id costs nothing."""
    account, _ = alice.link()
    with pytest.raises(StillThere, match="so nothing was given up"):
        give_up(keys.OLD_ID, "a mistake")
    with alice.at_work():
        assert account.credential()


def test_giving_up_twice_or_nothing_changes_nothing(
    alice: Person, settings: Settings, database: Owner
) -> None:
    """Nor does an id that no tenant is under."""
    settings.MASTER_KEYS = keys.NEW
    assert (give_up("unheard-of", "x"), give_up(keys.OLD_ID, "x"), give_up(keys.OLD_ID, "x")) == (0, 1, 0)
    with alice.at_work():
        assert secrets.seal_text("x", row=alice.tenant_id, purpose="credential")


def test_what_was_linked_since_is_not_erased_by_a_second_run(alice: Person, settings: Settings) -> None:
    """Two that begin at once find the same tenants; the second to come to one leaves it. No old key is remembered."""
    alice.link()
    settings.MASTER_KEYS = keys.NEW
    give_up(keys.OLD_ID, "it is lost")
    assert secrets._kept.get(alice.tenant_id) is None
    account, _ = alice.link(credential={"password": Secret("another")})

    assert not giveup._give_up(alice.tenant_id, keys.OLD_ID)
    with alice.at_work():
        assert LinkedAccount.objects.get(pk=account.pk).credential() == {"password": Secret("another")}


def test_a_process_that_holds_the_old_key_opens_what_is_sealed_afterwards(
    alice: Person, settings: Settings
) -> None:
    """It had opened the tenant's key while that was there, and looks again when it meets the new one."""
    alice.link()
    with alice.at_work():
        remembered = secrets._tenant_key()
    settings.MASTER_KEYS = keys.NEW
    give_up(keys.OLD_ID, "it is lost")
    account, _ = alice.link(credential={"password": Secret("another")})
    secrets._kept.keep(alice.tenant_id, remembered)

    with alice.at_work():
        assert account.credential() == {"password": Secret("another")}


def test_it_waits_for_whoever_is_linking_without_standing_in_the_way(
    alice: Person, settings: Settings, database: Owner
) -> None:
    """Who links has the account first, then its tenant: in the other order both would wait for each other."""
    account, _ = alice.link()
    settings.MASTER_KEYS = keys.NEW
    assert django_settings.OWNER_LOGIN is not None
    conninfo = django_settings.OWNER_LOGIN.conninfo(dbname=connection.settings_dict["NAME"])
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(conninfo) as linking:
            linking.execute("SELECT 1 FROM tenants_linkedaccount WHERE id = %s FOR UPDATE", [account.id])
            giving_up = pool.submit(closing(give_up), keys.OLD_ID, "it is lost")
            assert eventually(lambda: waits(database))
            linking.execute("SELECT 1 FROM tenants_tenant WHERE id = %s FOR SHARE NOWAIT", [alice.tenant_id])
        assert giving_up.result(120) == 1
