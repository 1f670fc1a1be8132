"""`manage.py` under a name that Postgres shows: every process of the product is started through this file.

libpq takes the name of a connection from PGAPPNAME, so the harness sees in Postgres which process holds a lock, a
lease or a transaction, and no line of the product knows of it. CHAOS_MUTANT breaks the product on purpose, to see
that the harness notices.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: How the names of our connections begin; the process id follows.
NAME = "chaos "
#: What gives way to all others may wait long for its turn, within a transaction too; the others lose theirs sooner.
MODEST = ["worker", "--queue", "bulk", "--skip-checks"]
PATIENT = "-c idle_in_transaction_session_timeout=10s"
MUTANT = "CHAOS_MUTANT"


def given(words: list[str]) -> dict[str, str]:
    """What a process with this command line is told beside its name."""
    return {"PGOPTIONS": PATIENT} if words == MODEST else {}


def main() -> None:
    """Run a command of `manage.py`."""
    sys.path[0] = str(ROOT)  # instead of this folder, whose names would hide others
    os.environ |= {"PGAPPNAME": f"{NAME}{os.getpid()}"} | given(sys.argv[1:])
    import manage

    if mutant := os.environ.get(MUTANT):
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "unified_api.settings")
        django.setup()
        from tests.chaos.mutants import apply

        apply(mutant)
    manage.main()


if __name__ == "__main__":
    main()
