"""A real Tryton linked as HRIS, with this test as the only worker."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from demo.servers import Tryton
from tenants.models import LinkedAccount
from tenants.scope import scope
from tests.integrations.providers.tryton.filled import Filled
from tests.people import Person
from tests.unified_api.sync.conftest import no_broker
from unified_api.link.linking import Request, link
from unified_api.sync import job, steer, tasks
from unified_api.sync.models import Stream

__all__ = ["no_broker"]  # a fixture

#: The first run of all installs the server and fills its first database.
pytestmark = pytest.mark.timeout(1800)


@dataclass
class Staff:
    """Who works there, as Isthmus has read it."""

    person: Person
    filled: Filled
    account: LinkedAccount
    headers: dict[str, str]

    def read(self) -> None:
        """Ask for what has changed, and do all that is due."""
        with self.person.at_work():
            for stream in Stream.objects.filter(linked_account_id=self.account.id):
                steer.read_now(stream.id)
        self.work()

    def work(self) -> None:
        """Do all that is due."""
        for queue in job.QUEUES:
            while lease := job.claim_next(queue):
                tasks.do(lease, time.monotonic() + 20)

    def all(self, models: str, **asked: str) -> list[dict[str, Any]]:
        """Every record of a model, as the tenant reads them."""
        answer = Client().get(f"/api/hris/v1/{models}", {"page_size": "100", **asked}, headers=self.headers)
        return list(answer.json()["results"])


@pytest.fixture
def staff(alice: Person, tryton: Tryton, no_broker: None, settings: Settings) -> Staff:
    """One employee with a line of time; all has been read."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    filled = Filled.little(tryton, uuid.uuid4().hex[:8])
    filled.spent(hours=3)
    with scope(alice.tenant_id):
        made = link(Request("tryton", "customer-1", {**tryton.settings, **tryton.secrets}, category="hris"))
    found = Staff(alice, filled, made.account, {**alice.headers, "X-Account-Token": made.token.reveal()})
    found.work()
    return found


def test_employees_are_read_and_so_is_what_changes_at_their_parties(staff: Staff) -> None:
    """With their company and their time; a new name and address, of which the employee itself knows nothing, arrive."""
    mark, filled = staff.filled.mark, staff.filled
    [before] = staff.all("employees", work_email=f"worker0-{mark}@example.com")
    assert (before["first_name"], before["last_name"]) == ("Worker", f"0{mark}")
    assert (before["start_date"][:10], before["employment_status"]) == ("2026-01-01", "ACTIVE")
    company = filled.tryton.rest("GET", f"company.company/{filled.company}", f="party.name")
    assert [one["legal_name"] for one in staff.all("companies")] == [company["party"]["name"]]
    assert [one["hours_worked"] for one in staff.all("timesheet-entries", employee_id=before["id"])] == [3]

    employee = filled.tryton.rest(
        "GET", f"company.employee/{filled.employees[0]}", f="party.contact_mechanisms"
    )
    filled.change("party.party", employee["party"]["id"], name=f"Grace Hopper{mark}")
    [mechanism] = employee["party"]["contact_mechanisms"]
    filled.change("party.contact_mechanism", mechanism, value=f"grace-{mark}@example.com")
    staff.read()
    [after] = staff.all("employees", work_email=f"grace-{mark}@example.com")

    assert (after["id"], after["display_full_name"]) == (before["id"], f"Grace Hopper{mark}")
    assert staff.all("employees", work_email=f"worker0-{mark}@example.com") == []
    with staff.person.at_work():
        assert [stream.error for stream in Stream.objects.all() if stream.error] == []
