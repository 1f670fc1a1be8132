"""An emulated portal as the far side of the adapter, with two or three records of every kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conformance.far_side import Samples, Started, emulated
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.hubspot import TOKEN, vendor
from tests.emulators.world import Clock
from tests.integrations.providers.hubspot.portal import START, account_at, resource_of
from unified_api.models.crm import (
    Account,
    Association,
    AssociationType,
    Contact,
    CustomObject,
    CustomObjectClass,
    Engagement,
    EngagementType,
    Lead,
    Note,
    Opportunity,
    Stage,
    Task,
)

_STAGES = ("appointmentscheduled", "4711_closedlost")
_VESSELS = "2-3456"


@contextmanager
def _start(_request: pytest.FixtureRequest) -> Iterator[Started]:
    with emulating(vendor, Clock(START)) as portal:
        samples = _samples(_filled(portal))
        portal.world.clock.forward(7200)
        yield Started(
            values={"base_url": portal.url, "private_app_token": TOKEN},
            samples=lambda _client, resource: samples[resource.model],
            now=portal.world.clock.now,
            sleep=portal.world.clock.forward,
            refusal=lambda status: vendor.error(status, "no luck"),
            asks=("/search", "/batch/read"),
            whole=frozenset({Stage, EngagementType, CustomObjectClass, AssociationType}),
            deliveries=portal.packed,
            set_up=lambda url, secret: portal.world.add("hook", {"url": url, "secret": secret}),
        )


def _filled(portal: Emulator) -> dict[Any, list[str]]:
    """The ids of what there is then, made by the adapter, which associates it."""
    made: dict[Any, list[str]] = {}
    with account_at(portal) as client:
        for number in range(3):
            deal = {"name": f"Deal {number}", "stage": _STAGES[0]}
            address = {"email_addresses": [{"email_address": f"lead{number}@acme.example"}]}
            told: dict[Any, dict[str, Any]] = {
                Account: {"name": f"Company {number}"},
                Contact: {"email_addresses": [{"email_address": f"contact{number}@acme.example"}]},
                Opportunity: deal,
                Lead: {"first_name": f"Lead {number}", **address},
                Note: {"content": f"<p>Note {number}</p>"},
                Task: {"subject": f"Task {number}"},
                Engagement: {
                    "engagement_type": ("calls", "meetings")[number % 2],
                    "subject": f"Talk {number}",
                },
                CustomObject: {"object_class": _VESSELS, "fields": {"call_sign": f"DK{number}"}},
            }
            for model, values in told.items():
                made.setdefault(model, []).append(client.create(resource_of(model), values).remote_id)
                portal.world.clock.forward(10)
            client.create(resource_of(Association), _captain(made, number, number))
    return made


def _captain(made: Mapping[Any, list[str]], vessel: int, contact: int) -> dict[str, Any]:
    """That a vessel has something to do with a contact."""
    ends = {"source_object": made[CustomObject][vessel], "target_object": made[Contact][contact]}
    return {**ends, "target_model": "crm.Contact", "association_type": f"{_VESSELS}:0-1:USER_DEFINED:36"}


def _about(made: Mapping[Any, list[str]], number: int) -> dict[str, Any]:
    named = {"contact": Contact, "account": Account, "opportunity": Opportunity}
    return {"owner": f"100{number + 1}", **{name: made[model][number] for name, model in named.items()}}


def _person(name: str) -> dict[str, Any]:
    return {
        "first_name": name,
        "last_name": f"of {name}",
        "email_addresses": [{"email_address": f"{name.lower()}@acme.example"}],
        "phone_numbers": [{"phone_number": f"+{len(name)}"}],
        "addresses": [{"street_1": "1 Main Street", "city": name, "country": "GB"}],
    }


def _company(name: str, people: int) -> dict[str, Any]:
    words = {key: f"{key} of {name}" for key in ("description", "industry")}
    reached = {"website": f"https://{name}.example"}
    place = {"addresses": [{"street_1": "2 Side Street", "street_2": "Rear", "city": name}]}
    return {"name": name, "number_of_employees": people, "owner": f"100{people}", **words, **reached, **place}


def _samples(made: Mapping[Any, list[str]]) -> dict[Any, Samples]:
    def deal(number: int) -> dict[str, Any]:
        told = {
            "stage": _STAGES[number],
            "close_date": datetime(2026, 3, 1 + number, 9, 15, 30, 123_456, tzinfo=UTC),
        }
        words = {name: f"{name} {number}" for name in ("name", "description", "lost_reason")}
        return {
            **words,
            **told,
            "amount": 1500 + number,
            **{n: _about(made, number)[n] for n in ("owner", "account")},
        }

    def talk(number: int) -> dict[str, Any]:
        told = {
            "subject": f"Hello {number}",
            "content": f"<p>Hello {number}.</p>",
            "owner": f"100{number + 1}",
        }
        times = {
            n: datetime(2026, 2, 3, h + number, 15, 30, 123_456, tzinfo=UTC)
            for n, h in (("start_time", 10), ("end_time", 14))
        }
        who = {"account": made[Account][number], "contacts": [made[Contact][number]]}
        return {**told, **times, **who, "direction": ("INBOUND", "OUTBOUND")[number]}

    def task(number: int) -> dict[str, Any]:
        told = {
            "subject": f"Call {number}",
            "content": f"Soon {number}.",
            "status": ("OPEN", "CLOSED")[number],
        }
        return {
            **told,
            "due_date": datetime(2026, 2, 3 + number, 9, 15, 30, 123_456, tzinfo=UTC),
            **_about(made, number),
        }

    def owned(number: int) -> dict[str, Any]:
        return {"owner": f"100{number + 1}", "account": made[Account][number]}

    lead = {"title": "Ten printers", "owner": "1001", "company": "Acme", **_person("Eve")}
    return {
        Contact: Samples([{**_person("Ada"), **owned(0)}], [{**_person("Augusta"), **owned(1)}]),
        Account: Samples([_company("acme", 1)], [_company("umbrella", 2)]),
        Opportunity: Samples([deal(0)], [deal(1)]),
        Lead: Samples([lead], [{"title": "Fax", "owner": "1002"}]),
        Note: Samples(
            [{"content": "<p>Once.</p>", **_about(made, 0)}],
            [{"content": "<p>Twice.</p>", **_about(made, 1)}],
        ),
        Task: Samples([task(0)], [task(1)]),
        Engagement: Samples([{"engagement_type": "calls", **talk(0)}], [talk(1)]),
        AssociationType: Samples(
            [
                {
                    "source_class": _VESSELS,
                    "source_object_class": {"id": _VESSELS, "origin_type": "CUSTOM_OBJECT"},
                    "target_object_classes": [{"id": "0-1", "origin_type": "COMMON_MODEL"}],
                    "remote_key_name": "captain",
                    "display_name": "Captain",
                }
            ]
        ),
        Association: Samples([_captain(made, 0, 1)]),
        CustomObject: Samples(
            [{"object_class": _VESSELS, "fields": {"call_sign": "DK9", "berths": 4, "insured": True}}],
            [{"fields": {"call_sign": "GB9", "berths": None, "flags": ["dk", "gb"]}}],
        ),
    }


far_side = emulated(
    vendor,
    _start,
    drawn={
        "CustomObject get": {"objectTypeId": "1"},
        "AssociationType list": {"objectTypeId": "2-1", "fromObjectTypeId": "2-1", "toObjectTypeId": "0-1"},
    },
    undrawn={"Engagement get": "its id begins with a kind, and no id that is drawn has one"},
)
