"""A real Tryton as the far side of the adapter: that of this run, where other tests leave things as well."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest

from demo.servers import Tryton
from tests.conformance.far_side import FarSide, Samples, Started
from tests.integrations.providers.tryton.filled import Filled
from unified_api.models.crm import Account, Contact, Lead, Opportunity, Stage
from unified_api.models.hris import Company, Employee, TimesheetEntry


@contextmanager
def _start(request: pytest.FixtureRequest) -> Iterator[Started]:
    tryton: Tryton = request.getfixturevalue("tryton")
    filled = Filled.of(tryton, uuid.uuid4().hex[:8])
    samples = _samples(filled)
    yield Started(
        values={**tryton.settings, **tryton.secrets, "timesheet_work": str(filled.work)},
        samples=lambda _client, resource: samples[resource.model],
        now=lambda: datetime.now(UTC),
        asks=("/fields_get",),
        whole=frozenset({Company, Stage}),
    )


def _samples(filled: Filled) -> dict[Any, Samples]:
    mark, first, second = filled.mark, *map(str, filled.employees[:2])
    here = {"street_1": "Main Street 1", "street_2": "2nd floor", "city": "Bern", "postal_code": "3000"}
    there = {"street_1": "Quay 2", "city": "Basel"}
    reached = {"phone_numbers": [{"phone_number": "+41 31 1"}], "addresses": [{**here, "country": "CH"}]}
    moved = {
        "phone_numbers": [{"phone_number": "+41 61 2", "phone_number_type": "MOBILE"}],
        "addresses": [{**there, "state": "Bern", "country": "CH"}],
    }
    lovelace = {"first_name": "Ada", "last_name": f"Love lace{mark}"}
    byron = {"first_name": "Annabella", "last_name": f"Byron{mark}"}
    return {
        Lead: Samples(
            [
                {
                    "owner": first,
                    "company": f"Engines {mark}",
                    "email_addresses": _emails(f"lead-{mark}"),
                    **lovelace,
                    **reached,
                }
            ],
            [{"owner": second}],
        ),
        Opportunity: Samples(
            [
                {
                    "name": f"Looms {mark}",
                    "description": "Twelve of them.",
                    "amount": 900,
                    "owner": first,
                    "account": str(filled.parties[0]),
                    "status": "OPEN",
                    "lost_reason": "Too dear",
                    "close_date": datetime(2026, 1, 5, 9, 15, 30, 123_456, tzinfo=UTC),
                }
            ],
            [
                {
                    "name": f"Cards {mark}",
                    "description": "Punched.",
                    "amount": 1200,
                    "owner": second,
                    "account": str(filled.parties[1]),
                    "lost_reason": "Too slow",
                    "close_date": datetime(2026, 2, 6, 9, 15, 30, 123_456, tzinfo=UTC),
                },
                {"status": "LOST"},
                {"status": "OPEN"},
            ],
        ),
        Contact: Samples(
            [{"email_addresses": _emails(f"ada-{mark}"), **lovelace, **reached}],
            [{"email_addresses": _emails(f"b-{mark}", f"c-{mark}"), **byron, **moved}],
        ),
        Account: Samples(
            [{"name": f"Mills {mark}", "website": "https://mills.example", **reached}],
            [{"name": f"Works {mark}", "website": "https://works.example", **moved}],
        ),
        Employee: Samples(
            [
                {
                    "company": filled.company,
                    "work_email": f"new-{mark}@acme.example",
                    "mobile_phone_number": "+41 79 1",
                    "manager": first,
                    "start_date": date(2026, 2, 1),
                    "termination_date": date(2026, 3, 1),
                    **lovelace,
                }
            ],
            [
                {
                    "work_email": f"newer-{mark}@acme.example",
                    "mobile_phone_number": "+41 79 2",
                    "manager": second,
                    "start_date": date(2026, 2, 2),
                    "termination_date": date(2026, 3, 2),
                    **byron,
                }
            ],
        ),
        TimesheetEntry: Samples(
            [
                {
                    "employee": first,
                    "hours_worked": 22 / 3,
                    "start_time": datetime(2026, 2, 3, 9, 15, 30, 123_456, tzinfo=UTC),
                }
            ],
            [{"employee": second, "hours_worked": 0.25, "start_time": datetime(2026, 2, 4, 17, tzinfo=UTC)}],
        ),
    }


def _emails(*names: str) -> list[dict[str, str]]:
    return [{"email_address": f"{name}@example.com"} for name in names]


#: The first run of all installs the server and fills its first database.
far_side = FarSide(judge="a real Tryton", start=_start, marks=[pytest.mark.real, pytest.mark.timeout(1800)])
