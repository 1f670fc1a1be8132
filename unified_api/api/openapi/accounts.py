"""Components of linked accounts, in the wire contract's form."""

from __future__ import annotations

from typing import Final

from tenants.models import LinkedAccount
from unified_api.api.openapi.schema import FLAG, NULL, TEXT, columns, keyed, many, maybe, named, record, word

_ALIKE: Final = {
    **columns(LinkedAccount, "id", "category", "end_user_origin_id"),
    "end_user_organization_name": TEXT,
    "end_user_email_address": TEXT,
    **columns(LinkedAccount, "status"),
    "is_duplicate": FLAG,
    "account_type": word("TEST", "PRODUCTION"),
    "completed_at": columns(LinkedAccount, "created_at")["created_at"],
}
_OPERATIONS: Final = named(
    "ModelOperations",
    record(
        {
            "model_name": TEXT,
            "available_operations": many(word("FETCH", "CREATE", "UPDATE")),
            "required_post_parameters": many(TEXT),
            "supported_fields": many(TEXT),
        }
    ),
)
#: What is shown of an integration everywhere.
INTEGRATION_KEYS: Final = {
    "name": TEXT,
    "categories": many(TEXT),
    "image": NULL,
    "square_image": NULL,
    "color": TEXT,
    "slug": TEXT,
}
_OFFERED: Final = {"passthrough_available": FLAG, "available_model_operations": many(_OPERATIONS)}
INTEGRATION: Final = named("Integration", record(INTEGRATION_KEYS))
ACTIONS: Final = named("AvailableActions", record({"integration": INTEGRATION, **_OFFERED}))
DETAILS: Final = named(
    "AccountDetails",
    record(
        {
            **_ALIKE,
            "integration": TEXT,
            "integration_slug": TEXT,
            "webhook_listener_url": maybe(TEXT),
            "instance_id": NULL,
            "instance_display_value": maybe(TEXT),
        }
    ),
)
LISTED: Final = named(
    "LinkedAccount",
    record(
        {
            **_ALIKE,
            "status_detail": maybe(TEXT),
            "subdomain": NULL,
            "webhook_listener_url": TEXT,
            "integration": record({**INTEGRATION_KEYS, **_OFFERED}),
            "integration_specific_fields": keyed(TEXT),
        }
    ),
)
