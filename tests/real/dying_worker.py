"""A worker that is killed after the provider has carried out a write, and before the answer is stored.

`python -m tests.real.dying_worker TENANT WRITE`, with DATABASE_APP_URL in its environment.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import uuid
from typing import Any

import django


def main(tenant: uuid.UUID, write_id: uuid.UUID) -> None:
    """Claim the write's job, and do it as far as that."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "unified_api.settings")
    django.setup()
    from tenants.scope import scope
    from unified_api.sync import job, tasks, write

    def die(*_answer: Any, **_options: Any) -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody survives this")

    write.Performance.store_answer = die  # type: ignore[method-assign]
    with scope(tenant):
        lease = job.claim(write.KIND, write_id)
    assert lease is not None
    tasks.do(lease, time.monotonic() + tasks.SLICE)


if __name__ == "__main__":
    main(*map(uuid.UUID, sys.argv[1:]))
