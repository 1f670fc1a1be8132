"""Salesforce's emulator, driven by a client that others have written for Salesforce: it takes this one for that.

What SEMANTICS.md says of Salesforce with a source, and the test that stands for it:

    fields, their lengths, and what can be given           test_fields_are_those_of_the_catalogue
    updated and deleted, within 15 days                    test_what_changed_and_what_was_deleted_is_told_by_time
    the record that a merged one went into                 test_what_was_merged_stays_in_the_bin
    If-Unmodified-Since by the second, 412                 test_a_condition_goes_by_the_second
    what is required                                       test_what_is_refused
    converted leads point to what they became              test_a_converted_lead_is_read_only
    how much of the limit is used                          test_the_limit_is_told_and_refused

Not looked at here, as the adapter does not use it: If-Modified-Since, ETags of accounts, 600,000 ids of one span,
upserts by external ids, composites that write, bulk loads, Change Data Capture and outbound messages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceError,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from tests.emulators import official
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.salesforce import TOKEN, acts, fields, querying, vendor
from tests.emulators.world import Clock

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
CATALOGUE = official.folder() / "salesforce" / "salesforce-sobjects.json"


class _Plain(HTTPAdapter):
    """The client calls nothing but https."""

    def send(self, request: requests.PreparedRequest, *how: Any, **more: Any) -> requests.Response:
        """Call the loopback without."""
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, *how, **more)


def _client(emulator: Emulator, token: str = TOKEN) -> Any:
    session = requests.Session()
    session.mount("https://127.0.0.1", _Plain())
    return Salesforce(instance=emulator.url.removeprefix("http://"), session_id=token, session=session)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An organization."""
    with emulating(vendor, Clock(START)) as running:
        yield running


@pytest.fixture
def salesforce(emulator: Emulator) -> Any:
    """The client, for that organization."""
    return _client(emulator)


def _codes(caught: pytest.ExceptionInfo[SalesforceError]) -> list[str]:
    """The words of the errors that were answered."""
    content: Any = caught.value.content
    return [one["errorCode"] for one in content]


def test_fields_are_those_of_the_catalogue() -> None:
    """Each has the type, the length and the abilities that the vendor's catalogue says, as far as it says these."""
    told = json.loads(CATALOGUE.read_text())["objects"] if CATALOGUE.is_file() else {}
    wrong = [
        f"{kind}.{one.name}: {there}"
        for kind in fields.kinds()
        for one in fields.fields_of(kind).values()
        if told and not one.is_custom and not _is_as(one, there := told[kind]["fields"].get(one.name))
    ]

    assert wrong == []


def _is_as(field: fields.Field, told: Any) -> bool:
    if told is None or told["type"].lower() != field.type:
        return False
    if "length" in told and field.length != int(told["length"]):
        return False
    words = told.get("properties")
    able = {"c": "Create", "u": "Update", "d": "Defaulted"}
    return words is None or all((flag in field.flags) is (word in words) for flag, word in able.items())


def test_a_lead_is_made_changed_and_deleted(salesforce: Any) -> None:
    """What is read again is what was written; moments and ids are as they are there."""
    made = salesforce.Lead.create({"LastName": "Stone", "Company": "Acme", "Score__c": 7.5})
    salesforce.Lead.update(made["id"], {"FirstName": "Eve", "Company": "Acme & Sons"})
    shown = salesforce.Lead.get(made["id"][:15])
    status = salesforce.Lead.delete(made["id"])
    with pytest.raises(SalesforceResourceNotFound) as gone:
        salesforce.Lead.get(made["id"])

    assert made == {"id": made["id"], "success": True, "errors": []}
    assert (shown["Id"], shown["Name"], shown["Score__c"]) == (made["id"], "Eve Stone", 7.5)
    assert shown["CreatedDate"] == "2026-01-31T09:30:00.000+0000"
    assert (len(made["id"]), made["id"][:3], status) == (18, "00Q", 204)
    assert _codes(gone)[0] == "ENTITY_IS_DELETED"


def test_questions_are_answered_page_by_page(
    emulator: Emulator, salesforce: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Conditions, order and limit hold; texts are compared in any case, and what escapes a quote is no end."""
    monkeypatch.setattr(querying, "PAGE", 2)
    for name in ("Stone", "Reed", "O'Hara", "Back\\slash", "Ames"):
        acts.new(emulator.world, "Lead", LastName=name, Company="Acme")
    asked = "SELECT Id, LastName FROM Lead WHERE Company = 'acme' ORDER BY LastName DESC LIMIT 4"
    found = salesforce.query_all(asked)
    quoted = salesforce.query(r"SELECT Id FROM Lead WHERE LastName = 'o\'hara' OR LastName = 'back\\slash'")

    assert [one["LastName"] for one in found["records"]] == ["Stone", "Reed", "O'Hara", "Back\\slash"]
    assert (found["totalSize"], quoted["totalSize"]) == (4, 2)


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("SELECT Id, Secret__c FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Email = 'a'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Description = 'a'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE LastName = Stone", "INVALID_FIELD"),
        ("SELECT Id FROM Leads", "INVALID_TYPE"),
        ("SELECT Id FROM Lead WHERE LastName = 'a' AND Id = 'b' OR Id = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE LastName = 'O'Hara'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE LastName = 'a\\x'", "MALFORMED_QUERY"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
    ],
)
def test_what_is_no_question_is_refused(
    emulator: Emulator, salesforce: Any, question: str, code: str
) -> None:
    """A field that is hidden is one that there is not; errors are a list."""
    fields.hide(emulator.world, "Lead", "Email")
    with pytest.raises(SalesforceMalformedRequest) as caught:
        salesforce.query(question)

    assert _codes(caught) == [code]


def test_what_is_hidden_is_not_described(emulator: Emulator, salesforce: Any) -> None:
    """Nor shown, nor written."""
    fields.hide(emulator.world, "Lead", "Email")
    made = salesforce.Lead.create({"LastName": "Stone", "Company": "Acme"})
    with pytest.raises(SalesforceMalformedRequest):
        salesforce.Lead.update(made["id"], {"Email": "eve@acme.example"})

    assert "Email" not in {one["name"] for one in salesforce.Lead.describe()["fields"]}
    assert "Email" not in salesforce.Lead.get(made["id"])


def test_many_are_read_at_once_in_their_order(emulator: Emulator, salesforce: Any) -> None:
    """Null stands in the place of one that is not there."""
    made = [
        acts.new(emulator.world, "Lead", LastName=name, Company="Acme")["id"] for name in ("Stone", "Reed")
    ]
    asked = {"ids": [made[1], "00Q5g0000009999EAA", made[0]], "fields": ["LastName"]}
    found = salesforce.restful("composite/sobjects/Lead", method="POST", json=asked)

    assert [one and one["LastName"] for one in found] == ["Reed", None, "Stone"]


def test_what_changed_and_what_was_deleted_is_told_by_time(emulator: Emulator, salesforce: Any) -> None:
    """What is in the bin for longer than 15 days is not told any more."""
    eve, ben = (acts.new(emulator.world, "Lead", LastName=name, Company="Acme") for name in ("Stone", "Reed"))
    emulator.world.clock.forward(3600)
    acts.delete(emulator.world, "Lead", eve)
    leads = salesforce.Lead
    span = START - timedelta(hours=1), START + timedelta(hours=2)

    assert [one["id"] for one in leads.deleted(*span)["deletedRecords"]] == [eve["id"]]
    assert leads.updated(*span)["ids"] == [ben["id"]]
    emulator.world.clock.forward(timedelta(days=16).total_seconds())
    with pytest.raises(SalesforceMalformedRequest):
        leads.deleted(*span)
    assert salesforce.query_all("SELECT Id FROM Lead", include_deleted=True)["totalSize"] == 1


def test_what_was_merged_stays_in_the_bin(emulator: Emulator, salesforce: Any) -> None:
    """With the id of the record that is left, to who asks for what is deleted, too."""
    left, other = (acts.new(emulator.world, "Contact", LastName=name) for name in ("Stone", "Stoned"))
    acts.merge(emulator.world, "Contact", left, other)
    asked = "SELECT Id, IsDeleted, MasterRecordId FROM Contact"
    there, all_ = (salesforce.query_all(asked, include_deleted=also)["records"] for also in (False, True))

    assert [one["Id"] for one in there] == [left["id"]]
    assert {one["Id"]: (one["IsDeleted"], one["MasterRecordId"]) for one in all_} == {
        left["id"]: (False, None),
        other["id"]: (True, left["id"]),
    }


def test_a_transaction_shows_at_its_end(emulator: Emulator, salesforce: Any) -> None:
    """Under the stamp of when the record was saved in it."""
    eve = acts.long(emulator.world, "Lead", 600, LastName="Stone", Company="Acme")
    asked = "SELECT Id, SystemModstamp FROM Lead"
    during = salesforce.query(asked)["totalSize"]
    emulator.world.clock.forward(601)
    (shown,) = salesforce.query(asked)["records"]

    assert (during, shown["Id"]) == (0, eve["id"])
    assert shown["SystemModstamp"] == "2026-01-31T09:30:00.000+0000"


def test_a_condition_goes_by_the_second(emulator: Emulator, salesforce: Any) -> None:
    """What changed behind the moment is not written to; what changed in the same second is."""
    eve = acts.new(emulator.world, "Lead", LastName="Stone", Company="Acme")
    seen = {"If-Unmodified-Since": format_datetime(emulator.world.clock.now(), usegmt=True)}
    salesforce.Lead.update(eve["id"], {"Title": "Buyer"}, headers=seen)
    emulator.world.clock.forward(1)
    acts.edit(emulator.world, "Lead", eve, Company="Umbrella")
    with pytest.raises(SalesforceGeneralError) as caught:
        salesforce.Lead.update(eve["id"], {"Title": "Seller"}, headers=seen)

    assert (caught.value.status, eve["values"]["Title"]) == (412, "Buyer")


def test_a_converted_lead_is_read_only(emulator: Emulator, salesforce: Any) -> None:
    """It names what it has become."""
    eve = acts.new(emulator.world, "Lead", LastName="Stone", Company="Acme")
    made = acts.convert(emulator.world, eve, "Ten printers")
    with pytest.raises(SalesforceMalformedRequest, match="CONVERTED_LEAD"):
        salesforce.Lead.update(eve["id"], {"Title": "Buyer"})
    shown = salesforce.Lead.get(eve["id"])

    assert {kind: shown[f"Converted{kind}Id"] for kind in made} == {k: one["id"] for k, one in made.items()}


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"LastName": "Stone"}, "REQUIRED_FIELD_MISSING"),
        ({"LastName": "x" * 81, "Company": "Acme"}, "STRING_TOO_LONG"),
        ({"LastName": "Stone", "Company": "Acme", "IsDeleted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"LastName": "Stone", "Company": "Acme", "Email": "nowhere"}, "INVALID_EMAIL_ADDRESS"),
        (
            {"LastName": "Stone", "Company": "Acme", "OwnerId": "0055g00000NOBODY"},
            "INVALID_CROSS_REFERENCE_KEY",
        ),
        ({"LastName": 7, "Company": "Acme"}, "JSON_PARSER_ERROR"),
    ],
)
def test_what_is_refused(salesforce: Any, told: dict[str, Any], code: str) -> None:
    """With a word, a sentence, and the fields that it is about."""
    with pytest.raises(SalesforceMalformedRequest) as caught:
        salesforce.Lead.create(told)

    assert _codes(caught) == [code]


def test_a_duplicate_is_refused_unless_it_is_allowed(emulator: Emulator, salesforce: Any) -> None:
    """With the records that it is like."""
    emulator.world.add("duplicate rule", {"id": "Lead"})
    told = {"LastName": "Stone", "Company": "Acme", "Email": "eve@acme.example"}
    first = salesforce.Lead.create(told)
    with pytest.raises(SalesforceMalformedRequest) as caught:
        salesforce.Lead.create(told)
    allowed = salesforce.Lead.create(told, headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"})
    content: Any = caught.value.content
    (match,) = content[0]["duplicateResut"]["matchResults"][0]["matchRecords"]

    assert (match["record"]["Id"], allowed["success"]) == (first["id"], True)


def test_the_limit_is_told_and_refused(emulator: Emulator) -> None:
    """Each answer has a header with what is used; beyond it there is a 403, and no word of when."""
    small = replace(vendor, limits=(replace(vendor.limits[0], most=2),))
    with emulating(small, Clock(START)) as other:
        client = _client(other)
        client.query("SELECT Id FROM Lead")
        used = client.api_usage["api-usage"]
        client.query("SELECT Id FROM Lead")
        with pytest.raises(SalesforceRefusedRequest) as caught:
            client.query("SELECT Id FROM Lead")
    with pytest.raises(SalesforceExpiredSession):
        _client(emulator, "00D!other").query("SELECT Id FROM Lead")

    assert (used.used, used.total) == (1, 2)
    assert _codes(caught)[0] == "REQUEST_LIMIT_EXCEEDED"
