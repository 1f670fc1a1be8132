"""The limit: the page's own SQL by Postgres's own load generator, in the same message, with the same walls."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tenants.scope import scope
from unified_api.serve.postgres import wheel_binaries


def binary() -> Path | None:
    """Where pgbench is: beside the embedded Postgres, else on the path; None where it is not."""
    beside = wheel_binaries() / "pgbench"
    found = str(beside) if beside.exists() else shutil.which("pgbench")
    return Path(found) if found else None


def statements(tenant_id: uuid.UUID, read: Callable[[], object]) -> list[str]:
    """What `read` sends in the scope and a transaction of a tenant, with its values written into the text."""
    with scope(tenant_id), transaction.atomic(), CaptureQueriesContext(connection) as captured:
        read()
    return [query["sql"] for query in captured.captured_queries if query["sql"].lstrip().startswith("SELECT")]


def rate(tenant_id: uuid.UUID, sql: list[str], *, connections: int, seconds: int) -> tuple[float, float]:
    """Messages a second, and milliseconds of one, with these statements behind the walls of a tenant."""
    lines = [f"SELECT set_config('isthmus.tenant', '{tenant_id}', true)", *sql]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(" \\; ".join(" ".join(line.split()) for line in lines) + ";\n")
        script.flush()
        told = _run(script.name, connections, seconds)
    found = re.search(r"latency average = ([\d.]+) ms.*?tps = ([\d.]+)", told, re.DOTALL)
    if found is None:
        raise RuntimeError(f"pgbench said nothing that can be understood: {told}")
    return float(found[2]), float(found[1])


def _run(script: str, connections: int, seconds: int) -> str:
    login = settings.APP_LOGIN
    command = [str(binary()), "-n", "-M", "simple", "-f", script, "-T", str(seconds)]
    command += ["-c", str(connections), "-j", "1", "-h", login.host, "-U", login.user, login.database]
    told = {**os.environ, "PGPASSWORD": login.password}
    return subprocess.run(command, env=told, capture_output=True, text=True, check=True).stdout
