"""Having bridges look soon, because something changed. A stir that is lost delays only: rounds come by themselves."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Q

from unified_api.sync import job
from unified_api.sync.bridge.setup import KIND
from unified_api.sync.models_bridge import Bridge

#: Before pulls, behind writes.
PRIORITY = 4


def stir(linked_account_id: uuid.UUID) -> None:
    """Records of an account changed: have its bridges look, in a transaction of its own."""
    of_account = Q(account_a=linked_account_id) | Q(account_b=linked_account_id)
    _ask(of_account)


def ask(bridge_id: uuid.UUID) -> None:
    """Have one bridge look, in a transaction of its own."""
    _ask(Q(id=bridge_id))


def _ask(which: Q) -> None:
    with transaction.atomic():
        for bridge in (
            Bridge.objects.filter(which, paused_by=None).order_by("id").values_list("id", flat=True)
        ):
            job.ask(KIND, bridge, priority=PRIORITY)
