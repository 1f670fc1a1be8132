"""A process that serves: opens every tenant's credential, over and over, and stores each anew.

`python -m tests.unified_api.commands.serving TENANT…`. It prints a line per round, with
the ids of its ring, and ends when its input does.
"""

from __future__ import annotations

import os
import select
import sys
import uuid

import django


def main(tenants: list[uuid.UUID]) -> None:
    """Serve until standard input ends; whatever fails ends it with a traceback."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "unified_api.settings"
    django.setup()
    from django.db import transaction

    from tenants import secrets
    from tenants.masters import master_keys
    from tenants.models import LinkedAccount
    from tenants.scope import scope

    while not select.select([sys.stdin], [], [], 0)[0]:
        for tenant_id in tenants:
            secrets.forget_key(tenant_id)
            with scope(tenant_id), transaction.atomic():
                account = LinkedAccount.objects.select_for_update().get()
                account.store_credential(account.credential())
                account.save(update_fields=["sealed_credential"])
        sys.stdout.write(f"round with {' '.join(key.id for key in master_keys())}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main([uuid.UUID(text) for text in sys.argv[1:]])
