"""The embedded cluster: starting, sharing, killing, stopping."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from unified_api.serve import disguise, postgres
from unified_api.serve.logins import APP, BROKER, BROKER_DATABASE, role_password
from unified_api.serve.postgres import Cluster, ClusterError, socket_folder

pytestmark = pytest.mark.processes

KEY = "the secret key of this test"


def eventually(condition: Callable[[], bool], seconds: float = 120.0) -> bool:
    """Wait for the condition; whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def answers(cluster: Cluster) -> bool:
    """Whether the owner gets in."""
    try:
        psycopg.connect(cluster.owner_login().conninfo(connect_timeout=5)).close()
    except psycopg.OperationalError:
        return False
    return True


def postmaster(cluster: Cluster) -> int:
    """The process id of the server."""
    return int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0])


def keeper_of(pid: int) -> int:
    """The parent of the server."""
    shown = subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(shown.stdout)


HOLDER = """
import sys
from pathlib import Path
from unified_api.serve.postgres import Cluster
with Cluster(Path(sys.argv[1])).hold(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
"""


def start_holder(home: Path, *prefix: str) -> subprocess.Popen[str]:
    """Another process that holds the cluster until its standard input ends."""
    command = [*prefix, sys.executable, "-c", HOLDER, str(home), KEY]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def end(holder: subprocess.Popen[str]) -> None:
    """Let it go, and close its pipes."""
    holder.communicate(timeout=120)


@pytest.fixture(scope="module")
def model_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that was started once, to copy: making one takes half a second."""
    home = tmp_path_factory.mktemp("model") / "home"
    home.mkdir()
    (home / "postgres.conf").write_text("fsync = off\n")
    cluster = Cluster(home)
    with cluster.hold(KEY):
        pass
    assert cluster.wait_until_stopped()
    return home


@pytest.fixture
def cluster(model_home: Path, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of the test's own, which has ended when the test has."""
    home = tmp_path / "home"
    shutil.copytree(model_home, home)
    cluster = Cluster(home)
    yield cluster
    assert cluster.wait_until_stopped()


def test_committed_rows_survive_a_killed_server(cluster: Cluster) -> None:
    """After kill -9 of the server it is started again by itself, and every committed row is there."""
    with cluster.hold(KEY):
        with psycopg.connect(cluster.owner_login().conninfo()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        killed = postmaster(cluster)
        os.kill(killed, signal.SIGKILL)

        assert eventually(lambda: answers(cluster) and postmaster(cluster) != killed)
        with psycopg.connect(cluster.owner_login().conninfo()) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_settings_that_protect_data(cluster: Cluster) -> None:
    """Checksums are on, no TCP is listened on, passwords are scram, text sorts the same everywhere."""
    with cluster.hold(KEY), psycopg.connect(cluster.owner_login().conninfo()) as connection:
        row = connection.execute(
            "SELECT current_setting('data_checksums'), current_setting('listen_addresses'),"
            " current_setting('password_encryption'), datcollate, pg_encoding_to_char(encoding)"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()

    assert row == ("on", "", "scram-sha-256", "C.UTF-8", "UTF8")


def test_a_wrong_password_is_refused(cluster: Cluster) -> None:
    """The socket alone opens nothing: without the password there is no way in."""
    with cluster.hold(KEY), pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.owner_login().conninfo(password="guessed"))


def test_roles_have_no_more_than_they_need(cluster: Cluster) -> None:
    """No role of ours passes row-level security, and the app does not inherit the operator's rights."""
    with cluster.hold(KEY), psycopg.connect(cluster.owner_login().conninfo()) as connection:
        rows = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'isthmus%' AND (rolsuper OR rolbypassrls)"
        ).fetchall()
        inherits = connection.execute(
            "SELECT pg_has_role('isthmus_app', 'isthmus_operator', 'USAGE')"
        ).fetchone()
        may_set = connection.execute(
            "SELECT pg_has_role('isthmus_app', 'isthmus_operator', 'MEMBER')"
        ).fetchone()

    assert rows == [("isthmus_superuser",)]
    assert (inherits, may_set) == ((False,), (True,))


@pytest.mark.parametrize(
    ("user", "database"), [(APP, BROKER_DATABASE), (BROKER, "isthmus"), (APP, "postgres")]
)
def test_a_role_enters_its_own_database_only(cluster: Cluster, user: str, database: str) -> None:
    """The app cannot enter the broker's database, nor the broker the product's."""
    if database == "postgres":
        user, database = BROKER, "isthmus"
    foreign = cluster.owner_login().derived(KEY, user=user, database=database)
    with cluster.hold(KEY), pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(foreign.conninfo())


def test_a_changed_secret_key_changes_the_derived_passwords(cluster: Cluster) -> None:
    """The app's password follows the secret key of the process that starts the server."""
    with cluster.hold("another key"):
        login = cluster.owner_login().derived("another key", user=APP)
        psycopg.connect(login.conninfo()).close()

        assert login.password == role_password("another key", APP)
    cluster.wait_until_stopped()


def test_the_server_stays_until_the_last_user_leaves(cluster: Cluster) -> None:
    """Of two processes that hold the cluster, the first to leave does not stop it; the second does."""
    other = start_holder(cluster.home)
    with cluster.hold(KEY):
        end(other)
        pid = postmaster(cluster)
        assert not cluster.wait_until_stopped(0.5)
        assert answers(cluster)

    assert cluster.wait_until_stopped()
    assert not Path(f"/proc/{pid}").exists()


def test_processes_that_start_at_once_share_one_server(cluster: Cluster) -> None:
    """Four processes that want the cluster in the same moment get the same server."""
    command = [sys.executable, "-c", HOLDER, str(cluster.home), KEY]
    holders = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for holder in holders:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
    log = cluster.log.read_text()
    for holder in holders:
        end(holder)

    assert log.count("starting PostgreSQL") == 2, "once for the model, once for the four"


def test_the_server_ends_when_its_last_user_was_killed(cluster: Cluster) -> None:
    """A user that is killed -9 leaves no server behind."""
    holder = start_holder(cluster.home)
    pid = postmaster(cluster)
    holder.kill()
    end(holder)

    assert cluster.wait_until_stopped()
    assert not Path(f"/proc/{pid}").exists()


def test_a_killed_keeper_takes_its_server_along(cluster: Cluster) -> None:
    """When the keeper is killed -9 its server ends too, and the next user starts one with all rows."""
    with cluster.hold(KEY):
        with psycopg.connect(cluster.owner_login().conninfo()) as connection:
            connection.execute("CREATE TABLE kept ()")
        pid = postmaster(cluster)
        os.kill(keeper_of(pid), signal.SIGKILL)
        assert eventually(lambda: not Path(f"/proc/{pid}").exists())

        with cluster.hold(KEY), psycopg.connect(cluster.owner_login().conninfo()) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_newcomer_beside_a_keeper_that_is_ending(cluster: Cluster) -> None:
    """Who meets the lock of a keeper that has stopped its server, and is gone in a moment, starts another."""
    ending = os.open(cluster.home / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(ending, fcntl.LOCK_EX)
    threading.Timer(0.5, os.close, [ending]).start()

    with cluster.hold(KEY):
        assert answers(cluster)


def test_everything_killed_at_once(cluster: Cluster) -> None:
    """User, keeper and server killed in one moment: the next start recovers, past the pid file."""
    holder = start_holder(cluster.home)
    pid = postmaster(cluster)
    for number in (keeper_of(pid), pid, holder.pid):
        os.kill(number, signal.SIGKILL)
    end(holder)
    assert (cluster.data / "postmaster.pid").exists()

    with cluster.hold(KEY):
        assert answers(cluster)


def test_a_pid_file_that_names_another_program(cluster: Cluster) -> None:
    """After a reboot the number in the pid file may be another program's, which is left alone."""
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n")

    with cluster.hold(KEY):
        assert answers(cluster)


def test_two_homes_side_by_side(cluster: Cluster, model_home: Path) -> None:
    """Two homes have two servers, which know nothing of each other."""
    other = Cluster(model_home)
    with cluster.hold(KEY), other.hold(KEY):
        assert postmaster(cluster) != postmaster(other)
    assert other.wait_until_stopped()


def test_a_path_too_long_for_a_socket(model_home: Path, tmp_path: Path) -> None:
    """When the home's path is too long, the socket goes to a short private folder, and all works."""
    home = tmp_path / ("long" * 25) / "home"
    shutil.copytree(model_home, home)
    cluster = Cluster(home)
    with cluster.hold(KEY):
        assert answers(cluster)
    assert cluster.wait_until_stopped()
    found = cluster.socket_folder.stat()
    cluster.socket_folder.rmdir()

    assert cluster.socket_folder.parent == Path("/tmp")  # noqa: S108 - the place is what is tested
    assert found.st_mode & 0o777 == 0o700


def test_a_foreign_short_folder_is_not_used(model_home: Path, tmp_path: Path) -> None:
    """A short folder that others may enter was not made by us, and is refused with a sentence."""
    home = tmp_path / ("long" * 25) / "home"
    shutil.copytree(model_home, home)
    foreign = socket_folder(home)
    foreign.mkdir(mode=0o700)
    foreign.chmod(0o777)
    try:
        with pytest.raises(ClusterError, match="not a private folder"), Cluster(home).hold(KEY):
            pass
    finally:
        foreign.rmdir()


def test_the_longest_path_that_fits() -> None:
    """A socket path of 107 bytes is used as it is, one of 108 is not; bytes count, not letters."""
    fits = Path("/" + "x" * (107 - len("/" + "/run/.s.PGSQL.5432")))

    assert socket_folder(fits) == fits / "run"
    assert socket_folder(fits.with_name(fits.name + "x")).parent == Path("/tmp")  # noqa: S108
    assert socket_folder(fits.with_name(fits.name[:-1] + "é")).parent == Path("/tmp")  # noqa: S108


def test_every_identity_that_works_here_runs_a_server(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each way that this user has the server starts, also in a home that was used in another way."""
    program = cluster.binaries / "postgres"
    ways = [
        way for way in disguise.candidates(cluster.home) if disguise.works(way, cluster.home / "run", program)
    ]
    assert ways
    for way in ways:
        monkeypatch.setattr(postgres, "find", lambda *_, way=way: way)
        again = Cluster(cluster.home)
        with again.hold(KEY):
            assert answers(again)
            assert again.data.stat().st_uid == way.uid
        assert again.wait_until_stopped()


def test_an_ordinary_user_runs_it(cluster: Cluster) -> None:
    """Somebody who is not root starts, uses and stops a cluster."""
    prefix: list[str] = []
    if os.geteuid() == 0:  # become somebody else, who may still read this checkout
        user = pwd.getpwnam("nobody")
        caps = ["--inh-caps=-all,+dac_override", "--ambient-caps=+dac_override"]
        prefix = [
            "setpriv",
            f"--reuid={user.pw_uid}",
            f"--regid={user.pw_gid}",
            "--clear-groups",
            *caps,
            "--",
        ]
        for path in [cluster.home, *cluster.home.rglob("*")]:
            os.chown(path, user.pw_uid, user.pw_gid)
    holder = start_holder(cluster.home, *prefix)
    owner = Path(f"/proc/{postmaster(cluster)}").stat().st_uid
    end(holder)

    assert owner != 0


def test_root_serves_a_users_home_as_that_user(cluster: Cluster) -> None:
    """Nothing of the home becomes root's, so that the user is not shut out of it afterwards."""
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    for path in [cluster.home, *cluster.home.rglob("*")]:
        os.chown(path, user.pw_uid, user.pw_gid)
    mode = cluster.home.stat().st_mode
    again = Cluster(cluster.home)
    with again.hold(KEY):
        assert answers(again)
        assert Path(f"/proc/{postmaster(again)}").stat().st_uid == user.pw_uid
    assert again.wait_until_stopped()

    assert cluster.home.stat().st_mode == mode
    assert {path.stat().st_uid for path in [again.data, *again.data.rglob("*"), again.log]} == {user.pw_uid}


def test_a_home_of_somebody_else_is_one_sentence(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is closed to this user is named, with both ways out."""

    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(cluster.data))

    monkeypatch.setattr(Cluster, "_ensure", closed)
    with pytest.raises(
        ClusterError, match=r"postgres belongs to another user.*Run it as that one, or .* chown -R"
    ):
        cluster.hold(KEY).__enter__()


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without room nothing is begun, and the sentence says what to do."""
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    with pytest.raises(ClusterError, match="make room"), Cluster(tmp_path / "home").hold(KEY):
        pass


def test_a_server_that_does_not_start_is_one_sentence(cluster: Cluster) -> None:
    """The sentence has the server's own last word, and where to read more."""
    (cluster.home / "postgres.conf").write_text("shared_buffers = nonsense\n")

    with pytest.raises(ClusterError, match=r"does not start: .*postgres\.log"), cluster.hold(KEY):
        pass


def test_a_broken_start_leaves_nothing_half_made(tmp_path: Path) -> None:
    """An initdb that failed leaves no data folder, and the next start makes it."""
    broken = tmp_path / "bin"
    broken.mkdir()
    for name, script in {
        "postgres": "echo 'postgres (PostgreSQL) 18.4'",
        "initdb": "echo no luck >&2; exit 1",
    }.items():
        (broken / name).write_text(f"#!/bin/sh\n{script}\n")
        (broken / name).chmod(0o755)
    home = tmp_path / "home"
    with pytest.raises(ClusterError, match="no luck"), Cluster(home, broken).hold(KEY):
        pass

    assert not (home / "postgres").exists()
    with Cluster(home).hold(KEY):
        assert answers(Cluster(home))
    assert Cluster(home).wait_until_stopped()


def test_secrets_are_private(cluster: Cluster) -> None:
    """Every secret in the home can be read by its owner only."""
    with cluster.hold(KEY):
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (cluster.home / "secrets").iterdir()}

    assert json.dumps(modes, sort_keys=True) == json.dumps(dict.fromkeys(sorted(modes), "0o600"))
    assert (cluster.home / "secrets").stat().st_mode & 0o777 == 0o700
