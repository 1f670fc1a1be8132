"""The logs of a history: errors that nobody expects, secrets, and what is kept when it failed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.canary import found
from tests.chaos.scene import Scene
from tests.chaos.stage import Stage

#: What a lost database or broker is told as.
EXPECTED: Final = (
    "OperationalError",
    "InterfaceError",
    "AdminShutdown",
    "IdleInTransactionSessionTimeout",
    "CannotConnectNow",
    "PoolTimeout",
    "PoolClosed",
    "DatabaseError",
    "Cannot connect to pgmq",
    "has no attribute '_get_pgmq_client'",  # kombu's transport, when a lost connection is used before it is made anew
)
#: Different errors that are told.
MOST: Final = 8
_NUMBERS: Final = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+")
#: The status of an answer that says so.
BUSY: Final = 503


@dataclass(frozen=True)
class Mark:
    """Where the logs of a history begin."""

    product: int
    database: int

    @classmethod
    def now(cls, stage: Stage) -> Mark:
        """From here on."""
        return cls(*(path.stat().st_size if path.exists() else 0 for path in _paths(stage)))


def _paths(stage: Stage) -> tuple[Path, Path]:
    return stage.processes.log, stage.home / "postgres.log"


def _since(path: Path, position: int) -> str:
    with path.open("rb") as file:
        file.seek(position)
        return file.read().decode(errors="replace")


def violations(stage: Stage, mark: Mark, secrets: list[str]) -> list[str]:
    """Errors that no kill explains, and secrets that somebody wrote down."""
    texts = _texts(stage, mark)
    wanted = [*secrets, *(remote.server.password for remote in stage.remotes.values())]
    wanted += [path.read_text() for path in (stage.home / "secrets").iterdir() if path.name[0] != "."]
    told = [secret for secret in wanted if found(secret.strip(), texts)]
    return [*(f"a secret stands in a log: …{secret[-4:]}" for secret in told), *unexpected(texts[0])]


def _texts(stage: Stage, mark: Mark) -> list[str]:
    begun = (mark.product, mark.database)
    return [_since(path, at) for path, at in zip(_paths(stage), begun, strict=True)]


def unexpected(text: str) -> list[str]:
    """Errors that are not about a lost database."""
    return list(dict.fromkeys(_NUMBERS.sub("#", told) for told in _unexpected(text)))[:MOST]


def _unexpected(text: str) -> Iterator[str]:
    for line in text.splitlines():
        start = line.find("{")
        try:
            entry: dict[str, Any] = json.loads(line[start:]) if start >= 0 else {}
        except json.JSONDecodeError:
            entry = {}
        if not entry and "Traceback" in line:
            yield f"in the logs: {line[:300]}"
        if (
            entry.get("level") in {"error", "critical"}
            and entry.get("status_code") != BUSY
            and not _expected(line)
        ):
            causes = [e.get("exc_type") for e in entry.get("exception", []) if isinstance(e, dict)]
            yield f"in the logs: {entry.get('event', '')[:200]} {causes}"


def _expected(line: str) -> bool:
    return any(word in line for word in EXPECTED)


def keep(stage: Stage, mark: Mark, folder: Path, scene: Scene, result: str) -> None:
    """Keep what is needed to see what happened."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = ("isthmus.log", "postgres.log")
    for name, text in zip(names, _texts(stage, mark), strict=True):
        (folder / name).write_text(text)
    (folder / "result.json").write_text(result)
    for side, remote in stage.remotes.items():
        (folder / f"calls-{side}.txt").write_text("\n".join(map(str, remote.proxy.calls)))
    tables = (
        "sync_write",
        "sync_pair",
        "sync_change",
        "sync_job",
        "sync_stream",
        "sync_run",
        "sync_bridge",
        "sync_overruled",
        "sync_conflict",
    )
    for table in tables:
        rows = stage.sql(f"SELECT row_to_json(t)::text FROM {table} t WHERE tenant_id = %s", scene.tenant)  # noqa: S608 - names of ours
        (folder / f"{table}.json").write_text("\n".join(row for (row,) in rows))
