"""System checks: the second wall is as the models ask for, and the role that we use cannot pass it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DEFAULT_DB_ALIAS, OperationalError, ProgrammingError, connections, models

from tenants.analysts import ANALYST
from tenants.catalog import Roles, read_powers, read_roles
from tenants.postgres.roles import OPERATOR
from tenants.proof import doubts
from tenants.rows import Walled
from tenants.scope import current_role
from tenants.vault import BadKeyRing
from tenants.walls import ENGINE, differences

_MIGRATE = "Run `manage.py migrate` with the owner's login (DATABASE_URL): it builds the walls anew."


@register(Tags.database)
def check_walls(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """tenants.E001: a table lacks key, policy or right. tenants.E002: the app's role passes the walls.

    tenants.E006: the database does not answer. tenants.E007: a role for analysts may do more than it should.
    """
    ours = [name for name in databases or () if connections[name].settings_dict["ENGINE"] == ENGINE]
    if current_role() == "owner":  # who migrates is about to put it right
        return []
    return [message for name in ours for message in _check_database(name)]


def _check_database(using: str) -> list[CheckMessage]:
    try:
        return [*_check_tables(using), *_check_roles(using), *_check_analysts(using)]
    except OperationalError as error:
        first = str(error).strip().partition("\n")[0]
        return [
            Error(
                f"The database does not answer: {first}",
                hint="See that it runs, and that DATABASE_URL or DATABASE_APP_URL leads to it.",
                id="tenants.E006",
            )
        ]


def _check_tables(using: str) -> Iterator[CheckMessage]:
    for found in differences(connections[using]):
        where = f"Table {found.table}" if found.table else "The database"
        yield Error(
            f"{where} is not behind the wall as its model asks: {found.what}.",
            hint=_MIGRATE,
            id="tenants.E001",
        )


def _check_roles(using: str) -> Iterator[CheckMessage]:
    app = connections[using].settings_dict["USER"]
    roles = read_roles(connections[using], app, OPERATOR)
    for sentence, statement in _dangers(roles, app) if roles else ():
        hint = (
            f"Let an administrator run: {statement};" if statement else "Use a login of its own for the app."
        )
        yield Error(f"The role {app} {sentence}.", hint=hint, id="tenants.E002")


def _dangers(roles: Roles, app: str) -> Iterator[tuple[str, str]]:
    if roles.passes_policies:
        yield (
            "is a superuser or has BYPASSRLS, so no policy binds it",
            f"ALTER ROLE {app} NOSUPERUSER NOBYPASSRLS",
        )
    elif roles.is_owner:
        yield "may act as the owner of the tables", ""
    elif roles.inherits_operator:
        yield (
            f"inherits the rights of {OPERATOR}, so it sees every tenant",
            f"ALTER ROLE {app} NOINHERIT; REVOKE {OPERATOR} FROM {app}; GRANT {OPERATOR} TO {app}",
        )
    if not roles.may_become_operator:
        yield f"may not become {OPERATOR}, which the console needs", f"GRANT {OPERATOR} TO {app}"


def _check_analysts(using: str) -> Iterator[CheckMessage]:
    for role, is_mighty, groups in read_powers(connections[using], ANALYST):
        if is_mighty or groups:
            also = "".join(f"; REVOKE {group} FROM {role}" for group in groups)
            powers = "NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION"
            yield Error(
                f"The role {role} may do more than analysts should, who read their tenant's views.",
                hint=f"Let an administrator run: ALTER ROLE {role} {powers}{also};",
                id="tenants.E007",
            )


@register(Tags.database)
def check_master_keys(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """tenants.E004: a master key is missing. tenants.E005: one is the wrong one. tenants.W001: a row is damaged."""
    if DEFAULT_DB_ALIAS not in (databases or ()) or current_role() == "owner":
        return []
    try:
        found = doubts("manage.py check: are the master keys the right ones?")
    except (BadKeyRing, OperationalError, ProgrammingError):  # isthmus.E004, tenants.E006; not migrated yet
        return []
    return [(Error if d.certain else checks.Warning)(d.sentence, hint=d.hint, id=d.id) for d in found]


@register(Tags.models)
def check_foreign_keys(app_configs: Iterable[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """tenants.E003: a foreign key of the database would point at a table whose key begins with the tenant."""
    found = [model for config in app_configs or apps.get_app_configs() for model in config.get_models()]
    return [
        Error(
            f"{model._meta.label}.{field.name} is a foreign key of the database to a tenant's table.",
            hint="Use a plain UUID, or db_constraint=False.",
            id="tenants.E003",
        )
        for model in found
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and _binds(field)
    ]


def _binds(field: Any) -> bool:
    to = field.related_model
    return bool(field.db_constraint) and isinstance(to, type) and issubclass(to, Walled)
