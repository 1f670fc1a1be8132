"""The stage of a process that plays histories: the product in a home of its own, both servers, and a way behind it.

Django is set up for that home, so that tenants, links and bridges are made as the commands make them. What is looked
up or aged goes by a superuser's connection, which is made anew after each loss.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psycopg
import requests

from demo.servers import HelpDesk, Roundup
from tests.chaos import gates
from tests.chaos.desk import Desk
from tests.chaos.launch import NAME
from tests.chaos.plan import A, B
from tests.chaos.processes import Processes, await_end, free_port
from tests.chaos.remotes import LARGE, SMALL, Remote
from tests.chaos.scene import Scene, scene
from tests.chaos.tracker import Tracker
from tests.homes import quick

SOFTWARE: Final = Path(__file__).resolve().parents[2] / ".isthmus" / "servers"
READY: Final = 300.0
#: A worker that sleeps within a transaction loses it after so long here, and after a minute in production.
IDLE: Final = "ALTER ROLE isthmus_{} SET idle_in_transaction_session_timeout = '1500ms'"


class Stage:
    """Everything that runs. remotes: by side, a the Roundup and b the help desk."""

    def __init__(self, home: Path, processes: Processes, remotes: dict[str, Remote]) -> None:
        from unified_api.serve.postgres import SUPERUSER, Cluster

        self.home, self.processes, self.remotes = home, processes, remotes
        self.conninfo = Cluster(home).login(SUPERUSER).conninfo(application_name="harness", connect_timeout=5)
        self._connection: psycopg.Connection[Any] | None = None

    @property
    def url(self) -> str:
        """Where the product is served."""
        return f"http://127.0.0.1:{self.processes.port}"

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says to its superuser; waits while it is away."""
        ends = time.monotonic() + READY
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = psycopg.connect(self.conninfo, autocommit=True)
                cursor = self._connection.execute(query, values)
                return cursor.fetchall() if cursor.description else []
            except (psycopg.OperationalError, psycopg.InterfaceError):
                if self._connection is not None:
                    self._connection.close()
                if time.monotonic() > ends:
                    raise
                time.sleep(0.03)

    def beside(self) -> Stage:
        """The same, with a connection of its own for another thread."""
        return Stage(self.home, self.processes, self.remotes)

    def wake_workers(self) -> None:
        """Send wake-ups at once, which beat would send within a second; one that is lost is lost."""
        from unified_api.sync import job

        with suppress(Exception):  # whatever a broker says that is away: beat sends the next
            for queue in (job.INTERACTIVE, job.BACKGROUND):
                job.wake(queue)

    def shut(self, gate: str) -> gates.Shut:
        """Shut a gate; waits while the database is away, or somebody is just passing."""
        ends = time.monotonic() + READY
        while True:
            try:
                return gates.Shut(self.conninfo, gate)
            except psycopg.OperationalError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.03)

    def await_ready(self) -> None:
        """Return when every part runs and shows that it lives."""
        ends = time.monotonic() + READY
        while not (self.processes.all_run() and self._healthy()):
            if time.monotonic() > ends:
                raise RuntimeError(f"the product does not get ready; see {self.processes.log}")
            time.sleep(0.05)

    def _healthy(self) -> bool:
        try:
            with requests.Session() as session:
                session.trust_env = False
                state = session.get(f"{self.url}/healthz", timeout=5)
                beats = state.json()["heartbeats"] if state.status_code == 200 else {}
        except (requests.RequestException, ValueError):
            return False
        served = {queue for part in beats if part.startswith("worker") for queue in part.split()[1:]}
        return "beat" in beats and {"interactive", "background"} <= served

    def kill_postmaster(self) -> bool:
        """Kill -9 of the server itself; whether it was there."""
        try:
            number = int((self.home / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(number, 9)
        except (OSError, ValueError):
            return False
        await_end(number)
        return True

    def kill_backend(self, number: int = 0) -> bool:
        """Kill -9 of one of its processes, which makes it recover from a crash; any of the product's by default."""
        if not number:
            found = self.sql(
                "SELECT pid FROM pg_stat_activity WHERE application_name LIKE %s ORDER BY state_change DESC LIMIT 1",
                f"{NAME}%",
            )
            number = found[0][0] if found else 0
        with suppress(ProcessLookupError):
            if number:
                os.kill(number, 9)
                await_end(number)
                return True
        return False

    def prepare(self, size: int, *, bridged: bool) -> Scene:
        """Both servers with their pristine stores, linked for a new tenant, and perhaps bridged."""
        self.processes.wake_all()
        for remote in self.remotes.values():
            remote.reset(size)
        self.await_ready()
        return scene(self.remotes, bridged=bridged)

    def leave(self, scene: Scene) -> None:
        """Have nothing more done for a tenant."""
        self.sql("DELETE FROM sync_job WHERE tenant_id = %s", scene.tenant)
        self.sql("TRUNCATE chaos.breach")


def set_up_django(home: Path) -> None:
    """Settings for this home, in this process and those that it starts."""
    given = ("DATABASE_URL", "DATABASE_APP_URL", "BROKER_URL", "BROKER_DATABASE", "SECRET_KEY", "MASTER_KEYS")
    for name in (*given, *(f"{name}_FILE" for name in given)):
        os.environ.pop(name, None)
    os.environ |= {
        "ISTHMUS_HOME": str(home),
        "ALLOW_PRIVATE_HOSTS": "127.0.0.1/32",
        "PROVIDER_REQUESTS_PER_SECOND": "1000",
        "PROVIDER_BURST": "1000",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "INFO",
        "DJANGO_SETTINGS_MODULE": "unified_api.settings",
    }
    import django

    django.setup()


@contextmanager
def staged(folder: Path, *, together: bool, sizes: Sequence[int] = (SMALL, LARGE)) -> Iterator[Stage]:
    """Everything running in this folder; nothing of it runs afterwards. Django is set up for `folder/home`.

    sizes: of the pristine stores, in tickets.
    """
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from unified_api.serve.postgres import Cluster

    home = quick(folder / "home")
    cluster = Cluster(home)
    with ExitStack() as ends:
        ends.callback(cluster.wait_until_stopped)
        ends.enter_context(cluster.hold(settings.SECRET_KEY))
        remotes = _remotes(folder, sizes, ends)
        call_command("migrate", verbosity=0, interactive=False)
        connections.close_all()
        processes = Processes(home, free_port(), folder / "isthmus.log", together=together)
        stage = Stage(home, processes, remotes)
        with psycopg.connect(stage.conninfo, autocommit=True) as superuser:
            for role in ("app IN DATABASE isthmus", "broker IN DATABASE isthmus_broker"):
                superuser.execute(IDLE.format(role))
            gates.install(superuser)
        ends.callback(processes.close)
        processes.start()
        stage.await_ready()
        yield stage


def _remotes(folder: Path, sizes: Sequence[int], ends: ExitStack) -> dict[str, Remote]:
    makers: dict[str, Callable[[], Remote]] = {
        A: lambda: Tracker(Roundup(SOFTWARE, folder / "roundup"), sizes),
        B: lambda: Desk(HelpDesk(SOFTWARE, folder / "desk"), sizes),
    }
    with ThreadPoolExecutor() as threads:
        started = {side: threads.submit(make) for side, make in makers.items()}
    remotes = {side: one.result() for side, one in started.items()}
    for remote in remotes.values():
        ends.callback(remote.close)
    return remotes
