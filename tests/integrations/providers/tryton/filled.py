"""What a Tryton holds that the adapter is tried against; made as its own people would, without the adapter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from demo.servers import Tryton

PERSON = "Person"


@dataclass
class Filled:
    """Numbers of what was made. mark: stands in names and addresses, so that other tests do not meet them."""

    tryton: Tryton
    mark: str
    company: str
    parties: list[int]
    employees: list[int]
    work: int

    @classmethod
    def little(cls, tryton: Tryton, mark: str) -> Self:
        """The category of people, an account, an employee, and a work to spend time on."""
        made = cls(tryton, mark, tryton.company, [], [], 0)
        made.category()
        made.parties = [made.party(f"Company 0 {mark}", f"office0-{mark}")]
        made.employees = [made.employee(f"Worker 0{mark}", f"worker0-{mark}")]
        made.work = made.make("timesheet.work", name=f"Work {mark}", company=int(made.company))
        return made

    @classmethod
    def of(cls, tryton: Tryton, mark: str) -> Self:
        """Two accounts, two contacts, three employees, two leads, two opportunities and two lines of time."""
        made = cls.little(tryton, mark)
        made.country()
        made.parties.append(made.party(f"Company 1 {mark}", f"office1-{mark}"))
        for number, name in enumerate([f"Grace Hopper{mark}", f"de la Cruz{mark}, Maria"]):
            made.person(name, f"person{number}-{mark}")
        made.employees += [made.employee(f"Worker {n}{mark}", f"worker{n}-{mark}") for n in (1, 2)]
        for number in range(2):
            made.lead(party=made.parties[number])
            made.accepted(made.parties[number])
            made.spent(hours=number + 1)
        return made

    def make(self, model: str, **values: Any) -> int:
        """A record; its number."""
        return int(self.tryton.rest("POST", model, values)["id"])

    def act(self, model: str, number: int, action: str) -> None:
        """An action of a record."""
        self.tryton.rest("POST", f"{model}/{number}/{action}", {})

    def change(self, model: str, number: int, **values: Any) -> None:
        """Other values."""
        self.tryton.rest("PUT", f"{model}/{number}", values)

    def category(self) -> int:
        """That of people."""
        there = self.tryton.rest("GET", "party.category", f="name")
        known = [int(one["id"]) for one in there if one["name"] == PERSON]
        return known[0] if known else self.make("party.category", name=PERSON)

    def country(self) -> None:
        """Switzerland, with one of its cantons."""
        if not self.tryton.rest("GET", "country.country"):
            swiss = self.make("country.country", name="Switzerland", code="CH")
            self.make("country.subdivision", name="Bern", code="CH-BE", type="canton", country=swiss)

    def party(self, name: str, address: str, **more: Any) -> int:
        """A party that is reached by an e-mail address."""
        mail = {"type": "email", "value": f"{address}@example.com"}
        return self.make("party.party", name=name, contact_mechanisms=[["create", [mail]]], **more)

    def person(self, name: str, address: str) -> int:
        """A party that is a person."""
        return self.party(name, address, categories=[["add", [self.category()]]])

    def employee(self, name: str, address: str) -> int:
        """An employee since January."""
        begun = {"__class__": "date", "year": 2026, "month": 1, "day": 1}
        party = self.party(name, address)
        return self.make("company.employee", party=party, company=int(self.company), start_date=begun)

    def lead(self, **values: Any) -> int:
        """A lead in euros."""
        return self.make("sale.opportunity", company=int(self.company), currency=1, **values)

    def accepted(self, party: int) -> int:
        """An opportunity: a lead that somebody has accepted."""
        amount = {"__class__": "Decimal", "decimal": "99.50"}
        told = {"employee": self.employees[0], "description": f"Deal {self.mark}", "amount": amount}
        made = self.lead(party=party, **told)
        self.act("sale.opportunity", made, "opportunity")
        return made

    def spent(self, hours: int) -> int:
        """A line of time."""
        day = {"__class__": "date", "year": 2026, "month": 2, "day": hours}
        spent = {"__class__": "timedelta", "seconds": hours * 3_600}
        named = {"work": self.work, "employee": self.employees[0], "company": int(self.company)}
        return self.make("timesheet.line", date=day, duration=spent, **named)

    def won(self, opportunity: int, amount: str) -> None:
        """Somebody converts an opportunity, and confirms the sale that it becomes, at this amount."""
        self.act("sale.opportunity", opportunity, "convert")
        told = {"f": ["sales", "party.addresses"]}
        there = self.tryton.rest("GET", f"sale.opportunity/{opportunity}", **told)
        [sale], addresses = there["sales"], there["party"]["addresses"]
        at = addresses[0] if addresses else self.make("party.address", party=there["party"]["id"])
        line = {"description": "Looms", "quantity": 1}
        price = {"unit_price": {"__class__": "Decimal", "decimal": amount}}
        self.change("sale.sale", sale, lines=[["create", [{**line, **price}]]])
        self.change("sale.sale", sale, invoice_address=at, shipment_address=at)
        for step in ("quote", "confirm"):
            self.act("sale.sale", sale, step)
