"""What all servers share: a folder, a port, a password, a process, a log.

And calls of their own API, without Isthmus.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import requests
from requests.auth import AuthBase

from demo.servers.software import installed
from unified_api.serve.disguise import Disguise, find

#: Seconds that a server may take until it answers, on a machine that does much else.
_READY = 180.0
#: Seconds that it may take for an answer then.
_ANSWER = 120.0
_LEFTOVER = 10.0
_PORT_FREE = 3.0
_WRITES = re.compile(r'"(?:POST|PUT|PATCH|DELETE) [^"]*"')


class ServerFailed(RuntimeError):
    """A server does not start, or does not answer; the end of its log is in the text."""


def _quiet(_line: str) -> None:
    """Says nothing."""


class Server(ABC):
    """One running installation.

    name: of its lock and folders. program: what runs it, among what is installed. username, password: its
    administrator, made at the first start.
    """

    name: str
    program = "python"
    username = "admin"

    def __init__(self, software: Path, data: Path, *, progress: Callable[[str], None] = _quiet) -> None:
        self.software = software.absolute()
        self.data = data.absolute()
        self.progress = progress
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    # What it says of itself

    @property
    def port(self) -> int:
        """The port on loopback, the same from start to start."""
        return int(self._facts()["port"])

    @property
    def password(self) -> str:
        """The administrator's."""
        return str(self._facts()["password"])

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Its own access log."""
        return self.data / "access.log"

    @property
    def output(self) -> Path:
        """What it printed."""
        return self.data / "output.log"

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    @abstractmethod
    def settings(self) -> dict[str, str]:
        """What Isthmus is told to link it, without the password."""

    @property
    def secrets(self) -> dict[str, str]:
        """What Isthmus is told to link it, and keeps sealed."""
        return {"password": self.password}

    # What can be done with it

    def start(self) -> Self:
        """Install, prepare and start whatever is not yet; returns when it answers."""
        if self.running:
            return self
        bin_folder = self._installed()
        self.data.mkdir(parents=True, exist_ok=True)
        self._facts()
        way = find(self.data, bin_folder / self.program)
        if not (self.data / "prepared").exists():
            self.progress(f"preparing {self.name}")
            self._prepare(bin_folder, way)
            (self.data / "prepared").touch()
            way.give(self.data)
        self._end_leftover()
        self._claim_port()
        self.progress(f"starting {self.name} at {self.origin}")
        self._spawn([*way.prefix, *self._command(bin_folder)])
        self._await()
        return self

    def stop(self) -> None:
        """End it in its own time."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as when the machine fails."""
        self._end(signal.SIGKILL)

    def restart(self) -> Self:
        """Stop and start."""
        self.stop()
        return self.start()

    def writes(self) -> int:
        """How many requests that change something it has answered so far, by its own log."""
        if self.running:
            self._catch_up()
        return len(_WRITES.findall(self._logged()))

    def _catch_up(self) -> None:
        """Wait until the log tells of a read that begins now: an answer is sent before the line about it is written."""
        mark, deadline = secrets.token_hex(8), time.monotonic() + _READY
        while mark not in self._logged():
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} does not write what it answers into {self.log}")
            with suppress(requests.RequestException):
                self.api("GET", f"/{mark}")
            time.sleep(0.01)

    def _logged(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def api(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        **params: Any,
    ) -> Any:
        """A call of its own API as administrator, the decoded answer. body: what is sent as JSON, or bytes as they are.

        Raises requests.HTTPError for a refusal.
        """
        with (
            requests.Session() as session
        ):  # a fresh connection: on a kept one, Nagle's algorithm costs 40 ms
            session.trust_env = False
            response = session.request(
                method,
                f"{self.origin}{path}",
                params=params,
                json=None if isinstance(body, bytes) else body,
                data=body if isinstance(body, bytes) else None,
                headers={**self._headers(), **(headers or {})},
                auth=self._auth(),
                timeout=_ANSWER,
            )
        if not response.ok:
            told = f"{method} {response.url} was answered {response.status_code}: {response.text[:400]}"
            raise requests.HTTPError(told, response=response)
        return response.json() if response.content else None

    # What each has of its own

    def _installed(self) -> Path:
        """The folder of its programs, which are installed if they are not."""
        return installed(self.name, self.software, self.progress)

    @abstractmethod
    def _prepare(self, bin_folder: Path, way: Disguise) -> None:
        """Fill the data folder."""

    @abstractmethod
    def _command(self, bin_folder: Path) -> list[str]:
        """The command that serves."""

    @abstractmethod
    def _probe(self) -> object:
        """A call that succeeds once it serves."""

    def _auth(self) -> tuple[str, str] | AuthBase:
        """How the administrator signs."""
        return self.username, self.password

    def _headers(self) -> dict[str, str]:
        return {}

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self.data), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}

    # How that is done

    def _facts(self) -> dict[str, Any]:
        path = self.data / "facts.json"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            facts = {
                "port": _free_port(),
                "password": secrets.token_urlsafe(18),
                "key": secrets.token_urlsafe(48),
            }
            path.touch(mode=0o600)
            path.write_text(json.dumps(facts))
        return dict(json.loads(path.read_text()))

    def _run(self, command: list[str], *, cwd: Path | None = None) -> None:
        done = subprocess.run(
            command,
            cwd=cwd or self.data,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerFailed(f"{self.name} could not be prepared: {(done.stdout + done.stderr)[-1500:]}")

    def _claim_port(self) -> None:
        """Wait until the port is free: children of a leftover let go of it a moment later."""
        deadline = time.monotonic() + _PORT_FREE
        while not _is_free(self.port):
            if time.monotonic() > deadline:
                raise ServerFailed(
                    f"{self.name} wants port {self.port}, which another program has taken: stop that one, or remove"
                    f" {self.data} to begin anew on another port"
                )
            time.sleep(0.02)

    def _spawn(self, command: list[str]) -> None:
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self.data,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for whoever runs the servers; that one ends them in order
            )
        (self.data / "pid").write_text(str(self._process.pid))

    def _await(self) -> None:
        deadline = time.monotonic() + _READY
        while time.monotonic() < deadline and self.running:
            try:
                self._probe()
            except requests.RequestException:
                time.sleep(0.05)
            else:
                return
        output = self.output.read_text(errors="replace")[-1500:]
        self.kill()
        raise ServerFailed(f"{self.name} does not answer at {self.origin}: {output}")

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            os.killpg(process.pid, number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        (self.data / "pid").unlink(missing_ok=True)

    def _end_leftover(self) -> None:
        """End a process of ours that outlived whoever started it; its command line names our folder."""
        path = self.data / "pid"
        if not path.exists():
            return
        number = int(path.read_text())
        if self._is_ours(number):
            os.killpg(number, signal.SIGKILL)
        deadline = time.monotonic() + _LEFTOVER
        while self._is_ours(number) and time.monotonic() < deadline:
            time.sleep(0.01)
        path.unlink()

    def _is_ours(self, number: int) -> bool:
        command = Path(f"/proc/{number}/cmdline")
        return command.exists() and str(self.data).encode() in command.read_bytes()


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
