"""`manage.py operator`: logins to the console."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.core.management.base import CommandError

from tests.unified_api.commands.conftest import Call


def test_an_operator_is_made_with_a_password_that_works(call: Call) -> None:
    """The printed password logs in, with all rights."""
    made = call("operator", "create", "grace", "--json").document

    user = authenticate(username="grace", password=made["password"])
    assert user is not None
    assert user.is_superuser


def test_a_second_password_needs_reset(call: Call) -> None:
    """A name that is taken is refused; --reset replaces the password, and the old one no longer works."""
    old = call("operator", "create", "grace", "--json").document["password"]
    with pytest.raises(CommandError, match="--reset makes a new password"):
        call("operator", "create", "grace")
    told = call("operator", "create", "grace", "--reset").out

    assert "password: " in told
    assert authenticate(username="grace", password=old) is None
