"""Sensitive fields of a provider's records: sealed where they are kept, and nowhere else."""

from __future__ import annotations

import zlib
from typing import Any

import psycopg
import pytest
from django.test import Client

from tests.canary import every_row, found
from tests.integrations.sandbox.conftest import Account, MakeAccount
from tests.integrations.sandbox.test_rehearsing import read
from unified_api import registry
from unified_api.models.hris import Employee
from unified_api.sync.models import RemoteData

NUMBER = "078-05-1120"
HILDA = {"first_name": "Hilda", "work_email": "hilda@example.com", "ssn": NUMBER}


@pytest.fixture
def payroll(account: MakeAccount) -> Account:
    """An account at an HRIS of which everybody was read, among them somebody with a number that is ours."""
    one = account("hris")
    made = one.send("post", "employees", {"model": HILDA})
    assert made.status_code in {200, 201}, made.content
    read(one, "hris.Employee", full=True)
    return one


def answers_kept(one: Account) -> str:
    """All of the provider's answers that are kept, as text."""
    with one.person.at_work():
        return " ".join(zlib.decompress(bytes(row.body)).decode() for row in RemoteData.objects.all())


def mapping(path: str) -> dict[str, Any]:
    """A custom field of employees, read at a path."""
    return {
        "target_field_name": "number",
        "target_field_description": "",
        "common_model_name": "Employee",
        "remote_method": "GET",
        "remote_url_path": "/objects/employee",
        "remote_field_traversal_path": ["firstName"],
        "jmes_path": path,
    }


def test_a_number_stands_in_no_table_and_no_log(
    payroll: Account, database: psycopg.Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """It was written and read back: neither answers that are kept, nor rows, nor log lines have it."""
    kept = answers_kept(payroll)

    assert "Hilda" in kept
    assert found(NUMBER, [kept]) == []
    assert found(NUMBER, every_row(database)) == []
    assert found(NUMBER, [record.getMessage() for record in caplog.records]) == []


def test_a_number_has_no_other_name(payroll: Account) -> None:
    """A custom field that would read it, or may, is refused, and says why."""
    for path in ("ssn", '"ssn"', "[ssn]", "{n: ssn}", "@", "values(@)", "ssn || name"):
        answer = payroll.send("post", "field-mappings", mapping(path))
        assert (answer.status_code, "sensitive" in answer.content.decode()) == (400, True), path


def test_a_way_around_the_refusal_finds_nothing(payroll: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a custom field reads has no sensitive field in it, even where its path was taken."""
    monkeypatch.setattr("unified_api.sync.targets._refuse_sensitive", lambda *_: None)
    made = payroll.send("post", "field-mappings", mapping("@"))
    read(payroll, "hris.Employee", full=True)
    shown = payroll.fetch("employees", first_name="Hilda").content.decode()

    assert made.status_code == 201, made.content
    assert "Hilda" in str(_stored(payroll))
    assert found(NUMBER, [shown, str(_stored(payroll))]) == []


def _stored(payroll: Account) -> Any:
    with payroll.person.at_work():
        return Employee.objects.get(first_name="Hilda").field_mappings


def test_a_disabled_field_has_no_other_name(payroll: Account) -> None:
    """A custom field that reads it is shown no more at once, nor in its history, and finds nothing from then on."""
    born = registry.by_slug("sandbox-hris").resource("hris.Employee").mapping.lenses["date_of_birth"].path
    assert payroll.send("post", "field-mappings", mapping(born)).status_code == 201
    read(payroll, "hris.Employee", full=True)
    before = next(one for one in payroll.get("employees", page_size="100")["results"] if targets_of(one))
    limit = {"model_name": "Employee", "field_permissions": {"disabled_fields": ["date_of_birth"]}}
    payroll.send("post", "linked-account-scopes", {"common_models": [limit]})
    after = payroll.get(f"employees/{before['id']}")
    key = payroll.person.headers
    memory = [
        Client().get(f"/api/sync/v1/records/{before['id']}", headers=key),
        Client().get("/api/sync/v1/history", {"record_id": before["id"]}, headers=key),
        Client().get("/api/sync/v1/changes", headers=key),
    ]
    told = targets_of(before)["number"]["value"]

    assert told
    assert targets_of(after) == {}
    assert [str(told) in answer.content.decode() for answer in memory] == [False] * 3


def targets_of(record: dict[str, Any]) -> dict[str, Any]:
    """The account's own custom fields of a record."""
    own: dict[str, Any] = record["field_mappings"]["linked_account_defined_targets"]
    return own
