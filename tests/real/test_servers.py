"""The servers themselves: started again by what is there, the same as before, and gone when they are told to go."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.servers import HelpDesk, Roundup, Server, ServerFailed


@pytest.fixture(params=[Roundup, HelpDesk], ids=lambda kind: kind.name)
def server(request: pytest.FixtureRequest, roundup: Roundup, help_desk: HelpDesk) -> Server:
    """Each of the two, running."""
    return roundup if request.param is Roundup else help_desk


def test_a_second_start_only_starts_and_is_the_same(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is installed or prepared again; port and password are the same, and what it was told to say is said."""
    before = (server.port, server.password, server.settings, server.secrets)
    done: list[str] = []
    monkeypatch.setattr(server, "progress", done.append)
    server.stop()
    assert not server.running
    server.start()

    assert done == [f"starting {server.name} at {server.origin}"]
    assert (server.port, server.password, server.settings, server.secrets) == before


def test_it_has_no_rights_of_root(server: Server) -> None:
    """Whoever starts it, it can do no more than an ordinary user.

    No capability, or none outside its own namespace.
    """
    assert server._process is not None
    ours, its = (Path(f"/proc/{pid}") for pid in ("self", server._process.pid))
    status = (its / "status").read_text().splitlines()
    rights = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff"))

    assert rights == 0 or (its / "ns/user").readlink() != (ours / "ns/user").readlink()


def test_writes_are_counted(server: Server) -> None:
    """By the server's own log; reads are none."""
    before = server.writes()
    path = "/tracker/rest/data/keyword" if isinstance(server, Roundup) else "/api/tickets/"
    body = (
        {"name": "counted"}
        if isinstance(server, Roundup)
        else {"queue": 1, "title": "x", "description": "y", "priority": 3}
    )
    server.api("POST", path, body)
    server.api("GET", path)

    assert server.writes() == before + 1


def test_a_leftover_is_ended(server: Server) -> None:
    """A process that outlived whoever started it does not keep the port."""
    leftover = server._process
    assert leftover is not None
    server._process = None
    server.start()

    assert leftover.wait(120) != 0
    assert server.running


def test_a_port_that_is_taken(server: Server) -> None:
    """It says so, and what to do."""
    other = type(server)(server.software, server.data.with_name(f"{server.data.name}-twin"))
    other.data.mkdir()
    (other.data / "facts.json").write_text(
        (server.data / "facts.json").read_text().replace(server.password, "x" * 24)
    )
    with pytest.raises(ServerFailed, match=f"wants port {server.port}, which another program has taken"):
        other.start()

    assert server.running
    assert not other.running
