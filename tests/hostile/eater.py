"""Reads one list at each of some paths with the limits of production, in a process of its own; started by test_memory.

    python -m tests.hostile.eater ADDRESS PATH...

Prints one line of JSON: for each path what came of it, and by how many megabytes the process grew at its peak.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any

import django


def peak(*, afresh: bool = False) -> float:
    """The most memory that this process had, in MB, since it was last measured afresh; see proc(5), clear_refs."""
    if afresh:
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def eat(address: str, path: str) -> dict[str, Any]:
    """What reading a list does to us."""
    from integrations.kit.auth import Bearer
    from integrations.kit.client import Client, Connection
    from integrations.kit.endpoints import GET, Check
    from integrations.kit.errors import ProviderError
    from integrations.kit.guard import Guard
    from integrations.kit.mapping import Mapping
    from integrations.kit.provider import Provider, Resource
    from integrations.kit.setting import Setting
    from tenants.vault import Secret
    from unified_api.models.ticketing import Ticket

    resource = Resource(
        mapping=Mapping(Ticket, name="title", description="text"), list=GET(path, items="items")
    )
    provider = Provider(
        slug="eaten",
        name="Eaten",
        category="ticketing",
        settings=(Setting("token", "token", secret=True),),
        auth=Bearer(),
        resources=(resource,),
        check=Check(GET("/")),
        base_url=address,
    )
    connection = Connection({}, {"token": Secret("secret")}, guard=Guard(allow_networks=("127.0.0.0/8",)))
    before = peak(afresh=True)
    with Client(provider, connection) as client:
        try:
            outcome = f"{sum(len(page.observations) for page in client.pages(resource, None))} records"
        except ProviderError as error:
            outcome = str(error)
    return {"outcome": outcome, "grown": round(peak() - before, 1)}


if __name__ == "__main__":
    django.setup()
    json.dump({path: eat(sys.argv[1], path) for path in sys.argv[2:]}, sys.stdout)
