"""`manage.py migrate`: Django's, run as the owner of the tables, with the roles and the broker made ready."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from tenants.postgres.roles import as_owner
from unified_api.serve import broker
from unified_api.serve.roles import RolesMissing, prepare_given_server


class Command(Migrate):
    """Makes missing roles and databases, migrates as the owner, installs the functions of the broker."""

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        """The checks that need no database: it may lack the very roles that are made here."""
        return {**super().get_check_kwargs(options), "databases": None}

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate; CommandError with the SQL to run when the owner's login may not make the roles."""
        self._prepare(connections[options["database"]].settings_dict["NAME"])
        with as_owner(options["database"]):
            super().handle(*args, **options)
        if settings.BROKER_LOGIN is not None:
            broker.install(settings.BROKER_LOGIN)

    def _prepare(self, database: str) -> None:
        if settings.OWNER_LOGIN is None:
            raise CommandError("Migrations need the owner's login: set DATABASE_URL.")
        owner = replace(settings.OWNER_LOGIN, database=database)
        app = replace(settings.APP_LOGIN, database=database)
        try:
            # A broker that was given has its role and database already, maybe on another server.
            prepare_given_server(
                owner, app=app, broker=None if settings.BROKER_URL else settings.BROKER_LOGIN
            )
        except RolesMissing as error:
            raise CommandError(str(error)) from error
        except psycopg.OperationalError as error:
            first = str(error).strip().split("\n", 1)[0]
            raise CommandError(f"The database does not answer: {first}") from error
