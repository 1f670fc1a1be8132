"""Isthmus as a user runs it: `manage.py up` as a child process, other commands beside it, the REST API."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import requests

REPOSITORY = Path(__file__).resolve().parents[1]
#: Seconds that it may take to end, and for an answer, on a machine that does much else.
STOP_SECONDS, ANSWER = 60.0, 180.0
READY = b"is ready at"
#: The demo never touches a given database or broker: it lives in ISTHMUS_HOME alone.
_GIVEN = ("DATABASE_URL", "DATABASE_APP_URL", "BROKER_URL", "BROKER_DATABASE", "SECRET_KEY", "MASTER_KEYS")
#: Tells `manage.py up` whose child it is, so that it ends when the demo is killed.
SUPERVISOR = "ISTHMUS_SUPERVISOR"


class IsthmusFailed(RuntimeError):
    """Isthmus does not start, or a command of it failed; the sentence is its own."""


class Isthmus:
    """One installation in `home`, served at `port` of loopback. key: of the API, set when there is one."""

    def __init__(self, home: Path, port: int, log: Path) -> None:
        self.home = home
        self.port = port
        self.log = log
        self.key = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._ready = threading.Event()
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self, lock: int) -> None:
        """Start everything and return when it is ready. lock: an open file that lives as long as it does."""
        self._process = subprocess.Popen(
            self._command("up", "--port", str(self.port)),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(lock,),
            start_new_session=True,  # Ctrl-C is for the demo, which ends everything in order
        )
        assert self._process.stdout is not None  # noqa: S101 - for the type: it is a pipe
        self._reader = threading.Thread(target=self._copy, args=(self._process.stdout,), daemon=True)
        self._reader.start()
        while not self._ready.wait(0.05):
            if not self.running:
                self._reader.join(2)
                raise IsthmusFailed(f"Isthmus ended before it was ready: {self._last_line()}")

    def stop(self) -> None:
        """End it in its own time; every process of it is gone afterwards."""
        process, self._process = self._process, None
        self._session.close()
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader:
            self._reader.join(2)

    def manage(self, *words: str, secrets: Mapping[str, str] | None = None) -> Any:
        """Run a command of `manage.py` with --json; its answer. secrets: by standard input."""
        done = subprocess.run(
            [*self._command(*words), "--json"],
            env=self._environment(),
            input=json.dumps(secrets) if secrets else "",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["nothing"]
            raise IsthmusFailed(f"manage.py {words[0]} ended with {done.returncode}: {said[-1]}")
        return json.loads(done.stdout)

    def python(self, module: str, *words: str) -> tuple[int, str]:
        """Run a module beside it; its exit status, and what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=REPOSITORY,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode > 0:
            raise IsthmusFailed(f"{module} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
        return done.returncode, done.stdout

    def api(self, method: str, path: str, token: str = "", body: Any = None, **params: Any) -> Any:
        """A call of the REST API, the decoded answer; IsthmusFailed for a refusal. token: of the account, if any."""
        response = self._session.request(
            method,
            f"{self.url}/api/{path}",
            params=params,
            json=body,
            headers={"Authorization": f"Bearer {self.key}", **({"X-Account-Token": token} if token else {})},
            timeout=ANSWER,
        )
        if response.status_code not in {200, 201, 202}:
            raise IsthmusFailed(f"{method} {path} answered {response.status_code}: {response.text[:400]}")
        return response.json()

    def curl(self, method: str, path: str, token: str = "", body: Any = None) -> str:
        """The same call as a line for a shell. token: as text, or as a variable of the shell; empty for none."""
        key = self.key if token.startswith("iat_") else "$KEY"
        verb = "" if method == "GET" else f" -X {method}"
        sent = f" -d '{json.dumps(body)}'" if body is not None else ""
        account = f' -H "X-Account-Token: {token}"' if token else ""
        names = f'-H "Authorization: Bearer {key}"{account}'
        return f"curl -s{verb} {names}{sent} {shlex.quote(f'{self.url}/api/{path}')}"

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, str(REPOSITORY / "manage.py"), *words]

    def _environment(self) -> dict[str, str]:
        dropped = {*_GIVEN, *(f"{name}_FILE" for name in _GIVEN)}
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        allowed = ",".join(filter(None, [kept.get("ALLOW_PRIVATE_HOSTS"), "127.0.0.1/32"]))
        ours = {"ISTHMUS_HOME": str(self.home), "ALLOW_PRIVATE_HOSTS": allowed, SUPERVISOR: str(os.getpid())}
        return {**kept, "LOG_FORMAT": "console", **ours}

    def _copy(self, output: IO[bytes]) -> None:
        with output, self.log.open("ab") as log:
            for line in output:
                log.write(line)
                log.flush()
                if READY in line:
                    self._ready.set()

    def _last_line(self) -> str:
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else "it said nothing"
