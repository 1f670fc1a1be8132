"""Who a request comes from: one message, nobody else's account, and nothing remembered that is not looked at again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants import accounts, callers, door
from tenants.models import ApiKey, Door
from tenants.postgres.ask import ask, on
from tenants.scope import ScopeConflict, scope, tenant_or_none
from tenants.vault import Secret
from tests.people import Person
from tests.tenants.switches import Owner, policies_off

NOW = datetime.now(UTC)


def test_key_and_account_are_recognised_in_one_message(alice: Person) -> None:
    """A busy key costs one round trip; its rows are whole, and no scope is left behind."""
    account, token = alice.link()
    callers.recognise(alice.api_key, token)
    with CaptureQueriesContext(connection) as sent:
        caller = callers.recognise(alice.api_key, token)

    assert len(sent) == 1
    assert caller is not None
    assert caller.account is not None
    with alice.at_work():
        key = ApiKey.objects.get()
        account.refresh_from_db()
    for told, stored in ((caller.key, key), (caller.account, account)):
        assert {f.attname: getattr(told, f.attname) for f in told._meta.concrete_fields} == {
            f.attname: getattr(stored, f.attname) for f in stored._meta.concrete_fields
        }
    assert tenant_or_none() is None


def test_a_key_without_a_token_or_with_an_unknown_one_has_no_account(alice: Person) -> None:
    """The key is recognised all the same."""
    alice.link()
    for token in (None, Secret("nothing"), Secret("")):
        caller = callers.recognise(alice.api_key, token)
        assert caller is not None
        assert caller.account is None


@pytest.mark.parametrize("wall", ["both", "python alone"])
def test_a_token_of_another_tenant_leads_nowhere(
    wall: str, alice: Person, charlie: Person, restored_walls: Owner
) -> None:
    """Charlie's token opens nothing for Alice's key; also where the database would show the row."""
    _, token = charlie.link()
    if wall == "python alone":
        policies_off(restored_walls)
    caller = callers.recognise(alice.api_key, token)

    assert caller is not None
    assert (caller.key.tenant_id, caller.account) == (alice.tenant_id, None)


def test_a_deleted_account_is_not_recognised(alice: Person) -> None:
    """Its token ends with it."""
    account, token = alice.link()
    with alice.at_work():
        accounts.delete(account)
    caller = callers.recognise(alice.api_key, token)

    assert caller is not None
    assert caller.account is None


def test_a_revoked_key_is_nobodys_with_the_next_request(alice: Person, database: Owner) -> None:
    """Each asks anew: the row alone, or the door alone, is enough to end it."""
    assert callers.recognise(alice.api_key, None)
    database.execute("UPDATE tenants_apikey SET revoked_at = now()")
    assert callers.recognise(alice.api_key, None) is None
    database.execute("UPDATE tenants_apikey SET revoked_at = NULL")
    assert callers.recognise(alice.api_key, None)
    with alice.at_work():
        door.close_doors(ApiKey.objects.get().id)
    assert callers.recognise(alice.api_key, None) is None


def test_an_expired_door_and_one_of_another_kind_are_closed(alice: Person, database: Owner) -> None:
    """The moment is given; a token of another kind is no API key."""
    database.execute("UPDATE tenants_door SET expires_at = %s WHERE kind = 'api key'", [NOW])

    assert callers.recognise(alice.api_key, None, now=NOW - timedelta(seconds=1))
    assert callers.recognise(alice.api_key, None, now=NOW) is None
    _, token = alice.link()
    assert callers.recognise(token, token) is None
    assert Door.objects.filter(kind="tenant").exists()
    assert callers.recognise(Secret("Wonder Ltd"), None) is None


@pytest.mark.parametrize("text", ["", "isk_live_" + "A" * 43, "\x00", "ключ", "' OR 1=1 --", "%s"])
def test_an_unknown_key_is_nobodys(text: str, alice: Person) -> None:
    """Whatever is presented, there is no caller and no error."""
    assert callers.recognise(Secret(text), Secret(text)) is None


def test_the_use_is_noted_once_a_minute(alice: Person) -> None:
    """A busy key does not write with each request."""
    noted = []
    for seconds in (0, 59, 60, 90):
        callers.recognise(alice.api_key, None, now=NOW + timedelta(seconds=seconds))
        with alice.at_work():
            noted.append(ApiKey.objects.get().last_used_at)

    assert noted == [NOW, NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=1)]


def test_a_caller_is_not_recognised_inside_another_ones_scope(alice: Person, charlie: Person) -> None:
    """A request is one tenant's from beginning to end."""
    with scope(charlie.tenant_id), pytest.raises(ScopeConflict):
        callers.recognise(alice.api_key, None)


ACCOUNTS = "SELECT end_user_origin_id FROM tenants_linkedaccount WHERE end_user_origin_id = 'kept'"
CHANGES = {
    "nothing": "SELECT 1",
    "the key is revoked": "UPDATE tenants_apikey SET revoked_at = now()",
    "the key is gone": "DELETE FROM tenants_apikey",
    "the key may read more": "UPDATE tenants_apikey SET may_read_sensitive = true",
    "the door is closed": "DELETE FROM tenants_door WHERE kind = 'api key'",
    "the door expires": "UPDATE tenants_door SET expires_at = now() + interval '1 hour' WHERE kind = 'api key'",
    "the account is deleted": "UPDATE tenants_linkedaccount SET deleted_at = now() WHERE token_digest IS NOT NULL",
    "its scopes differ": "UPDATE tenants_linkedaccount SET permissions = '[]' WHERE token_digest IS NOT NULL",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_question_of_who_is_recalled_finds_rows_only_if_nothing_has_changed(
    change: str, alice: Person, database: Owner
) -> None:
    """The message that asks also looks whether key, door and account are as they were."""
    alice.link(end_user_origin_id="kept")
    _, token = alice.link(end_user_origin_id="asked for")
    for _ in range(2):
        known = callers.recognise(alice.api_key, token)
    recalled = callers.recall(alice.api_key, token)
    assert known is not None
    assert recalled is not None
    assert recalled.premise is not None
    assert (recalled.key, recalled.account) == (known.key, known.account)
    database.execute(CHANGES[change])

    with scope(alice.tenant_id), on(recalled.premise), CaptureQueriesContext(connection) as sent:
        found = ask(ACCOUNTS, [])

    assert (found, recalled.premise.holds) == (([("kept",)], True) if change == "nothing" else ([], False))
    assert len(sent) == 1


def test_nobody_is_recalled_who_was_not_recognised(alice: Person, charlie: Person) -> None:
    """Nor with another account's token, nor once the use of the key is to be noted again."""
    _, token = alice.link()
    assert callers.recall(alice.api_key, token) is None
    for _ in range(2):
        assert callers.recognise(alice.api_key, token)

    assert callers.recall(alice.api_key, token)
    assert callers.recall(alice.api_key, charlie.link()[1]) is None
    assert callers.recall(charlie.api_key, token) is None
    assert callers.recall(alice.api_key, token, now=datetime.now(UTC) + timedelta(minutes=1)) is None
