"""What is odd in writing to BambooHR: new ids, refusals, records that come twice, what has no field there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Forbidden, Rejected, RetryLater, Uncertain
from tests.emulators.engine import Emulator
from tests.emulators.vendors.bamboohr import employees, training
from tests.emulators.vendors.bamboohr.common import API, REASON
from tests.integrations.providers.bamboohr.company import account_at, named, own, resource_of, sent
from unified_api.models.hris import Employee, TimeOff
from unified_api.models.training import TrainingCompletion, TrainingCourse

EVE = {"first_name": "Eve", "last_name": "New"}


def _completion(company: Emulator, **more: Any) -> dict[str, Any]:
    kind = company.world.rows("type") or [training.add_type(company.world, "Safety")]
    about = {"employee": named(company, "Ada")["id"], "course": str(kind[0]["id"])}
    return {**about, "completed_at": datetime(2026, 1, 20, 15, 30, tzinfo=UTC), **more}


def test_a_new_employee_is_known_by_the_address_in_a_header(company: Emulator, client: Client) -> None:
    """There is no body; what is read back is what was sent."""
    made = client.create(resource_of(Employee), {**EVE, "work_email": "eve@acme.example"})

    assert made.remote_id == named(company, "Eve")["id"]
    assert made.values["work_email"] == "eve@acme.example"


def test_what_is_emptied_is_sent_as_an_empty_text(company: Emulator, client: Client) -> None:
    """And only what differs is sent, the customer's own fields beside the others."""
    made = client.create(resource_of(Employee), {**EVE, "preferred_name": "E"}).remote_id
    resource = resource_of(Employee, "customTShirt")
    client.update(resource, made, {**EVE, "preferred_name": None, **own(customTShirt="L")})

    assert sent(company, "POST", f"/employees/{made}") == [{"preferredName": "", "customTShirt": "L"}]
    assert named(company, "Eve")["fields"]["customTShirt"] == "L"


def test_a_reason_stands_in_a_header(company: Emulator, client: Client) -> None:
    """The body of a refusal is empty."""
    client.create(resource_of(Employee), {**EVE, "work_email": "eve@acme.example"})
    with pytest.raises(Rejected) as refused:
        client.create(
            resource_of(Employee),
            {"first_name": "Eva", "last_name": "New", "work_email": "eve@acme.example"},
        )

    assert refused.value.detail == "workEmail: eve@acme.example is used by another employee"


@pytest.mark.parametrize("status", [429, 503])
def test_too_many_requests_are_waited_for_as_long_as_is_asked(
    company: Emulator, client: Client, status: int
) -> None:
    """Both words for it, before and after the change; a create that was not taken is sent again, once."""
    company.faults.refuse(status, f"POST {API}/employees", body=b"", headers={"Retry-After": "7"})
    before = company.world.clock.now()
    client.create(resource_of(Employee), EVE)

    assert (company.world.clock.now() - before).total_seconds() == 7
    assert len(sent(company, "POST", "/employees")) == 2
    assert len([one for one in company.world.rows("employee") if one["fields"]["firstName"] == "Eve"]) == 1


def test_an_outage_without_a_time_leaves_a_create_uncertain(company: Emulator, client: Client) -> None:
    """A 503 that asks for no pause may come from behind the write."""
    company.faults.refuse(503, f"POST {API}/employees", body=b"")
    with pytest.raises(Uncertain):
        client.create(resource_of(Employee), EVE)


def test_an_unseen_employee_is_not_gone(company: Emulator, client: Client) -> None:
    """403 is no deletion."""
    who = named(company, "Ada")["id"]
    company.faults.refuse(403, f"GET {API}/employees/{who}", body=b"", headers={REASON: "no access"})
    with pytest.raises(Forbidden) as refused:
        client.read(resource_of(Employee), who)

    assert refused.value.detail == "no access"


def test_a_day_is_sent_as_a_day_of_utc(company: Emulator, client: Client) -> None:
    """What was completed at an hour is completed on its day."""
    made = client.create(resource_of(TrainingCompletion), _completion(company))
    [told] = sent(company, "POST", f"/training/record/employee/{named(company, 'Ada')['id']}")

    assert told == {"type": company.world.rows("type")[0]["id"], "completed": "2026-01-20"}
    assert made.values["completed_at"] == datetime(2026, 1, 20, tzinfo=UTC)


def test_a_completion_of_whoever_has_the_key_is_refused(company: Emulator, client: Client) -> None:
    """The id zero would be that employee; what is no id is refused as well, before anything is sent."""
    for number in ("0", "all"):
        with pytest.raises(Rejected) as refused:
            client.create(resource_of(TrainingCompletion), _completion(company, employee=number))
        assert set(refused.value.fields) == {"employee"}

    assert not company.exchanges


def test_a_failure_is_refused_unless_the_account_lets_it_be_noted(company: Emulator, client: Client) -> None:
    """There it would count as completed. Where it may, its notes say so, and keep what others wrote."""
    values = _completion(company, status="FAILED", score=40.0)
    with pytest.raises(Rejected) as refused:
        client.create(resource_of(TrainingCompletion), values)
    assert set(refused.value.fields) == {"status"}
    assert company.world.rows("record") == []

    with account_at(company, failures="notes") as lets:
        made = lets.create(resource_of(TrainingCompletion), values)
        [record] = company.world.rows("record")
        assert record["notes"] == "Failed\nScore: 40 %"
        record["notes"] += "\nTold her on Monday."
        again = lets.update(
            resource_of(TrainingCompletion), made.remote_id, {"status": "COMPLETED", "score": 92.5}
        )

    assert record["notes"] == "Score: 92.5 %\nTold her on Monday."
    assert (again.values["status"], again.values["score"]) == ("COMPLETED", 92.5)


def test_what_was_completed_twice_is_two_records(company: Emulator, client: Client) -> None:
    """There is no look for duplicates there. After a lost answer, a record of another day is not taken for it."""
    first = client.create(resource_of(TrainingCompletion), _completion(company))
    again = _completion(company, completed_at=datetime(2027, 1, 20, tzinfo=UTC))
    second = client.create(resource_of(TrainingCompletion), again)
    found = [client.recent(resource_of(TrainingCompletion), one) for one in (again, _completion(company))]

    assert [[one.remote_id for one in some] for some in found] == [[second.remote_id], [first.remote_id]]


def test_another_of_the_same_name_is_not_taken_for_a_new_employee(company: Emulator, client: Client) -> None:
    """Where the create said an address, it tells them apart; the name alone does where it said none."""
    resource, mail = resource_of(Employee), {"work_email": "eve@acme.example"}
    employees.add_employee(company.world, "Eve", "New", workEmail="other@acme.example")
    assert client.recent(resource, {**EVE, **mail}) == []
    made = client.create(resource, {**EVE, **mail})

    assert [one.remote_id for one in client.recent(resource, {**EVE, **mail})] == [made.remote_id]
    assert len(client.recent(resource, EVE)) == 2


def test_an_hour_that_differs_is_no_change_of_a_day(company: Emulator, client: Client) -> None:
    """The day alone is kept there."""
    made = client.create(resource_of(TrainingCompletion), _completion(company))
    later = {"completed_at": datetime(2026, 1, 20, 18, tzinfo=UTC)}
    client.update(resource_of(TrainingCompletion), made.remote_id, later)

    assert sent(company, "PUT", f"/training/record/{company.world.rows('record')[0]['id']}") == []


def test_a_change_answers_with_201_and_a_locked_record_is_a_refusal(
    company: Emulator, client: Client
) -> None:
    """405 says that this record may not be changed, not that the address were wrong."""
    made = client.create(resource_of(TrainingCompletion), _completion(company))
    moved = client.update(resource_of(TrainingCompletion), made.remote_id, {"score": 80.0})
    company.world.add("locked", {"id": company.world.rows("record")[0]["id"]})
    with pytest.raises(Rejected) as refused:
        client.update(resource_of(TrainingCompletion), made.remote_id, {"score": 81.0})

    assert moved.values["score"] == 80.0
    assert refused.value.detail == "Training record could not be updated"


def test_a_course_is_made_once_and_an_outage_is_looked_into(company: Emulator, client: Client) -> None:
    """Its name tells it again when the answer to its create was lost."""
    company.faults.lose(f"POST {API}/training/type")
    with pytest.raises((Uncertain, RetryLater)):
        client.create(resource_of(TrainingCourse), {"name": "Safety"})
    found = client.recent(resource_of(TrainingCourse), {"name": "Safety"})

    assert [one.remote_id for one in found] == [str(one["id"]) for one in company.world.rows("type")]


def _time_off(company: Emulator, **more: Any) -> dict[str, Any]:
    days = {
        name: datetime(2026, 8, day, 12, tzinfo=UTC) for name, day in (("start_time", 3), ("end_time", 4))
    }
    return {"employee": named(company, "Ada")["id"], "request_type": "VACATION", **days, **more}


def test_time_off_is_asked_for_with_the_id_of_its_type_and_as_days(company: Emulator, client: Client) -> None:
    """Who says no status asks for it; type, note and amount are sent in the words of there."""
    told = {"units": "DAYS", "amount": 1.5, "employee_note": "To the sea."}
    made = client.create(resource_of(TimeOff), _time_off(company, **told))
    [body] = sent(company, "PUT", f"/employees/{named(company, 'Ada')['id']}/time_off/request")

    assert body == {
        "status": "requested",
        "start": "2026-08-03",
        "end": "2026-08-04",
        "timeOffTypeId": 78,
        "amount": 1.5,
        "notes": [{"from": "employee", "note": "To the sea."}],
    }
    assert (made.values["status"], made.values["amount"]) == ("REQUESTED", 1.5)


def test_time_off_that_cannot_be_asked_for_is_refused_by_the_field(company: Emulator, client: Client) -> None:
    """Hours of what is counted in days, a cancellation, nobody, and a type that is none: nothing is sent."""
    faults = {"units": "HOURS", "status": "CANCELLED", "employee": "0", "request_type": "JURY_DUTY"}
    for name, value in faults.items():
        with pytest.raises(Rejected) as refused:
            client.create(resource_of(TimeOff), _time_off(company, amount=8.0, **{name: value}))
        assert set(refused.value.fields) == {name}

    assert company.world.rows("request") == []


def test_time_off_whose_answer_was_lost_is_found_by_whose_and_when(company: Emulator, client: Client) -> None:
    """Each PUT makes another request there, so it is not sent again; one of another type is not taken for it."""
    company.faults.lose(f"PUT {API}/employees/{named(company, 'Ada')['id']}/time_off/request")
    with pytest.raises(Uncertain):
        client.create(resource_of(TimeOff), _time_off(company))
    found = [
        client.recent(resource_of(TimeOff), _time_off(company, request_type=one))
        for one in ("VACATION", "SICK")
    ]
    [request] = company.world.rows("request")

    assert [[one.remote_id for one in some] for some in found] == [[str(request["id"])], []]


def test_time_off_is_decided_at_an_address_of_its_own(company: Emulator, client: Client) -> None:
    """Its status is all that changes."""
    made = client.create(resource_of(TimeOff), _time_off(company)).remote_id
    seen = [client.update(resource_of(TimeOff), made, {"status": word}) for word in ("APPROVED", "CANCELLED")]

    assert sent(company, "PUT", f"/time_off/requests/{made}/status") == [
        {"status": "approved"},
        {"status": "canceled"},
    ]
    assert [one.values["status"] for one in seen] == ["APPROVED", "CANCELLED"]
