"""Sensitive fields: sealed at rest, in no log, journal or answer, and shown to who asks for them and may."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from tenants import apikeys, rekey
from tests.people import Person
from tests.unified_api.api.conftest import Link
from tests.unified_api.api.pushing import Product, product_of
from unified_api.models.hris import Employee
from unified_api.sync.bridge.fields import offered
from unified_api.sync.bridge.wish import BridgeRefused
from unified_api.sync.models import Change, Write

NUMBER = "078-05-1120"


@pytest.fixture
def product(alice: Person, link: Link) -> Product:
    """A product that has pushed an employee with a number."""
    made = product_of(alice, link)
    assert made.push("hris.Employee", "ada", {"first_name": "Ada", "ssn": NUMBER}).status_code == 201
    return made


def shown(product: Product, query: str, **headers: str) -> Any:
    """The list of employees."""
    return product.call("get", f"hris/v1/employees?{query}", **headers)


def able(product: Product) -> dict[str, str]:
    """The header of a key that may read what is sensitive."""
    _, key = product.linked.stored(lambda: apikeys.issue("payroll", may_read_sensitive=True))
    return {"Authorization": f"Bearer {key.reveal()}"}


def everything_stored(product: Product) -> str:
    """All rows of the product's tables that could hold the number, as text."""
    tables = ("hris_employee", "sync_change", "sync_write", "sync_remotedata", "sync_setaside")

    def read() -> str:
        with connection.cursor() as cursor:
            texts = []
            for table in tables:
                cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")  # noqa: S608
                texts.append(cursor.fetchone()[0])
            return " ".join(texts)

    return str(product.linked.stored(read))


def test_a_number_is_shown_to_who_asks_and_may(product: Product) -> None:
    """With the parameter and a key that may; by default no key may, and it says so."""
    plain, refused = shown(product, ""), shown(product, "include_sensitive_fields=true")
    open_ = shown(product, "include_sensitive_fields=true", **able(product))
    quiet = shown(product, "", **able(product))

    assert plain.json()["results"][0]["ssn"] is None
    assert quiet.json()["results"][0]["ssn"] is None
    assert refused.status_code == 403
    assert "key create TENANT --may-read-sensitive" in refused.json()["detail"]
    assert open_.json()["results"][0]["ssn"] == NUMBER


def test_a_number_stands_nowhere_in_clear(product: Product) -> None:
    """Neither in the record, nor in log, journal or what a provider said; nor after it was changed."""
    product.push("hris.Employee", "ada", {"ssn": "078-05-1121"})

    assert "078-05" not in everything_stored(product)
    assert NUMBER.encode().hex() not in everything_stored(product)


def test_a_change_of_a_number_moves_the_record_and_is_not_logged(product: Product) -> None:
    """The record's version moves, the entry of the log names no field; the same number again changes nothing."""
    first = shown(product, "").json()["results"][0]["modified_at"]
    product.push("hris.Employee", "ada", {"ssn": "078-05-1121"})
    second = shown(product, "").json()["results"][0]["modified_at"]
    product.push("hris.Employee", "ada", {"ssn": "078-05-1121"})
    third = shown(product, "").json()["results"][0]["modified_at"]
    logged = product.linked.stored(lambda: list(Change.objects.values_list("fields", flat=True)))

    assert first < second == third
    assert all("ssn" not in fields for fields in logged)


def test_a_number_can_be_taken_away(product: Product) -> None:
    """Null empties the column."""
    product.push("hris.Employee", "ada", {"ssn": None})

    assert bytes(product.linked.stored(lambda: Employee.objects.get(remote_id="ada").ssn)) == b""


def test_what_a_write_carried_is_erased_when_it_ends(product: Product) -> None:
    """The journal keeps that there was a write, not the number."""
    rows = product.linked.stored(lambda: list(Write.objects.values_list("values", "sent", "sealed_values")))

    assert [(told["first_name"], "ssn" in told, bytes(sealed)) for told, _, sealed in rows] == [
        ("Ada", False, b"")
    ]


def test_a_write_that_waits_keeps_its_number_sealed(product: Product) -> None:
    """Until a worker carries it out, who lands what was sent."""
    waiting = "sync/v1/records/hris.Employee/grace?run_async=true"
    answer = product.call("put", waiting, {"model": {"ssn": "219-09-9999"}})
    before = everything_stored(product)
    product.linked.work()
    found = shown(product, "include_sensitive_fields=true&remote_id=grace", **able(product))

    assert answer.status_code == 202
    assert "219-09" not in answer.content.decode() + before
    assert found.json()["results"][0]["ssn"] == "219-09-9999"


def test_no_bridge_carries_a_number() -> None:
    """A configuration that names one is refused, with the reason."""
    wish: Any = SimpleNamespace(model="hris.Employee", common=Employee)

    with pytest.raises(BridgeRefused, match="ssn is sensitive: no bridge carries it"):
        offered(wish, "ssn", "fields.ssn")


def test_numbers_outlive_a_change_of_the_tenants_key(product: Product) -> None:
    """They are sealed anew with everything else that is."""
    tenant = product.linked.person.tenant_id
    rekey.rekey_all([tenant], before=datetime.now(UTC))
    found = shown(product, "include_sensitive_fields=true", **able(product))

    assert found.json()["results"][0]["ssn"] == NUMBER
