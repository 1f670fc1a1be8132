"""Whether the master keys at hand are those that the database needs.

A ring that lacks a key, or holds other bytes under its id, is found before anything is sealed under it or fails
to open. The cost does not grow with the number of tenants: an index gives the ids of the master keys in use,
and the keys of a few tenants of each are tried.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from tenants import secrets
from tenants.masters import master_keys, source
from tenants.models import Tenant
from tenants.operators import as_operator

#: How many tenants of each master key are tried.
SAMPLE = 5
#: How many ids of master keys are looked at: more would be no ids, but damage.
MOST_IDS = 50

#: Each id once, by jumping from one to the next in the index.
_IDS = """
WITH RECURSIVE used(id) AS (
    (SELECT sealed_under FROM tenants_tenant ORDER BY 1 LIMIT 1)
    UNION ALL
    SELECT (SELECT t.sealed_under FROM tenants_tenant t WHERE t.sealed_under > used.id ORDER BY 1 LIMIT 1)
    FROM used WHERE used.id IS NOT NULL
)
SELECT id FROM used WHERE id <> '' LIMIT %s
"""


class Doubt(NamedTuple):
    """Something that is wrong with the ring. `certain`: nothing may start with it. `missing`: it lacks keys."""

    certain: bool
    id: str
    sentence: str
    hint: str
    missing: bool = False


def doubts(reason: str) -> list[Doubt]:
    """What is wrong with the ring for this database, by an operator's look with this reason.

    BadKeyRing: there is no ring. DatabaseError: the database is away, or not migrated.
    """
    held = [key.id for key in master_keys()]
    with as_operator(reason):
        needed = _ids()
        samples = {key_id: _sample(key_id) for key_id in needed if key_id in held}
    missing = [key_id for key_id in needed if key_id not in held]
    shut = {
        key_id: [tenant for tenant in sample if not secrets.opens(tenant)]
        for key_id, sample in samples.items()
    }
    proven = any(len(shut[key_id]) < len(sample) for key_id, sample in samples.items())
    return [
        *_missing(missing, needed, held),
        *(
            _shut(key_id, shut[key_id], len(sample), may_be_damage=proven and key_id != held[0])
            for key_id, sample in samples.items()
            if shut[key_id]
        ),
    ]


def _ids() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_IDS, [MOST_IDS])
        return [row[0] for row in cursor.fetchall()]


def _sample(key_id: str) -> list[Tenant]:
    return list(Tenant.objects.filter(sealed_under=key_id).order_by("sealed_under", "id")[:SAMPLE])


def _missing(missing: list[str], needed: list[str], held: list[str]) -> list[Doubt]:
    if not missing:
        return []
    return [
        Doubt(
            certain=True,
            missing=True,
            id="tenants.E004",
            sentence=(
                f"A master key is missing: {_listed(missing)}. The database needs {_listed(needed)},"
                f" and MASTER_KEYS holds {_listed(held)}."
            ),
            hint=(
                f"Put the missing line back into {source()}, below the first; what is sealed under a key that is"
                " lost cannot be opened by anybody. See docs/operations.md, When a key is lost."
            ),
        )
    ]


def _shut(key_id: str, shut: list[Tenant], tried: int, *, may_be_damage: bool) -> Doubt:
    """What it means that these of the tried tenants' keys do not open.

    may_be_damage: another key is proven, and this one seals nothing; then one row alone tells against itself.
    """
    if len(shut) < tried or (may_be_damage and tried == 1):
        return Doubt(
            certain=False,
            id="tenants.W001",
            sentence=(
                f"The keys of tenants {', '.join(str(tenant.pk) for tenant in shut)} do not open under master"
                f" key {key_id}."
            ),
            hint="These rows were altered, or sealed under another key of this id: restore them from a backup.",
        )
    return Doubt(
        certain=True,
        id="tenants.E005",
        sentence=(
            f"MASTER_KEYS holds a key {key_id} that is not the database's key {key_id}: of {tried}"
            " tenants that were tried it opens none."
        ),
        hint=(
            f"Put the right line back into {source()}, or name the database that belongs to these keys. A key that is"
            " made anew needs an id of its own. See docs/operations.md, When a key is lost."
        ),
    )


def _listed(ids: list[str]) -> str:
    return ", ".join(ids)
