"""An emulated organization as the far side of the adapter, with three records of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conformance.far_side import FarSide, Samples, Started
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.salesforce import TOKEN, acts, vendor
from tests.emulators.vendors.salesforce.common import error
from tests.emulators.vendors.salesforce.fields import kinds
from tests.emulators.world import Clock
from tests.integrations.providers.salesforce.org import START, user
from unified_api.models.crm import Account, Contact, Engagement, EngagementType, Lead, Note, Opportunity, Task

_STAGES = ("Prospecting", "Closed Lost")


@contextmanager
def _start(_request: pytest.FixtureRequest) -> Iterator[Started]:
    with emulating(vendor, Clock(START)) as org:
        _fill(org)
        samples = _samples(org)
        org.world.clock.forward(7200)
        yield Started(
            values={"base_url": org.url, "access_token": TOKEN},
            samples=lambda _client, resource: samples[resource.model],
            now=org.world.clock.now,
            sleep=org.world.clock.forward,
            refusal=lambda status: error(status, "no luck"),
            whole=frozenset({EngagementType}),
            asks=tuple(f"/composite/sobjects/{kind}" for kind in kinds()),
        )


def _fill(org: Emulator) -> None:
    for number in range(3):
        account = acts.new(org.world, "Account", Name=f"Company {number}")
        name = {"LastName": f"Person {number}"}
        person = acts.new(org.world, "Contact", **name, AccountId=account["id"])
        acts.new(org.world, "Lead", **name, Company=f"Company {number}")
        day = datetime(2026, 3, 1 + number, tzinfo=UTC).date()
        acts.new(org.world, "Opportunity", Name=f"Sale {number}", StageName=_STAGES[0], CloseDate=day)
        about = {"WhoId": person["id"], "WhatId": account["id"]}
        acts.new(org.world, "Task", Subject=f"Task {number}", **about)
        acts.new(org.world, "Task", Subject=f"Call {number}", TaskSubtype="Call", ActivityDate=day, **about)
        times = {name: org.world.clock.now() for name in ("StartDateTime", "EndDateTime")}
        acts.new(org.world, "Event", Subject=f"Demo {number}", **times, **about)
        acts.new(org.world, "Note", Title=f"Note {number}", Body=f"Note {number}", ParentId=account["id"])
        org.world.clock.forward(10)


def _person(name: str) -> dict[str, Any]:
    return {
        "first_name": name,
        "last_name": f"O'{name}",
        "email_addresses": [{"email_address": f"{name.lower()}@acme.example"}],
        "phone_numbers": [
            {"phone_number": f"+{len(name)}"},
            {"phone_number": f"+{len(name)}1", "phone_number_type": "MOBILE"},
        ],
        "addresses": [{"street_1": "1 Main Street", "street_2": "Rear", "city": name, "country": "GB"}],
    }


def _samples(org: Emulator) -> dict[Any, Samples]:
    companies = [one["id"] for one in org.world.rows("Account")]

    def lead(name: str, number: int) -> dict[str, Any]:
        words = {"title": f"Head of {name}", "company": f"{name} & Sons", "lead_source": f"Download {number}"}
        return {**_person(name), **words, "owner": user(org, number)}

    def contact(name: str, number: int) -> dict[str, Any]:
        return {**_person(name), "owner": user(org, number), "account": companies[number]}

    def company(name: str, number: int) -> dict[str, Any]:
        words = {key: f"{key} of {name}" for key in ("description", "industry")}
        places = [
            {"street_1": f"{number} Side Street", "city": name, "address_type": "BILLING"},
            {"street_1": f"{number} Back Street", "city": name, "address_type": "SHIPPING"},
        ]
        told = {"name": name, "website": f"https://{name}.example", "number_of_employees": 7 + number}
        return {**told, **words, "addresses": places, "owner": user(org, number)}

    def sale(number: int) -> dict[str, Any]:
        told = {
            "stage": _STAGES[number],
            "close_date": datetime(2026, 3, 1 + number, 9, 15, 30, 123_456, tzinfo=UTC),
        }
        words = {name: f"{name} {number}" for name in ("name", "description")}
        whose = {"owner": user(org, number), "account": companies[number]}
        return {**words, **told, "amount": 1500 + number, **whose}

    people, sales = ([one["id"] for one in org.world.rows(kind)] for kind in ("Contact", "Opportunity"))

    def task(number: int, **about: str) -> dict[str, Any]:
        told = {
            "subject": f"Call {number}",
            "content": f"Soon {number}.",
            "status": ("OPEN", "CLOSED")[number],
        }
        due = datetime(2026, 2, 3 + number, 9, 15, 30, 123_456, tzinfo=UTC)
        return {**told, "due_date": due, "owner": user(org, number), "contact": people[number], **about}

    def talk(kind: str, number: int) -> dict[str, Any]:
        told = {"subject": f"{kind} {number}", "content": f"Hello {number}.", "owner": user(org, number)}
        times = {
            name: datetime(2026, 2, 3 + number, 0, minutes, tzinfo=UTC)
            for name, minutes in (("start_time", 0), ("end_time", 7 + number))
        }
        return {**told, **times, "account": companies[number], "contacts": [people[number]]}

    call = {**talk("Call", 0), "direction": "INBOUND"}
    notes = [
        {"content": f"Once.\nAbout the {kind}.", "owner": user(org), kind: one[0]}
        for kind, one in (("account", companies), ("contact", people), ("opportunity", sales))
    ]
    return {
        Task: Samples(
            [task(0, opportunity=sales[0]), task(0, account=companies[0])],
            [task(1, account=companies[1]), {"opportunity": sales[1]}],
        ),
        Note: Samples(notes, [{"content": "Twice.", "owner": user(org, 1)}]),
        Engagement: Samples(
            [{"engagement_type": "Event", **talk("Event", 0)}, {"engagement_type": "Call", **call}],
            [{**talk("Call", 1), "direction": "OUTBOUND"}],
        ),
        Lead: Samples([lead("Eve", 0)], [lead("Evelyn", 1)]),
        Contact: Samples([contact("Ada", 0)], [contact("Augusta", 1)]),
        Account: Samples([company("acme", 0)], [company("umbrella", 1)]),
        Opportunity: Samples([sale(0)], [sale(1)]),
    }


far_side = FarSide(judge="the vendor's catalogue of fields", start=_start, vendor=vendor)
