"""A private installation to measure in: its own home, its own Postgres as durable as in production, migrated.

Django is set up inside `house`, so a benchmark imports models and the shell only there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: What would lead to another database or other secrets than the house's own.
_GIVEN = ("DATABASE_URL", "DATABASE_APP_URL", "BROKER_URL", "BROKER_DATABASE", "SECRET_KEY", "MASTER_KEYS")
#: Where this variable names a folder, an installation is kept there and used again.
KEPT = "ISTHMUS_BENCH_HOME"


@contextmanager
def house() -> Iterator[Path]:
    """The home of an installation that runs its Postgres for as long as the block lasts; gone afterwards."""
    kept = os.environ.get(KEPT)
    home = Path(kept) if kept else Path(tempfile.mkdtemp(prefix="isthmus-bench-"))
    try:
        with _prepared(home):
            yield home
    finally:
        if not kept:
            shutil.rmtree(home)


@contextmanager
def _prepared(home: Path) -> Iterator[None]:
    for name in _GIVEN:
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    os.environ |= {
        "ISTHMUS_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "unified_api.settings",
        "ALLOW_PRIVATE_HOSTS": "127.0.0.1/32",
        "LOG_LEVEL": "WARNING",
        "PROVIDER_REQUESTS_PER_SECOND": "100000",
        "PROVIDER_BURST": "100000",
    }
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from unified_api.serve.postgres import Cluster

    cluster = Cluster(home)
    try:
        with cluster.hold(settings.SECRET_KEY):
            call_command("migrate", verbosity=0)
            try:
                yield
            finally:
                connections.close_all()
    finally:
        cluster.wait_until_stopped()
