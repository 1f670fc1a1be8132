"""The company's CRM: customers, sales on their way through stages, what was said, and objects of the company's own."""

from __future__ import annotations

from typing import Final

from integrations.sandbox.data.company import Company, Person
from integrations.sandbox.data.own_objects import own_objects
from integrations.sandbox.data.records import Record, Records, after, key, keyed
from integrations.sandbox.data.ticketing import CUSTOMERS

_PROSPECTS: Final = (
    "Red Kite Media",
    "Stone Bridge Homes",
    "Tall Ship Tours",
    "Umber Ceramics",
    "Violet Labs",
)
#: Stages in their order, with what a sale in one is.
STAGES: Final = (
    ("Qualification", "OPEN"),
    ("Needs", "OPEN"),
    ("Proposal", "OPEN"),
    ("Negotiation", "OPEN"),
    ("Closed Won", "WON"),
    ("Closed Lost", "LOST"),
)
_TYPES: Final = (("Call", "CALL"), ("Meeting", "MEETING"), ("E-mail", "EMAIL"))
_INDUSTRIES: Final = ("Travel", "Food", "Finance", "Telecommunications", "Health", "Logistics")
_GIVEN: Final = ("Robin", "Sasha", "Kim")
OPPORTUNITIES: Final = 24
_LEADS: Final = 16


def crm(company: Company) -> Records:
    """All of it."""
    sellers = company.of_department("Sales", "Management")
    owners = [key("user", n) for n in range(len(sellers))]
    return {
        "crm.User": keyed("user", [_user(person) for person in sellers]),
        "crm.Account": keyed("account", [_account(n, name, owners) for n, name in enumerate(CUSTOMERS)]),
        "crm.Contact": keyed("contact", [_contact(n, owners) for n in range(3 * len(CUSTOMERS))]),
        "crm.Stage": keyed("stage", [{"name": name} for name, _ in STAGES]),
        "crm.Opportunity": keyed("opportunity", [_sale(company, n, owners) for n in range(OPPORTUNITIES)]),
        "crm.Lead": keyed("lead", [_lead(n, owners) for n in range(_LEADS)]),
        "crm.Note": keyed("note", [_note(n, owners) for n in range(OPPORTUNITIES)]),
        "crm.Task": keyed("task", [_task(n, owners) for n in range(20)]),
        "crm.EngagementType": keyed("engagement-type", [{"name": n, "activity_type": k} for n, k in _TYPES]),
        "crm.Engagement": keyed("engagement", [_engagement(n, owners) for n in range(OPPORTUNITIES)]),
        **own_objects(),
    }


def _user(person: Person) -> Record:
    return {"name": person.name, "email": person.mail, "is_active": True}


def _account(number: int, name: str, owners: list[str]) -> Record:
    return {
        "owner": owners[number % len(owners)],
        "name": name,
        "description": f"A customer since {2015 + number}",
        "industry": _INDUSTRIES[number],
        "website": f"https://{name.lower().replace(' ', '-')}.example",
        "number_of_employees": 40 * (number + 1),
        "remote_created_at": after(hours=number),
    }


def _of(number: int) -> int:
    """The customer to whom the contact, sale or note of a number belongs."""
    return number % len(CUSTOMERS)


def _contact(number: int, owners: list[str]) -> Record:
    account, given = _of(number), _GIVEN[number // len(CUSTOMERS)]
    name = CUSTOMERS[account]
    domain = f"{name.lower().replace(' ', '-')}.example"
    return {
        "first_name": given,
        "last_name": f"{name.split()[0]}-{number + 1}",
        "account": key("account", account),
        "owner": owners[account % len(owners)],
        "email_addresses": [{"email_address": f"{given.lower()}@{domain}", "email_address_type": "WORK"}],
        "remote_created_at": after(hours=number),
    }


def _sale(company: Company, number: int, owners: list[str]) -> Record:
    """Its status is that of its stage; what is won or lost was closed after it was opened."""
    stage, opened = number % len(STAGES), after(days=3 * number)
    status = STAGES[stage][1]
    return {
        "name": f"{CUSTOMERS[_of(number)]}: order {number + 1}",
        "amount": 500 * company.random.randrange(4, 80),
        "owner": owners[_of(number) % len(owners)],
        "account": key("account", _of(number)),
        "stage": key("stage", stage),
        "status": status,
        "lost_reason": "A competitor was cheaper" if status == "LOST" else None,
        "last_activity_at": after(days=3 * number + 10),
        "close_date": after(days=3 * number + (20 if status != "OPEN" else 60)),
        "remote_created_at": opened,
    }


def _lead(number: int, owners: list[str]) -> Record:
    """One in four became a customer: it names the contact, account and sale that came of it, which belong together."""
    converted = number % 4 == 0
    company = CUSTOMERS[_of(number)] if converted else _PROSPECTS[number % len(_PROSPECTS)]
    return {
        "owner": owners[_of(number) % len(owners)],
        "lead_source": ("Web site", "Fair", "Recommendation")[number % 3],
        "title": "Head of Operations",
        "company": company,
        "first_name": _GIVEN[number % len(_GIVEN)],
        "last_name": f"Lead-{number + 1}",
        "converted_date": after(days=number + 5) if converted else None,
        "converted_contact": key("contact", _of(number)) if converted else None,
        "converted_account": key("account", _of(number)) if converted else None,
        "converted_opportunity": key("opportunity", _of(number)) if converted else None,
        "status": "QUALIFIED" if converted else ("OPEN", "UNQUALIFIED", "CLOSED")[number % 3],
        "remote_created_at": after(days=number),
        "remote_updated_at": after(days=number + 5),
    }


def _note(number: int, owners: list[str]) -> Record:
    return {
        "owner": owners[_of(number) % len(owners)],
        "content": f"They asked for a second offer on order {number + 1}.",
        "contact": key("contact", _of(number)),
        "account": key("account", _of(number)),
        "opportunity": key("opportunity", number),
        "remote_created_at": after(days=3 * number + 1),
        "remote_updated_at": after(days=3 * number + 1),
    }


def _task(number: int, owners: list[str]) -> Record:
    done = number % 2 == 0
    return {
        "subject": f"Call about order {number + 1}",
        "owner": owners[_of(number) % len(owners)],
        "account": key("account", _of(number)),
        "opportunity": key("opportunity", number),
        "contact": key("contact", _of(number)),
        "status": "CLOSED" if done else "OPEN",
        "completed_date": after(days=3 * number + 2) if done else None,
        "due_date": after(days=3 * number + 4),
    }


def _engagement(number: int, owners: list[str]) -> Record:
    begin = after(days=number, hours=2)
    return {
        "owner": owners[_of(number) % len(owners)],
        "subject": f"{_TYPES[number % 3][0]} about order {number + 1}",
        "engagement_type": key("engagement-type", number % 3),
        "start_time": begin,
        "end_time": after(days=number, hours=3),
        "account": key("account", _of(number)),
        "contacts": [key("contact", _of(number))],
    }
