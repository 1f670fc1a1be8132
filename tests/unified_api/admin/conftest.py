"""What tests of the console share: an operator who is signed in, and rows of every model to look at."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.http import HttpResponse
from django.test import Client

from tenants.models import LinkedAccount, Tenant
from tests.people import Person
from tests.unified_api.sync.conftest import no_broker
from unified_api.admin.walls import is_a_tenants
from unified_api.sync.models import Stream

__all__ = ["no_broker"]  # a fixture

SEALED = b"what is sealed or a digest"


@dataclass
class Operator:
    """Grace, at her browser."""

    client: Client = field(default_factory=Client)

    def get(self, path: str, **query: Any) -> HttpResponse:
        """Open a page of the console."""
        return self.client.get(f"/admin/{path}", query)  # type: ignore[return-value] # what a client answers is one

    def post(self, path: str, **form: Any) -> HttpResponse:
        """Send a form of the console."""
        return self.client.post(f"/admin/{path}", form)  # type: ignore[return-value] # the same

    def enter(self, person: Person) -> None:
        """Choose this person's tenant."""
        assert self.post(f"tenant/{person.tenant_id}/enter/").status_code == 302

    def act(self, model: type[models.Model], action: str, *rows: models.Model, **form: Any) -> HttpResponse:
        """Tick these rows and do something with them."""
        ticked = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
        return self.post(f"{where(model)}/", **ticked, **form)


def operator(name: str, **rights: Any) -> Operator:
    """Somebody who is signed in, with all rights unless said otherwise."""
    # Without a password: hashing one takes a third of a second.
    user = User.objects.create_user(name, is_staff=True, **({"is_superuser": True} | rights))
    person = Operator()
    person.client.force_login(user)
    return person


@pytest.fixture
def grace(database: psycopg.Connection, no_broker: None) -> Operator:
    """An operator with all rights, who has not chosen a tenant yet."""
    return operator("grace")


def where(model: type[models.Model]) -> str:
    """The path of a model's list."""
    return f"{model._meta.app_label}/{model._meta.model_name}"


def owned() -> list[type[models.Model]]:
    """Every model with a page, whose rows are a tenant's."""
    return [model for model in admin.site._registry if is_a_tenants(model)]


def text(page: HttpResponse) -> str:
    """What a page says."""
    return page.content.decode()


def furnish(person: Person, canary: str) -> dict[type[models.Model], models.Model]:
    """A row of every model for this person's tenant, with the canary in all of its texts."""
    account, _ = person.link(end_user_origin_id=canary)
    with person.at_work():
        stream = Stream.objects.create(linked_account_id=account.id, model="ticketing.Ticket", error=canary)
        rows: dict[type[models.Model], models.Model] = {LinkedAccount: account, Stream: stream}
        rows[Tenant] = Tenant.objects.get()
        for model in owned():
            if model not in rows:
                rows[model] = _made(model, person, account, stream, canary)
    return rows


def _made(
    model: type[models.Model], person: Person, account: LinkedAccount, stream: Stream, canary: str
) -> models.Model:
    known = {
        "tenant_id": person.tenant_id,
        "linked_account_id": account.id,
        "stream_id": stream.id,
        "reference": stream.id,
        "model": "ticketing.Ticket",
    }
    fields = [f for f in model._meta.concrete_fields if not (f.primary_key or f.generated)]
    values = {f.name: known.get(f.name, _value(f, canary)) for f in fields}
    return model._default_manager.create(id=uuid.uuid4(), **values)


def _value(field_: models.Field[Any, Any], canary: str) -> Any:
    if isinstance(field_, ArrayField):
        return [_value(field_.base_field, canary)]
    by_class: dict[type[models.Field[Any, Any]], Any] = {
        models.UUIDField: uuid.uuid4(),
        models.JSONField: {"said": canary},
        models.BinaryField: SEALED,
        models.DateTimeField: dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC),
        models.DateField: dt.date(2026, 1, 31),
        models.BooleanField: False,
        models.IntegerField: 1,
        models.FloatField: 1.0,
        models.TextField: canary,
    }
    return next(value for kind, value in by_class.items() if isinstance(field_, kind))
