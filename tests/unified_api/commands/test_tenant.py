"""`manage.py tenant`: tenants and their keys from the command line."""

from __future__ import annotations

import psycopg
import pytest
from django.core.management.base import CommandError

from tenants import apikeys
from tenants.models import AuditEvent, OperatorEvent, Tenant
from tests.people import Person
from tests.unified_api.commands.conftest import Call
from tests.unified_api.commands.program import run_program


def test_a_new_tenant_comes_with_a_key_that_opens_the_api(call: Call) -> None:
    """The key that is printed is recognised as the new tenant's."""
    made = call("tenant", "create", "Wonder Ltd", "--json").document

    found = apikeys.authenticate(made["api_key"])
    assert found is not None
    assert str(found[0]) == made["tenant_id"]
    assert found[1].kind == "production"


def test_people_read_the_key_and_that_it_is_shown_once(call: Call) -> None:
    """Without --json the answer is lines, the last of which says to keep the key."""
    printed = call("tenant", "create", "Wonder Ltd")

    assert "api_key: isk_live_" in printed.out
    assert printed.out.strip().endswith("it is shown this once.")


def test_a_test_key_is_made_on_request(call: Call) -> None:
    """--test makes a second key, which is one for test accounts."""
    made = call("tenant", "create", "Wonder Ltd", "--test", "--json").document

    found = apikeys.authenticate(made["test_api_key"])
    assert found is not None
    assert found[1].kind == "test"


def test_a_name_that_is_taken_is_refused_in_a_sentence(call: Call, alice: Person) -> None:
    """Two tenants cannot have one name."""
    with pytest.raises(CommandError, match=r"named 'Wonder Ltd' already; choose another"):
        call("tenant", "create", "Wonder Ltd")


def test_listing_tenants_is_on_record(call: Call, alice: Person, charlie: Person) -> None:
    """All tenants are listed, and the look across them is noted with its reason."""
    listed = call("tenant", "list", "--json").document

    assert [t["name"] for t in listed["tenants"]] == ["Chocolate Inc", "Wonder Ltd"]
    assert OperatorEvent.objects.get().reason == "manage.py tenant list"
    assert "Chocolate Inc" in call("tenant", "list").out


def test_a_further_key_can_be_made_and_is_listed_without_its_text(call: Call, alice: Person) -> None:
    """`key list` shows names, kinds and endings, never a key."""
    made = call("tenant", "key", "create", "Wonder Ltd", "--name", "shop", "--test", "--json").document
    listed = call("tenant", "key", "list", "Wonder Ltd", "--json")

    assert [key["name"] for key in listed.document["api_keys"]] == ["Alice", "shop"]
    assert made["api_key"] not in listed.out
    assert "shop" in call("tenant", "key", "list", "Wonder Ltd").out


def test_a_revoked_key_opens_nothing(call: Call, alice: Person) -> None:
    """Revoking by the last four characters ends the key, and the trail says which command did it."""
    hint = alice.api_key.reveal()[-4:]
    printed = call("tenant", "key", "revoke", "--", "Wonder Ltd", hint)  # which may begin with a dash

    assert "is revoked" in printed.out
    assert apikeys.authenticate(alice.api_key) is None
    with alice.at_work():
        event = AuditEvent.objects.get(action="api_key.revoked")
    assert (event.actor_kind, event.actor) == ("command", "manage.py tenant")


def test_a_key_of_another_tenant_cannot_be_revoked(call: Call, alice: Person, charlie: Person) -> None:
    """A key is looked for among its tenant's only."""
    with pytest.raises(CommandError, match="has no key"):
        call("tenant", "key", "revoke", "--", "Wonder Ltd", charlie.api_key.reveal()[-4:])
    assert apikeys.authenticate(charlie.api_key) is not None


def test_an_unknown_tenant_is_named_with_the_way_to_find_one(call: Call) -> None:
    """The sentence says which command lists tenants."""
    with pytest.raises(CommandError, match=r"no tenant 'Nobody'; `manage.py tenant list`"):
        call("tenant", "key", "list", "Nobody")


def test_the_real_program_prints_one_document_and_nothing_else(database: psycopg.Connection) -> None:
    """As a process of its own, `--json` leaves nothing but JSON on standard output, and exits with 0."""
    made = run_program("tenant", "create", "Wonder Ltd", "--json")

    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("{")
    assert made.stdout.rstrip().endswith("}")
    assert Tenant.find("Wonder Ltd") is not None


def test_the_real_program_fails_with_one_sentence(database: psycopg.Connection) -> None:
    """An error is one sentence on standard error, no traceback, and exit status 1."""
    failed = run_program("tenant", "key", "list", "Nobody", "--json")

    assert (failed.returncode, failed.stdout) == (1, "")
    assert "There is no tenant 'Nobody'" in failed.stderr
    assert "Traceback" not in failed.stderr
