"""The tenant's own product, as one side of a bridge.

It pushes its records through the API with the token of its account, and reads there what others changed. Where a
bridge writes to it, it finds the record changed the next time it looks. One account per category: hris holds
employees and what they are trained in, crm leads and sales, ticketing tickets.
"""

from __future__ import annotations

from integrations.kit.hosted import Hosted
from unified_api.models.base import common_models

provider = Hosted(
    slug="product",
    name="Product",
    category="hris",
    further=("crm", "ticketing"),
    resources=tuple(
        resource
        for category in ("hris", "crm", "ticketing")
        for resource in Hosted.holding(common_models(category))
    ),
)
