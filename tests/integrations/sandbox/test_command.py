"""`manage.py sandbox` and `link`, as a person types them."""

from __future__ import annotations

from io import StringIO
from typing import Any

import orjson
from django.core.management import call_command

from tests.people import Person


def called(*words: str) -> Any:
    """What a command prints as JSON."""
    out = StringIO()
    call_command(*words, "--json", stdout=out)
    return orjson.loads(out.getvalue())


def test_a_sandbox_is_made_and_linked(alice: Person, served: str) -> None:
    """`create` prints a key, `link` takes it, `list` shows the sandbox without it."""
    tenant = str(alice.tenant_id)
    made = called("sandbox", "create", "--tenant", tenant, "--category", "ticketing")
    words = ("--integration", "sandbox-ticketing", "--end-user", "customer-1", "--test")
    linked = called("link", "--tenant", tenant, *words, "--secret", f"key={made['key']}")
    [listed] = called("sandbox", "list", "--tenant", tenant)["sandboxes"]

    assert linked["remote_identity"] == made["account"] == listed["account"]
    assert len(linked["models"]) == 12
    assert "key" not in listed
