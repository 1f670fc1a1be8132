"""The company whose systems the sandboxes are: its people, and who reports to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final, Self

from integrations.sandbox.data.records import BEGIN

DEPARTMENTS: Final = ("Engineering", "Support", "Sales", "People", "Finance")
_GIVEN: Final = tuple(
    """
    Ada Alan Barbara Claude Donald Dorothy Edsger Edith Emmy Evelyn Frances Grace Hedy Ida Jean John Karen Katherine
    Leslie Linus Lise Margaret Maria Mary Max Niklaus Niels Radia Rosalind Ruth Sophie Srinivasa Stephanie Tim Vera
    """.split()  # noqa: SIM905 - a list of quoted names would be five times as long
)
_FAMILY: Final = tuple(
    """
    Abbott Baker Carter Dietz Ekman Fischer Garcia Hansen Ivanova Jensen Keller Larsen Moreau Novak Okafor Petrov
    Quinn Rossi Santos Tanaka Ueda Varga Weber Xu Yilmaz Zimmer
    """.split()  # noqa: SIM905 - the same
)
_COMPANIES: Final = ("Alder & Birch", "Copper Kettle", "Harbour Lights", "Juniper Works", "Slate & Stone")
#: The head of the company, one of each department, one lead of each, and who works for these.
PEOPLE: Final = 36


@dataclass(frozen=True)
class Person:
    """Somebody who works there. manager: the number of another person, smaller than this one's; None at the top.

    monthly: what is paid a month.
    """

    number: int
    given: str
    family: str
    mail: str
    department: str
    title: str
    manager: int | None
    hired: date
    monthly: float

    @property
    def name(self) -> str:
        """Given name and family name."""
        return f"{self.given} {self.family}"


@dataclass(frozen=True)
class Company:
    """Its name, the domain of its addresses, and its people in the order in which they came."""

    name: str
    domain: str
    people: Sequence[Person]
    random: Random

    @classmethod
    def of(cls, seed: str) -> Self:
        """The company of a seed, always the same one."""
        random = Random(f"isthmus sandbox {seed}")  # noqa: S311 - the same again is wanted
        name = random.choice(_COMPANIES)
        domain = f"{name.lower().replace(' & ', '-').replace(' ', '-')}.example"
        names = [(given, family) for given in _GIVEN for family in _FAMILY]
        called = random.sample(names, PEOPLE)
        people = [
            _person(number, given, family, domain, random) for number, (given, family) in enumerate(called)
        ]
        return cls(name, domain, people, random)

    def of_department(self, *names: str) -> list[Person]:
        """The people of some departments."""
        return [person for person in self.people if person.department in names]


def _person(number: int, given: str, family: str, domain: str, random: Random) -> Person:
    department = DEPARTMENTS[(number - 1) % len(DEPARTMENTS)] if number else "Management"
    rank, manager = _place(number)
    return Person(
        number=number,
        given=given,
        family=family,
        mail=f"{given}.{family}@{domain}".lower(),
        department=department,
        title=rank if number == 0 else f"{rank}, {department}",
        manager=manager,
        hired=(BEGIN - timedelta(days=2000 - 40 * number)).date(),
        monthly={"Chief Executive": 12_000.0, "Head": 8_500.0, "Lead": 6_200.0}.get(rank)
        or 3_000.0 + 50 * random.randrange(30),
    )


def _place(number: int) -> tuple[str, int | None]:
    """What somebody is, and whose report: of the head of the same department, of its lead, or of the company's head."""
    if number == 0:
        return "Chief Executive", None
    if number <= len(DEPARTMENTS):
        return "Head", 0
    if number <= 2 * len(DEPARTMENTS):
        return "Lead", number - len(DEPARTMENTS)
    return "Specialist", len(DEPARTMENTS) + 1 + (number - 1) % len(DEPARTMENTS)
