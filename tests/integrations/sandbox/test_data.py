"""What a sandbox holds at first hangs together."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.sandbox import custom_fields
from integrations.sandbox.adapter import known_by
from integrations.sandbox.data import generate
from integrations.sandbox.data.crm import STAGES
from integrations.sandbox.data.records import Records, total
from integrations.sandbox.service import bodies
from integrations.sandbox.spelling import categories
from unified_api import registry
from unified_api.models.base import common_model, common_models, model_id, wire_fields

every_category = pytest.mark.parametrize("category", categories())
every_seed = pytest.mark.parametrize("seed", ["1", "2", "another company"])


def by_id(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Records by their ids."""
    return {row["remote_id"]: row for row in rows}


@every_category
def test_there_is_a_sandbox_of_every_category(category: str) -> None:
    """Its integration reads, makes, changes and removes every model of the category."""
    provider = registry.by_slug(f"sandbox-{category}")

    assert [r.model for r in provider.resources] == common_models(category)
    for resource in provider.resources:
        assert all(resource.can(operation) for operation in ("list", "get", "create", "update", "delete"))


@every_category
def test_the_same_seed_gives_the_same(category: str) -> None:
    """And another one something else."""
    assert generate(category, "1") == generate(category, "1")
    assert generate(category, "1") != generate(category, "2")


@every_category
def test_the_company_has_made_fields_for_itself(category: str) -> None:
    """Of some model in every category: with values that the system itself takes, and without for some records."""
    made = {model_id(m): custom_fields.of(model_id(m)) for m in common_models(category)}
    assert any(made.values())
    for model, fields in made.items():
        rows = [custom_fields.values(model, at) for at in range(8)]
        assert [bodies.faults(common_model(model), row) for row in rows] == [{}] * len(rows)
        assert all({row[key] is None for row in rows} == {True, False} for key in fields)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("x_severity", "harmless"),
        ("x_severity", 1),
        ("x_effort", True),
        ("x_escalated", "yes"),
        ("x_promisedFor", "tomorrow"),
        ("x_components", "engine"),
        ("x_components", ["roof"]),
        ("x_other", 1),
    ],
)
def test_a_field_of_its_own_holds_its_kind_and_words(key: str, value: object) -> None:
    """Anything else is a fault of that field."""
    assert list(bodies.faults(common_model("ticketing.Ticket"), {key: value})) == [key]


@every_category
@every_seed
def test_every_field_of_every_model_has_values(category: str, seed: str) -> None:
    """No declared field is empty everywhere, and every record has an id of its own."""
    told = generate(category, seed)

    assert list(told) == [model_id(model) for model in common_models(category)]
    for name, rows in told.items():
        assert len(by_id(rows)) == len(rows) > 0
        blank = {f for f in wire_fields(common_model(name)) if all(row[f] in (None, [], {}) for row in rows)}
        assert blank == set(), name


@every_category
@every_seed
def test_every_reference_leads_to_a_record(category: str, seed: str) -> None:
    """Also those within nested objects."""
    told = generate(category, seed)
    ids = {name: set(by_id(rows)) for name, rows in told.items()}

    for name, rows in told.items():
        model = common_model(name)
        for row in rows:
            body = bodies.spelled_out(model, row)
            assert bodies.faults(model, body) == {}
            assert [n for n in bodies.references(model, body) if n[2] not in ids[n[1]]] == [], row


@every_category
def test_records_are_told_apart_by_what_they_are_known_by(category: str) -> None:
    """So that a create whose answer was lost is settled by finding just that one."""
    told = generate(category, "1")
    for model in common_models(category):
        if model.wire.writes:
            rows = told[model_id(model)]
            assert len({str([row[name] for name in known_by(model)]) for row in rows}) == len(rows), model


@pytest.fixture(scope="module", params=["1", "2"])
def hris(request: pytest.FixtureRequest) -> Records:
    """The HRIS of a seed."""
    return generate("hris", request.param)


@pytest.mark.parametrize(
    ("model", "above"),
    [("hris.Employee", "manager"), ("hris.Team", "parent_team"), ("hris.Group", "parent_group")],
)
def test_what_is_above_what_is_a_tree(hris: Records, model: str, above: str) -> None:
    """One head, and from everybody a way up to it, without circles."""
    rows = by_id(hris[model])
    heads = [row for row in rows.values() if row[above] is None]
    assert len(heads) == 1
    for row in rows.values():
        way = [row]
        while way[-1][above] is not None:
            way.append(rows[way[-1][above]])
            assert len(way) <= len(rows)
        assert way[-1] is heads[0]


def test_what_employees_get_adds_up(hris: Records) -> None:
    """Gross pay is the sum of the earnings; net pay is that less deductions and the employee's taxes, to the cent."""
    for run in hris["hris.EmployeePayrollRun"]:
        gross = total(earning["amount"] for earning in run["earnings"])
        off = [d["employee_deduction"] for d in run["deductions"]]
        tax = [t["amount"] for t in run["taxes"] if not t["employer_tax"]]
        assert run["gross_pay"] == gross
        assert run["net_pay"] == total([gross, *(-one for one in off), *(-one for one in tax)])
        assert 0 < run["net_pay"] < gross


def test_every_run_pays_everybody_once_what_was_agreed(hris: Records) -> None:
    """The salary of a month is a twelfth of the employment's; deductions are those of the employee's benefits."""
    yearly = {e["employee"]: e["pay_rate"] for e in hris["hris.Employment"]}
    runs = hris["hris.EmployeePayrollRun"]
    pairs = {(run["payroll_run"], run["employee"]) for run in runs}
    assert len(pairs) == len(runs) == len(hris["hris.PayrollRun"]) * len(hris["hris.Employee"])
    for run in runs:
        benefits = [b for b in hris["hris.Benefit"] if b["employee"] == run["employee"]]
        salary = next(e["amount"] for e in run["earnings"] if e["type"] == "SALARY")
        assert salary * 12 == pytest.approx(yearly[run["employee"]])
        assert [d["employee_deduction"] for d in run["deductions"]] == [
            b["employee_contribution"] for b in benefits
        ]
        assert run["check_date"] == by_id(hris["hris.PayrollRun"])[run["payroll_run"]]["check_date"]


def test_balances_are_what_was_granted_less_what_was_taken(hris: Records) -> None:
    """`used` is the sum of the approved days of that kind."""
    for balance in hris["hris.TimeOffBalance"]:
        kind = (balance["employee"], balance["policy_type"])
        taken = [o for o in hris["hris.TimeOff"] if (o["employee"], o["request_type"]) == kind]
        assert balance["used"] == sum(o["amount"] for o in taken if o["status"] == "APPROVED")
        assert balance["balance"] >= 0


def test_hours_are_those_between_start_and_end(hris: Records) -> None:
    """Of every timesheet entry."""
    for entry in hris["hris.TimesheetEntry"]:
        assert (entry["end_time"] - entry["start_time"]).total_seconds() == entry["hours_worked"] * 3600


def test_a_sale_has_the_status_of_its_stage() -> None:
    """And a reason where it was lost; what a lead became belongs together."""
    crm = generate("crm", "1")
    stages = by_id(crm["crm.Stage"])
    for sale in crm["crm.Opportunity"]:
        assert sale["status"] == dict(STAGES)[stages[sale["stage"]]["name"]]
        assert (sale["lost_reason"] is not None) == (sale["status"] == "LOST")
        assert sale["close_date"] > sale["remote_created_at"]
    converted = [lead for lead in crm["crm.Lead"] if lead["converted_date"]]
    assert converted
    for lead in converted:
        contact = by_id(crm["crm.Contact"])[lead["converted_contact"]]
        sale = by_id(crm["crm.Opportunity"])[lead["converted_opportunity"]]
        assert contact["account"] == sale["account"] == lead["converted_account"]
        assert lead["company"] == by_id(crm["crm.Account"])[lead["converted_account"]]["name"]


def test_a_conversation_is_on_its_ticket_and_after_it() -> None:
    """Comments come after the ticket, from its contact or its assignee, one later than the other."""
    told = generate("ticketing", "1")
    for ticket in told["ticketing.Ticket"]:
        said = [c for c in told["ticketing.Comment"] if c["ticket"] == ticket["remote_id"]]
        times = [ticket["remote_created_at"], *(c["remote_created_at"] for c in said)]
        assert said
        assert times == sorted(set(times))
        assert {c["user"] or c["contact"] for c in said} <= {*ticket["assignees"], ticket["contact"]}
        assert by_id(told["ticketing.Contact"])[ticket["contact"]]["account"] == ticket["account"]
        files = [a["remote_id"] for a in told["ticketing.Attachment"] if a["ticket"] == ticket["remote_id"]]
        assert files == ticket["attachments"]


def test_the_people_of_a_seed_are_the_same_everywhere() -> None:
    """Who uses CRM and ticketing works for the company, by the same address."""
    staff = {e["work_email"] for e in generate("hris", "1")["hris.Employee"]}

    assert {u["email"] for u in generate("crm", "1")["crm.User"]} < staff
    assert {u["email_address"] for u in generate("ticketing", "1")["ticketing.User"]} < staff
