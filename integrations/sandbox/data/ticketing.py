"""The company's ticketing system: support and engineering work for its customers."""

from __future__ import annotations

from typing import Final

from integrations.sandbox.data.company import Company, Person
from integrations.sandbox.data.records import Record, Records, after, key, keyed

CUSTOMERS: Final = (
    "Globe Travel",
    "Initial Foods",
    "Mountain Bank",
    "Orbit Mobile",
    "Pine Clinics",
    "Quay Freight",
)
_TEAMS: Final = ("First Line", "Second Line", "Engineering")
_TAGS: Final = ("billing", "bug", "feature", "login", "mobile", "performance", "question", "security")
_PLACES: Final = (
    ("Customer Support", "PROJECT", None),
    ("Incoming", "LIST", 0),
    ("Escalated", "LIST", 0),
    ("Platform", "PROJECT", None),
    ("Backlog", "LIST", 3),
    ("Next Release", "LIST", 3),
)
_SUBJECTS: Final = (
    "Invoice shows the wrong year",
    "Cannot log in after changing the password",
    "Export stops at 10,000 rows",
    "App closes when a photo is attached",
    "Please add a dark theme",
    "Report takes minutes to open",
    "Wrong time zone in reminders",
    "Two customers were merged by mistake",
)
_SAID: Final = (
    "Thank you, we are looking into it.",
    "It still happens on our side.",
    "We could reproduce it; a fix is on its way.",
    "The fix is out. Does it work for you now?",
)
TICKETS: Final = 60
_STATUS: Final = ("OPEN", "IN_PROGRESS", "CLOSED", "CLOSED", "ON_HOLD", "CLOSED")


def ticketing(company: Company) -> Records:
    """All of it."""
    staff = company.of_department("Support", "Engineering")
    contacts = _contacts()
    tickets = keyed("ticket", [_ticket(company, n, len(staff), contacts) for n in range(TICKETS)])
    return {
        "ticketing.Account": _accounts(),
        "ticketing.Contact": contacts,
        "ticketing.Role": _roles(),
        "ticketing.Team": keyed("team", [{"name": name} for name in _TEAMS]),
        "ticketing.User": keyed("user", [_user(n, person) for n, person in enumerate(staff)]),
        "ticketing.Tag": keyed("tag", [{"name": name} for name in _TAGS]),
        "ticketing.Collection": _collections(),
        "ticketing.Project": keyed("project", [{"name": p[0]} for p in _PLACES if p[1] == "PROJECT"]),
        "ticketing.Ticket": tickets,
        "ticketing.Comment": _comments(tickets),
        "ticketing.Attachment": _attachments(tickets),
        "ticketing.Viewer": _viewers(len(staff)),
    }


def _user(number: int, person: Person) -> Record:
    first = person.department == "Support"
    return {
        "name": person.name,
        "email_address": person.mail,
        "is_active": True,
        "teams": [key("team", number % 2 if first else 2)],
        "roles": [key("role", 0 if person.title.startswith("Head") else 1)],
        "collections": [key("collection", 0 if first else 3)],
        "projects": [key("project", 0 if first else 1)],
    }


def _roles() -> list[Record]:
    every = ["VIEW", "CREATE", "EDIT", "DELETE", "CLOSE", "ASSIGN"]
    return keyed(
        "role",
        [
            {"name": "Administrator", "ticket_actions": every, "ticket_access": "ALL"},
            {"name": "Agent", "ticket_actions": every[:3], "ticket_access": "TEAM_ONLY"},
            {"name": "Reader", "ticket_actions": every[:1], "ticket_access": "ASSIGNED_ONLY"},
        ],
    )


def _collections() -> list[Record]:
    return keyed(
        "collection",
        [
            {
                "name": name,
                "collection_type": kind,
                "parent_collection": None if above is None else key("collection", above),
            }
            for name, kind, above in _PLACES
        ],
    )


def _accounts() -> list[Record]:
    return keyed("account", [{"name": name, "domains": [_domain(name)]} for name in CUSTOMERS])


def _domain(name: str) -> str:
    return f"{name.lower().replace(' ', '-')}.example"


def _contacts() -> list[Record]:
    given = ("Robin", "Sasha", "Kim")
    return keyed(
        "contact",
        [
            {
                "name": f"{name} of {customer}",
                "email_address": f"{name.lower()}@{_domain(customer)}",
                "account": key("account", at),
            }
            for at, customer in enumerate(CUSTOMERS)
            for name in given
        ],
    )


def _ticket(company: Company, number: int, staff: int, contacts: list[Record]) -> Record:
    """Who asked works for the customer for whom it was opened; what is closed was completed after it was opened."""
    contact = contacts[number % len(contacts)]
    status, opened = _STATUS[number % len(_STATUS)], after(hours=30 * number)
    return {
        "name": f"{_SUBJECTS[number % len(_SUBJECTS)]} ({contact['name']}, {number + 1})",
        "description": f"{_SUBJECTS[number % len(_SUBJECTS)]}. It began on {opened:%d %B}, and is the same since.",
        "status": status,
        "priority": company.random.choice(("URGENT", "HIGH", "NORMAL", "NORMAL", "LOW")),
        "ticket_type": ("incident", "question", "request")[number % 3],
        "assignees": [key("user", number % staff)],
        "assigned_teams": [key("team", number % len(_TEAMS))],
        "creator": key("user", (number + 1) % staff),
        "account": contact["account"],
        "contact": contact["remote_id"],
        "collections": [key("collection", (1, 2, 4, 5)[number % 4])],
        "parent_ticket": key("ticket", number - 1) if number % 10 == 1 else None,
        "attachments": [key("attachment", number // 5)] if number % 5 == 0 else [],
        "tags": sorted({_TAGS[number % len(_TAGS)], _TAGS[3 * number % len(_TAGS)]}),
        "due_date": after(hours=30 * number + 72),
        "completed_at": after(hours=30 * number + 48) if status == "CLOSED" else None,
        "remote_created_at": opened,
        "remote_updated_at": after(hours=30 * number + 48),
    }


def _comments(tickets: list[Record]) -> list[Record]:
    """A conversation on each ticket: the contact and the assignee in turns, one after the other."""
    return keyed(
        "comment",
        [
            {
                "ticket": ticket["remote_id"],
                "body": f"{said}",
                "html_body": f"<p>{said}</p>",
                "user": ticket["assignees"][0] if at % 2 == 0 else None,
                "contact": ticket["contact"] if at % 2 else None,
                "is_private": False,
                "remote_created_at": after(hours=30 * number + 2 + 3 * at),
            }
            for number, ticket in enumerate(tickets)
            for at, said in enumerate(_SAID[: 1 + number % len(_SAID)])
        ],
    )


def _attachments(tickets: list[Record]) -> list[Record]:
    with_files = [ticket for ticket in tickets if ticket["attachments"]]
    return keyed(
        "attachment",
        [
            {
                "file_name": f"log-{number + 1}.txt",
                "content_type": "text/plain",
                "ticket": ticket["remote_id"],
                "uploaded_by": ticket["creator"],
                "is_private": False,
                "remote_created_at": ticket["remote_created_at"],
            }
            for number, ticket in enumerate(with_files)
        ],
    )


def _viewers(staff: int) -> list[Record]:
    """Users and teams by turns see some tickets, and teams the collections."""
    tickets = [
        {
            "user": key("user", n % staff) if n % 2 == 0 else None,
            "team": key("team", n % len(_TEAMS)) if n % 2 else None,
            "ticket": key("ticket", n),
            "collection": None,
        }
        for n in range(12)
    ]
    collections = [
        {
            "user": None,
            "team": key("team", n % len(_TEAMS)),
            "ticket": None,
            "collection": key("collection", n),
        }
        for n in range(len(_PLACES))
    ]
    return keyed("viewer", [*tickets, *collections])
