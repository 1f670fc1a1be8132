"""Webhooks in the product as it runs: web server, workers and beat, each a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.unified_api.serve.test_up import MANAGE, Running, environment, eventually, port, start

__all__ = ["port"]

pytestmark = [pytest.mark.timeout(1200), pytest.mark.processes]
DAY = "86400"
TITLE = "Coffee machine is empty"


@pytest.fixture
def up(tmp_path: Path, port: int) -> Iterator[Running]:
    """Isthmus, which reaches its own sandboxes; nothing of it survives the test."""
    running = start(tmp_path / "home", port, SANDBOX_URL=f"http://127.0.0.1:{port}/sandbox")
    try:
        assert eventually(lambda: running.said("is ready") or running.process.poll() is not None)
        assert running.said("is ready"), "".join(running.lines)
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        assert eventually(running.none_left)


def command(up: Running, *words: str) -> Any:
    """What a command prints as JSON, beside the running processes."""
    env = {**environment(up.home), "SANDBOX_URL": f"http://127.0.0.1:{up.port}/sandbox"}
    done = subprocess.run(
        [sys.executable, str(MANAGE), *words, "--json"], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_change_arrives_by_itself(up: Running) -> None:
    """Of an account that is read once a day, as soon as its system tells; and no line of the log tells how."""
    base = f"http://127.0.0.1:{up.port}"
    key = command(up, "tenant", "create", "Acme")["api_key"]
    mine = {"Authorization": f"Bearer {key}"}
    box = requests.post(
        f"{base}/sandbox/accounts", json={"category": "ticketing"}, headers=mine, timeout=120
    ).json()
    words = ("--tenant", "Acme", "--integration", "sandbox-ticketing", "--end-user", "one")
    linked = command(up, "link", *words, "--secret", f"key={box['key']}")
    command(up, "sync", linked["linked_account_id"], "--frequency", DAY, "--wait")
    caller, theirs = (
        {**mine, "X-Account-Token": linked["account_token"]},
        {"Authorization": f"Bearer {box['key']}"},
    )

    def is_subscribed() -> bool:
        told = requests.get(f"{base}/sandbox/v1/webhooks", headers=theirs, timeout=120)
        return bool(told.json()["webhooks"])

    def is_shown() -> bool:
        told = requests.get(f"{base}/api/ticketing/v1/tickets", {"name": TITLE}, headers=caller, timeout=120)
        return bool(told.ok and told.json()["results"])

    assert eventually(is_subscribed)
    changed = requests.patch(
        f"{base}/sandbox/v1/objects/ticket/ticket-1003", json={"subject": TITLE}, headers=theirs, timeout=120
    )
    assert changed.ok
    assert eventually(is_shown), "".join(up.lines[-40:])
    assert not any("iwh_" in line and "iwh_..." not in line for line in up.lines)
