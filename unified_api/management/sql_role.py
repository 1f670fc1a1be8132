"""`manage.py tenant sql-role`: a login to Postgres for the analysts of a tenant."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import psycopg
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection, transaction

from tenants import audit, walls
from tenants.analysts import SCHEMA, login_name
from tenants.postgres.roles import OPERATOR, as_owner
from tenants.scope import scope
from unified_api.management.answering import Document
from unified_api.serve import analysts
from unified_api.serve.logins import Login
from unified_api.serve.postgres import SUPERUSER, Cluster
from unified_api.serve.roles import RolesMissing

ONCE: Final = "Keep it now: it is shown this once."
#: 24 bytes of randomness.
_PASSWORD_BYTES: Final = 24


def make_role(tenant: uuid.UUID) -> Document:
    """Make the login, or give it a new password; the walls are built first, so that nobody finds less than all."""
    role, administrator = login_name(tenant), administrator_login()
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    users = [connection.settings_dict["OWNER_USER"], connection.settings_dict["USER"], OPERATOR]
    try:
        if analysts.make_group(administrator):
            with as_owner():
                walls.build("default")
        with _on_record(tenant, "sql_role.created", role):
            left_open = analysts.let_in(administrator, role, password, users=users)
    except (RolesMissing, psycopg.OperationalError) as error:
        raise CommandError(str(error)) from error
    where = {"database": administrator.database, "host": administrator.host, "port": administrator.port}
    return {"sql_role": role, "password": password, **where, "schema": SCHEMA, "left_open": left_open}


def end_role(tenant: uuid.UUID) -> Document:
    """End the login and its sessions."""
    role = login_name(tenant)
    try:
        with _on_record(tenant, "sql_role.revoked", role):
            if not analysts.end(administrator_login(), role):
                raise CommandError("The tenant has no login for analysts.")
    except (RolesMissing, analysts.RoleInUse, psycopg.OperationalError) as error:
        raise CommandError(str(error)) from error
    return {"sql_role": role, "revoked": True}


def tell_role(document: Document) -> Iterable[str]:
    """The password, this once, and what an administrator should close; or that it is over."""
    if document.get("revoked"):
        return [f"{document['sql_role']} is revoked: its sessions are over, and it opens nothing any more."]
    told = [f"{name}: {value}" for name, value in document.items() if name != "left_open" and value]
    left: list[str] = document["left_open"]
    advice = [
        "Let an administrator run this in the database, so that analysts can write nowhere and hold nobody up:"
    ]
    return [*told, ONCE, *(advice if left else []), *(f"  {statement};" for statement in left)]


def administrator_login() -> Login:
    """The login that makes roles, in the database that Django uses."""
    if settings.OWNER_LOGIN is None:
        raise CommandError("Logins for analysts are made with the owner's login: set DATABASE_URL.")
    database = connection.settings_dict["NAME"]
    if settings.EMBEDDED:
        return Cluster(settings.HOME).login(SUPERUSER, database)
    return replace(settings.OWNER_LOGIN, database=database)


@contextmanager
def _on_record(tenant: uuid.UUID, action: str, role: str) -> Iterator[None]:
    """Note what is done inside the block in the tenant's trail; nothing, if it fails."""
    with scope(tenant), transaction.atomic():
        audit.record(action, subject=role)
        yield
