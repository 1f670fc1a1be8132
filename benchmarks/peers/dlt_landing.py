"""dlt, doing what a pull does: the remote's list into a table of Postgres, merged on the primary key.

Runs under the peer's own Python (requirements/peer-dlt.lock), and imports nothing of ours. Reads one order a line
from standard input, and answers each with a line of JSON:

    {"since": null or a time}   ->   {"seconds": …, "peak": bytes}

since: asks the remote for what changed since then, in place of the whole list.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import requests

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
import dlt


def peak() -> int:
    """The most memory that this process has had, in bytes; unlike rusage's figure, not its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def pages(since: str | None) -> Iterator[list[dict[str, Any]]]:
    """The list, page by page, over one connection that is kept."""
    params = {"updated_since": since} if since else {}
    with requests.Session() as session:
        while True:
            answer = session.get(f"{os.environ['REMOTE_URL']}/tickets", params=params, timeout=60)
            answer.raise_for_status()
            page = orjson.loads(answer.content)
            if page["tickets"]:
                yield page["tickets"]
            if not page["next"]:
                return
            params["cursor"] = page["next"]


def run(since: str | None) -> dict[str, Any]:
    """One run of the pipeline."""
    pipeline = dlt.pipeline(
        pipeline_name="landing",
        destination=dlt.destinations.postgres(os.environ["PEER_DATABASE"]),
        dataset_name="landing",
    )
    tickets = dlt.resource(
        pages(since),
        name="tickets",
        primary_key="id",
        write_disposition="merge",
        max_table_nesting=0,
    )
    began = time.monotonic()
    pipeline.run(tickets, loader_file_format=os.environ["LOADER_FILE_FORMAT"])
    return {"seconds": time.monotonic() - began, "peak": peak()}


def main() -> None:
    """Obey until standard input ends."""
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line)["since"])), flush=True)


if __name__ == "__main__":
    main()
