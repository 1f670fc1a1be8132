"""Logins to Postgres: read from a URL, derived for roles of lesser power, written as a connection string."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import make_conninfo

OWNER = "isthmus_owner"
APP = "isthmus_app"
OPERATOR = "isthmus_operator"
BROKER = "isthmus_broker"

DATABASE = "isthmus"
BROKER_DATABASE = "isthmus_broker"


@dataclass(frozen=True)
class Login:
    """Who connects to which database. `host` is a name, an address or the folder of a socket."""

    database: str
    user: str
    password: str = field(repr=False)
    host: str
    port: str = ""
    options: dict[str, str] = field(default_factory=dict)

    def conninfo(self, **more: Any) -> str:
        """The login as libpq reads it."""
        port = {"port": self.port} if self.port else {}
        known = {
            "dbname": self.database,
            "user": self.user,
            "password": self.password,
            "host": self.host,
            **more,
        }
        return make_conninfo("", **{**port, **self.options, **known})

    def derived(self, secret_key: str, *, user: str, database: str | None = None) -> Login:
        """The login of a lesser role on the same server, whose password follows from the secret key."""
        password = role_password(secret_key, user) if secret_key else ""
        return replace(self, user=user, password=password, database=database or self.database)


def role_password(secret_key: str, role: str) -> str:
    """The password of a role that Isthmus makes for itself: hex of an HMAC, the same in every process."""
    name = role.removeprefix("isthmus_")
    return hmac.new(secret_key.encode(), f"isthmus database role {name}".encode(), hashlib.sha256).hexdigest()


def login_from_url(url: str, *, variable: str) -> Login:
    """Read `postgres://user:password@host:port/database?option=value`; a socket's folder goes into `?host=`.

    ImproperlyConfigured names the variable, never its content, since it holds a password.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{variable} has to begin with postgres://.")
    if not (host and parts.username and parts.path.strip("/")):
        raise ImproperlyConfigured(
            f"{variable} has to name user, host and database: postgres://user:password@host/name."
        )
    return Login(
        database=unquote(parts.path.strip("/")),
        user=unquote(parts.username),
        password=unquote(parts.password or ""),
        host=host,
        port=str(parts.port or ""),
        options=options,
    )
