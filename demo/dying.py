"""A worker that is killed when the provider has created a ticket, and before the answer is stored.

`python -m demo.dying TENANT ACCOUNT TITLE`, with the environment of the Isthmus that runs. It prints the id of the
write as soon as that is journalled. The work is a worker's own; only its lease is cut short when it dies, so that the
story goes on after seconds: a worker that dies usually leaves its job to the others after a minute and a half.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from unified_api.sync.write import Performance

#: Seconds for which the dead still holds its job.
LEASE = 3


def main(tenant_name: str, account_id: str, title: str) -> None:
    """Journal a create, claim its job, and do it as far as that."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "unified_api.settings")
    django.setup()
    from unified_api.serve.embedded import held_database

    with held_database(["worker"]):
        _work(tenant_name, account_id, title)


def _work(tenant_name: str, account_id: str, title: str) -> None:
    from django.db import transaction

    from tenants.models import LinkedAccount
    from tenants.scope import scope
    from unified_api.management.answering import tenant_id
    from unified_api.models.ticketing import Ticket
    from unified_api.sync import journal, tasks, write

    write.Performance.store_answer = _die  # type: ignore[method-assign, assignment]
    with scope(tenant_id(tenant_name)):
        with transaction.atomic():
            account = LinkedAccount.objects.get(id=account_id)
        wanted = {"name": title, "status": "OPEN", "priority": "NORMAL", "description": "Made once."}
        made, lease = journal.enter_and_claim(journal.Intent(account, Ticket, "create", wanted))
    print(made.id, flush=True)
    tasks.do(lease, time.monotonic() + tasks.SLICE)


def _die(performance: Performance, *_answer: Any, **_options: Any) -> bool:
    from django.db import transaction

    from unified_api.sync import job, write

    job.LEASE = LEASE  # type: ignore[misc]
    with transaction.atomic(durable=True):
        job.hold(performance.lease)
        job.ask(write.KIND, performance.write.id, delay=LEASE)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives this")


if __name__ == "__main__":
    main(*sys.argv[1:])
