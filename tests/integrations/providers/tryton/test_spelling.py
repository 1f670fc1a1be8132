"""Names, contact mechanisms and pages, as the adapter spells and takes them; no server is asked."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.kit.errors import Misconfigured, Rejected
from integrations.kit.paging import Turn
from integrations.kit.paths import without
from integrations.kit.provider import Resource
from integrations.providers.tryton.asking import ByRow
from integrations.providers.tryton.leads import leads
from integrations.providers.tryton.names import joined, split
from integrations.providers.tryton.parties import accounts, contacts
from integrations.providers.tryton.people import employees, users
from integrations.providers.tryton.reach import mechanisms
from integrations.providers.tryton.sales import opportunities
from integrations.providers.tryton.time import timesheet_entries
from tests.conformance.test_laws import FIXTURES
from tests.integrations.kit.test_lenses import Tables

WORDS = st.lists(st.text("abcdé'-", min_size=1), max_size=3).map(" ".join)


@given(first=WORDS, last=WORDS)
def test_a_name_reads_as_it_was_written(first: str, last: str) -> None:
    """However many words it has, and where one of the two is not known."""
    person = {"first": first or None, "last": last or None}

    assert split(joined(person)) == person


def test_names_stand_there_as_people_write_them() -> None:
    """The last word is the last name, unless that has several: then it comes first."""
    assert joined({"first": "Ada", "last": "Lovelace"}) == "Ada Lovelace"
    assert joined({"first": "Anna Maria", "last": "Curie"}) == "Anna Maria Curie"
    assert joined({"first": "Maria", "last": "de la Cruz"}) == "de la Cruz, Maria"
    assert split("Prince") == {"first": None, "last": "Prince"}
    assert split(None) == {"first": None, "last": None}


@pytest.mark.parametrize(("hours", "more"), [(22 / 3, 7.334), (7.5, 7.501), (0.1, 0.101)])
def test_hours_of_a_day_are_known_again(hours: float, more: float) -> None:
    """As it is shown there, a line says what was sent: its day without the time, and hours that are no round ones."""
    mapping, names = timesheet_entries.mapping, timesheet_entries.recognise
    sent = {"employee": "5", "hours_worked": hours, "start_time": datetime(2026, 3, 2, 9, tzinfo=UTC)}
    line = {"id": 9, **mapping.push(sent, None, "create", Tables())}
    read = mapping.pull(line).values

    assert [mapping.same(name, read[name], sent[name]) for name in names] == [True, True, True]
    assert mapping.push(sent, line, "update", Tables()) == {}
    assert not mapping.same("hours_worked", read["hours_worked"], more)
    assert not mapping.same("start_time", read["start_time"], datetime(2026, 3, 3, tzinfo=UTC))


def test_a_last_name_with_a_comma_is_refused() -> None:
    """It would read as another name."""
    with pytest.raises(Rejected) as caught:
        joined({"first": "Sammy", "last": "Davis, Jr."})

    assert set(caught.value.fields) == {"last_name"}


def _mail(number: int, value: str, *, active: bool = True) -> dict[str, Any]:
    return {"id": number, "type": "email", "value": value, "name": None, "active": active}


THERE = [_mail(1, "a@x.example"), _mail(2, "b@x.example"), _mail(3, "old@x.example", active=False)]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (["a", "b"], []),
        (["a", "c"], [["write", [2], {"type": "email", "value": "c@x.example"}]]),
        (["a"], [["delete", [2]]]),
        ([], [["delete", [1, 2]]]),
        (["a", "b", "c"], [["create", [{"type": "email", "value": "c@x.example"}]]]),
        (["b", "a"], [["write", [2], {"sequence": 1}], ["write", [1], {"sequence": 2}]]),
    ],
)
def test_contact_mechanisms_that_say_it_already_stay(wanted: list[str], told: list[Any]) -> None:
    """Others may refer to them; the rest is changed, removed or added; those that are deactivated are left alone."""
    said = {"emails": [{"email_address": f"{one}@x.example"} for one in wanted]}

    assert mechanisms(said, [*THERE, {**_mail(4, "+41"), "type": "phone"}]) == told


def _party(**more: Any) -> dict[str, Any]:
    records = json.loads((FIXTURES / "tryton" / "Account.json").read_text())["records"]
    return {**records[0], **more}


def test_a_party_that_was_merged_names_the_one_that_took_its_place() -> None:
    """Tryton deactivates it, as it does with one that is only gone; of the other kind it is none at all."""
    merged = _party(active=0, replaced_by=7)

    assert (accounts.mapping.pull(merged).merged_into, accounts.mapping.pull(merged).gone) == ("7", False)
    assert contacts.mapping.pull(merged).gone
    assert accounts.mapping.pull(_party(active=0)).gone


def test_changes_are_looked_for_in_all_records_that_are_shown_together() -> None:
    """As changed and as made, since Tryton has no time of a change before the first one."""
    assert employees.list is not None
    assert employees.since is not None
    [domain] = employees.since.query(datetime(2026, 1, 2, 3, tzinfo=UTC)).values()
    either, *conditions = json.loads(base64.urlsafe_b64decode(domain))
    moment = {"year": 2026, "month": 1, "day": 2, "hour": 3, "minute": 0, "second": 0, "microsecond": 0}

    assert either == "OR"
    assert {(path, operator) for path, operator, _ in conditions} == {
        (f"{place}{stamp}", ">")
        for place in ("", "party.", "party.contact_mechanisms.")
        for stamp in ("write_date", "create_date")
    }
    assert [told for *_, told in conditions] == [{"__class__": "datetime", **moment}] * 6
    assert set(employees.list.params["f"]) >= {path for path, *_ in conditions}


def _walk(pages: ByRow, rows: list[int], deletes: dict[int, list[int]]) -> list[int]:
    """The records that are seen; deletes: what goes before the page of that number is asked for."""
    seen: list[int] = []
    state = None
    for number in range(50):
        for gone in deletes.get(number, ()):
            rows.remove(gone)
        told = pages.params(state)
        begin, count = int(told["p"]), int(told["s"])
        page = rows[begin : begin + count]
        seen += page
        state = pages.next(state, Turn([{"id": row} for row in page], {}, len(page)))
        if state is None:
            return seen
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("gone", [[], [1], [1, 2, 3], [4], [3, 4], [1, 2, 3, 4, 5], list(range(1, 12))])
@pytest.mark.parametrize("when", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 3, 4])
def test_no_record_is_passed_over_when_others_are_deleted_meanwhile(
    gone: list[int], when: int, size: int
) -> None:
    """They move forward, to where has been read already: it is gone back until one is met that was seen."""
    rows = list(range(1, 12))
    seen = _walk(ByRow(size=size), list(rows), {when: gone})

    assert set(rows) - set(gone) <= set(seen)


@pytest.mark.parametrize("odd", [None, 7, {"name": "Zoë"}, {"id": None}, {"id": "7"}])
def test_a_list_whose_next_page_cannot_be_told_says_so(odd: Any) -> None:
    """The last record of a full page, or the first one of the next, has no id; what ends the list may be anything."""
    pages = ByRow(size=1)
    with pytest.raises(Misconfigured, match="cannot go on"):
        pages.next(None, Turn([{"id": 1}, odd], {}, 2))
    with pytest.raises(Misconfigured, match="cannot go on"):
        pages.next({"row": 1, "seen": 2}, Turn([odd], {}, 1))

    assert pages.next(None, Turn([odd], {}, 1)) is None


@pytest.mark.parametrize("resource", [leads, opportunities])
def test_what_is_told_of_the_party_is_kept_back_as_the_partys_is(resource: Resource) -> None:
    """It is an account, or a contact: where either may not be known by its name, no sale tells it."""
    party = {"id": 3, "name": "Lovelace", "contact_mechanisms": [{"value": "ada@x.example"}]}
    record = {"party": party, "contact": {"name": "Ada", "value": "ada@x.example"}}
    for hidden in ({"crm.Account": {"name"}}, {"crm.Contact": {"last_name", "email_addresses"}}):
        told: Any = record
        for place in resource.hidden_places(hidden, ()):
            told = without(told, place)
        assert "Lovelace" not in str(told)
    if resource is leads:
        assert "ada@" not in str(told)


MECHANISM = {"type": "email", "value": "ada@x.example", "name": "Ada"}
PARTY = {"name": "Lovelace", "contact_mechanisms": [MECHANISM], "addresses": [{"city": "Bern"}]}
SALE = {"party": PARTY, "contact": MECHANISM}
STAFF = {"party": PARTY, "person": {"first": "Lovelace"}}


@pytest.mark.parametrize(
    ("resource", "record", "hidden", "secret"),
    [
        (contacts, PARTY, "crm.Contact.email_addresses", "ada@"),
        (contacts, PARTY, "crm.Contact.phone_numbers", "ada@"),
        (contacts, PARTY, "crm.Contact.first_name", "Lovelace"),
        (contacts, PARTY, "crm.Contact.last_name", "Lovelace"),
        (contacts, PARTY, "crm.Contact.addresses", "Bern"),
        (accounts, {**PARTY, "person": {"last": "Lovelace"}}, "crm.Account.name", "Lovelace"),
        (accounts, PARTY, "crm.Account.phone_numbers", "ada@"),
        (accounts, PARTY, "crm.Account.website", "ada@"),
        (accounts, PARTY, "crm.Account.addresses", "Bern"),
        (accounts, PARTY, "crm.Contact.phone_numbers", "ada@"),
        (accounts, PARTY, "crm.Contact.first_name", "'Ada'"),
        (leads, SALE, "crm.Lead.email_addresses", "ada@"),
        (leads, SALE, "crm.Lead.phone_numbers", "ada@"),
        (leads, SALE, "crm.Lead.first_name", "'Ada'"),
        (leads, SALE, "crm.Lead.last_name", "Lovelace"),
        (leads, SALE, "crm.Lead.company", "Lovelace"),
        (leads, SALE, "crm.Lead.addresses", "Bern"),
        (leads, SALE, "crm.Account.addresses", "Bern"),
        (leads, SALE, "crm.Contact.addresses", "Bern"),
        (employees, STAFF, "hris.Employee.work_email", "ada@"),
        (employees, STAFF, "hris.Employee.mobile_phone_number", "ada@"),
        (employees, STAFF, "hris.Employee.first_name", "Lovelace"),
        (employees, STAFF, "hris.Employee.display_full_name", "Lovelace"),
        (users, STAFF, "crm.User.name", "Lovelace"),
        (users, STAFF, "crm.User.email", "ada@"),
        (leads, {"id": 1, "website": "x.example"}, "crm.Account.website", "x.example"),
    ],
)
def test_what_is_hidden_is_hidden_in_tryton_s_own_words_as_well(
    resource: Resource, record: Any, hidden: str, secret: str
) -> None:
    """A field of the customer's own may be mapped at any place of an answer, and the party tells it once more."""
    model, _, name = hidden.rpartition(".")
    told = record
    for place in resource.hidden_places({model: {name}}, ()):
        told = without(told, place)

    assert secret in str(record)
    assert told
    assert secret not in str(told)
