"""Logins to Postgres, from URLs and derived."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from unified_api.serve.logins import APP, login_from_url, role_password


def test_a_url_with_everything() -> None:
    """User, password, host, port, database and options are read, percent-encoding included."""
    login = login_from_url("postgres://us%40er:p%2Fw@db.example:5433/na%20me?sslmode=require", variable="X")

    assert conninfo_to_dict(login.conninfo()) == {
        "user": "us@er",
        "password": "p/w",
        "host": "db.example",
        "port": "5433",
        "dbname": "na me",
        "sslmode": "require",
    }


@pytest.mark.parametrize(
    "url",
    ["postgres://u:p@%2Ftmp%2Fsockets/db", "postgresql://u:p@/db?host=/tmp/sockets"],
    ids=["encoded", "option"],
)
def test_a_url_with_a_socket(url: str) -> None:
    """A socket's folder may be the host, percent-encoded, or an option."""
    assert conninfo_to_dict(login_from_url(url, variable="X").conninfo())["host"] == "/tmp/sockets"  # noqa: S108


@pytest.mark.parametrize(
    "url",
    ["mysql://u:secret@h/d", "postgres://h/d", "postgres://u:secret@h", "postgres://u:secret@/d", "secret"],
)
def test_a_url_that_is_no_login(url: str) -> None:
    """What is missing is refused by the variable's name, without showing the password."""
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as caught:
        login_from_url(url, variable="DATABASE_URL")

    assert "secret" not in str(caught.value)


def test_a_derived_login_has_the_documented_password() -> None:
    """The password of a derived role is the HMAC that the documentation names, so that others can compute it."""
    login = login_from_url("postgres://o:p@h/d", variable="X").derived("key", user=APP)
    expected = hmac.new(b"key", b"isthmus database role app", hashlib.sha256).hexdigest()

    assert (login.user, login.password, login.database) == (APP, expected, "d")
    assert role_password("key", APP) == expected


def test_a_login_does_not_show_its_password() -> None:
    """Neither its repr nor its text holds the password."""
    login = login_from_url("postgres://u:hidden@h/d", variable="X")

    assert "hidden" not in f"{login} {login!r}"
