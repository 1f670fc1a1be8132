"""A tenant with one linked account, to be filled by SQL as the owner: what is measured is reading it."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import transaction

from tenants import accounts, apikeys
from tenants.models import Tenant
from tenants.scope import scope
from tenants.vault import Secret
from unified_api import registry
from unified_api.models.base import CommonModel

#: Records were stored from here to there.
BEGIN = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)
END = BEGIN + dt.timedelta(days=60)


@dataclass(frozen=True)
class Full:
    """A linked account full of records of one model, and what opens it."""

    model: type[CommonModel]
    tenant_id: uuid.UUID
    account_id: uuid.UUID
    key: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What a request for this account carries."""
        return {"Authorization": f"Bearer {self.key}", "X-Account-Token": self.token}

    @property
    def path(self) -> str:
        """The path of the model's list."""
        return f"/api/{self.model._meta.app_label}/v1/{self.model.wire.path}"


def linked(name: str, model: type[CommonModel]) -> Full:
    """A new tenant with an empty account at some integration that shows the model."""
    category = model._meta.app_label
    tenant = Tenant.create(f"{name} {uuid.uuid4()}")  # a kept house has had others
    with scope(tenant.id), transaction.atomic():
        _key, key = apikeys.issue("benchmark")
        account, token, _ = accounts.link(
            category=category,
            integration=next(one.slug for one in registry.all() if category in one.categories),
            end_user_origin_id="customer",
            end_user_organization_name="Customer Ltd",
            end_user_email_address="it@customer.example",
            settings={"base_url": "https://desk.example"},
            credential={"password": Secret("none")},
            remote_identity="desk",
            is_test=False,
        )
    return Full(model, tenant.id, account.id, key.reveal(), token.reveal())
