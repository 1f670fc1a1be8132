"""An emulated company as the far side of the adapter, with three records of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conformance.far_side import Samples, Started, emulated
from tests.emulators.engine import emulating
from tests.emulators.vendors.pipedrive import TOKEN, first, records, vendor
from tests.emulators.world import Clock, World
from tests.integrations.providers.pipedrive.house import START
from unified_api.models.crm import (
    Account,
    Contact,
    Engagement,
    EngagementType,
    Lead,
    Note,
    Opportunity,
    Task,
    User,
)


@contextmanager
def _start(_request: pytest.FixtureRequest) -> Iterator[Started]:
    with emulating(vendor, Clock(START)) as house:
        samples = _filled(house.world)
        house.world.clock.forward(7200)
        yield Started(
            values={"base_url": house.url, "api_token": TOKEN},
            samples=lambda _client, resource: samples[resource.model],
            now=house.world.clock.now,
            sleep=house.world.clock.forward,
            refusal=lambda status: vendor.error(status, "no luck"),
            whole=frozenset({User, EngagementType}),
            deliveries=house.packed,
        )


def _filled(world: World) -> dict[Any, Samples]:
    companies = [records.new(world, "organizations", name=f"Company {n}")["id"] for n in range(3)]
    for n, company in enumerate(companies):
        reached = {"emails": [{"value": f"p{n}@acme.example", "primary": True, "label": "work"}]}
        person = records.new(world, "persons", name=f"Person {n}", org_id=company, **reached)["id"]
        first.new_lead(world, f"Lead {n}", person_id=person)
        records.new(world, "activities", subject=f"Task {n}", person_id=person)
        records.new(world, "activities", subject=f"Call {n}", type="call", person_id=person)
        first.new_note(world, f"<p>Note {n}</p>", person_id=person)
        records.new(world, "deals", title=f"Deal {n}", org_id=company, stage_id=1001, pipeline_id=1)
    return {
        Contact: Samples([_person("Ada", 1001, companies[0])], [_person("Augusta", 1002, companies[1])]),
        Account: Samples([{"name": "Acme", "owner": "1001"}], [{"name": "Umbrella", "owner": "1002"}]),
        Lead: Samples(
            [{**_about("Eve"), "title": "Ten faxes", "owner": "1001", "company": "Eve Mills"}],
            [{"title": "Ten printers", "owner": "1002"}],
        ),
        Note: Samples([_note(0, companies)], [_note(1, companies)]),
        Task: Samples([_task(0, "OPEN", companies)], [_task(1, "CLOSED", companies)]),
        Engagement: Samples([{"engagement_type": "call", **_talk(0, companies)}], [_talk(1, companies)]),
        Opportunity: Samples([_deal(0, "OPEN", companies[0])], [_deal(1, "LOST", companies[1])]),
    }


def _person(name: str, owner: int, company: int) -> dict[str, Any]:
    return {**_about(name), "owner": str(owner), "account": str(company)}


def _about(name: str) -> dict[str, Any]:
    return {
        "first_name": name,
        "last_name": f"of {name}",
        "email_addresses": [{"email_address": f"{name.lower()}@acme.example", "email_address_type": "work"}],
        "phone_numbers": [{"phone_number": f"+{len(name)}", "phone_number_type": "mobile"}],
    }


def _regarding(number: int, companies: list[int]) -> dict[str, Any]:
    one = f"100{number + 1}"
    return {"owner": one, "account": str(companies[number]), "contact": one, "opportunity": one}


def _note(number: int, companies: list[int]) -> dict[str, Any]:
    return {"content": f"<p>Said {number}</p>", **_regarding(number, companies)}


def _task(number: int, status: str, companies: list[int]) -> dict[str, Any]:
    due = datetime(2026, 3, 1 + number, 9, 15, 30, 123_456, tzinfo=UTC)
    told = {
        "subject": f"Call {number}",
        "content": f"<p>Soon {number}</p>",
        "status": status,
        "due_date": due,
    }
    return {**told, **_regarding(number, companies)}


def _talk(number: int, companies: list[int]) -> dict[str, Any]:
    start = datetime(2026, 3, 1 + number, 9, 15, 30, 123_456, tzinfo=UTC)
    return {
        "subject": f"Talk {number}",
        "content": f"<p>Said {number}</p>",
        "start_time": start,
        "end_time": start + timedelta(minutes=30 + number),
        "owner": f"100{number + 1}",
        "account": str(companies[number]),
        "contacts": [f"100{number + 1}", "1003"],
    }


def _deal(number: int, status: str, company: int) -> dict[str, Any]:
    return {
        "name": f"Printers {number}",
        "amount": 1500 + number,
        "owner": f"100{number + 1}",
        "account": str(company),
        "stage": ("1001", "1003")[number],
        "status": status,
        "lost_reason": f"reason {number}",
        "close_date": datetime(2026, 3, 1 + number, 9, 15, 30, 123_456, tzinfo=UTC),
    }


far_side = emulated(
    vendor,
    _start,
    unshown={"Engagement get": "the example of an activity is neither a call nor a meeting"},
    drawn={"Engagement get": {"type": "call"}, "EngagementType list": {"key_string": "meeting"}},
)
