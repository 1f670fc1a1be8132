"""Refusing to start with master keys that are not the database's."""

from __future__ import annotations

import structlog
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from tenants.proof import doubts
from tenants.vault import BadKeyRing

log = structlog.get_logger(__name__)


def require_master_keys(called: str) -> bool:
    """Refuse, by CommandError, to go on with master keys that are not the database's.

    False when the database could not be asked: it is away, or not migrated yet. Who serves starts then too, for
    it has to wait for a database anyway; a key that is missing is named by each error that it causes.
    """
    try:
        found = doubts(f"start of manage.py {called}: are the master keys the right ones?")
    except BadKeyRing as error:
        raise CommandError(f"MASTER_KEYS is not understood: {error}") from error
    except DatabaseError as error:
        log.warning("master_keys.unproven", reason=str(error).strip().partition("\n")[0])
        return False
    finally:
        connection.close()  # the caller may fork, and the look was another role's
    for doubt in found:
        if not doubt.certain:
            log.warning("master_keys.doubt", id=doubt.id, problem=doubt.sentence, hint=doubt.hint)
    wrong = [f"{doubt.sentence} ({doubt.id}) {doubt.hint}" for doubt in found if doubt.certain]
    if wrong:
        raise CommandError("\n".join(wrong))
    return True
