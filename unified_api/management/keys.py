"""Refusing to start with master keys that are not the database's."""

from __future__ import annotations

import structlog
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from psycopg.errors import UndefinedColumn, UndefinedTable

from tenants.proof import doubts
from tenants.vault import BadKeyRing

log = structlog.get_logger(__name__)


def require_master_keys(called: str, *, may_lack: bool = False) -> bool:
    """Refuse, by CommandError, to go on with master keys that are not the database's.

    False when the database could not be asked: it is away, or not migrated yet. Who serves starts then too, for
    it has to wait for a database anyway; a key that is missing is named by each error that it causes.
    may_lack: a key may be missing; those that are there have to be the right ones.
    """
    try:
        found = doubts(f"start of manage.py {called}: are the master keys the right ones?")
    except BadKeyRing as error:
        raise CommandError(f"MASTER_KEYS is not understood: {error}") from error
    except DatabaseError as error:
        if isinstance(error.__cause__, UndefinedTable | UndefinedColumn):
            log.info("master_keys.unproven", reason="the database is not migrated yet")
        else:
            log.warning("master_keys.unproven", reason=str(error).strip().partition("\n")[0])
        return False
    finally:
        connection.close()  # the caller may fork, and the look was another role's
    for doubt in found:
        if not doubt.certain:
            log.warning("master_keys.doubt", id=doubt.id, problem=doubt.sentence, hint=doubt.hint)
    wrong = [
        f"{doubt.sentence} ({doubt.id}) {doubt.hint}"
        for doubt in found
        if doubt.certain and not (may_lack and doubt.missing)
    ]
    if wrong:
        raise CommandError("\n".join(wrong))
    return True
