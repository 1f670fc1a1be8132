"""A database for what plays outside of pytest: migrated, of this process alone, and gone with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from tests import conftest, emptying  # conftest first: it prepares the environment


@contextmanager
def migrated() -> Iterator[psycopg.Connection[Any]]:
    """Its owner's connection, which sees the rows of all tenants."""
    from django.conf import settings
    from django.db import connection, connections
    from django.test.utils import setup_databases

    from unified_api.serve.postgres import Cluster

    with Cluster(settings.HOME).hold(settings.SECRET_KEY):
        setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
        conninfo = conftest._owner_conninfo(dbname=connection.settings_dict["NAME"])
        connections.close_all()
        with psycopg.connect(conninfo, autocommit=True) as owner:
            yield owner
        connections.close_all()


def emptied(owner: psycopg.Connection[Any]) -> None:
    """Empty all tables: they would grow, and slow down."""
    emptying.truncate_tables(owner)
