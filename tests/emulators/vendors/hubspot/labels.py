"""What associations of two kinds can be: the vendor's numbers for them, and labels that somebody has made."""

from __future__ import annotations

from typing import Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.hubspot.common import VESSELS, kind_of, may_see, refusal
from tests.emulators.world import Record, World

on: Final = Routes()
_LABELS: Final = "/crm/v4/associations/{fromObjectType}/{toObjectType}/labels"
#: Of what was done: with contacts, companies and deals.
_NUMBERS: Final = {
    "notes": (202, 190, 214),
    "tasks": (204, 192, 216),
    "calls": (194, 182, 206),
    "meetings": (200, 188, 212),
}
#: By kinds: the type that says nothing more, and the one of a record's first.
PLAIN: Final = {
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("deals", "companies"): 341,
    ("companies", "deals"): 342,
    ("deals", "contacts"): 3,
    ("contacts", "deals"): 4,
    **{
        pair: number
        for kind, numbers in _NUMBERS.items()
        for other, there in zip(("contacts", "companies", "deals"), numbers, strict=True)
        for pair, number in (((kind, other), there), ((other, kind), there - 1))
    },
    ("leads", "contacts"): 608,
    ("contacts", "leads"): 607,
    ("leads", "companies"): 610,
    ("companies", "leads"): 609,
    # No document at hand has these two numbers: they are the emulator's own.
    ("leads", "deals"): 9_001,
    ("deals", "leads"): 9_002,
    # Those of a kind of the company's own are the account's own.
    **{
        pair: 36 + 2 * place + turned
        for place, other in enumerate(("contacts", "companies", "deals"))
        for turned, pair in enumerate(((VESSELS, other), (other, VESSELS)))
    },
    (VESSELS, VESSELS): 42,
}
FIRST: Final = {("contacts", "companies"): 1, ("deals", "companies"): 5, ("leads", "contacts"): 578}


def add_label(world: World, kind: str, other: str, name: str, label: str, inverse: str = "") -> Record:
    """A kind of associations that somebody makes, with a number in either direction."""
    number = 2 * world.next_id("label")
    ends = {"from": kind, "to": other, "label": label}
    return world.add(
        "label",
        {"id": str(number), **ends, "name": name, "typeId": number, "inverse": inverse or label},
    )


def labels(world: World, kind: str, other: str) -> list[Record]:
    """What associations of two kinds can be, in this direction; of a pair of numbers, both have the label's row."""
    pair, found = (kind, other), []
    for known, label in ((PLAIN, None), (FIRST, "Primary")):
        if pair in known:
            category = "USER_DEFINED" if VESSELS in pair else "HUBSPOT_DEFINED"
            found.append({"category": category, "typeId": known[pair], "label": label})
    for one in world.rows("label"):
        for turned, (ends, label) in enumerate(
            (((one["from"], one["to"]), one["label"]), ((one["to"], one["from"]), one["inverse"]))
        ):
            if ends == pair:
                told = {"typeId": one["typeId"] + turned, "label": label, "pair": (one["typeId"], turned)}
                found.append({"category": "USER_DEFINED", **told})
    return found


def spec(told: Record) -> Record:
    """A type as it is shown."""
    label = {"label": told["label"]} if told["label"] else {}
    return {"category": told["category"], "typeId": told["typeId"], **label}


@on("GET", _LABELS)
def list_labels(world: World, request: Request) -> Answer:
    """What associations of two kinds can be."""
    kind, other = kind_of(world, request, "fromObjectType"), kind_of(world, request, "toObjectType")
    may_see(world, other)
    return Answer(200, {"results": [spec(one) for one in labels(world, kind, other)]})


@on("POST", _LABELS)
def make_label(world: World, request: Request) -> Answer:
    """One more, in both directions."""
    kind, other = kind_of(world, request, "fromObjectType"), kind_of(world, request, "toObjectType")
    body = request.body
    if any(one["name"] == body["name"] for one in world.rows("label")):
        raise refusal(400, "VALIDATION_ERROR", f"the name {body['name']} is taken")
    made = add_label(world, kind, other, body["name"], body["label"], body.get("inverseLabel", ""))
    both = [
        {"category": "USER_DEFINED", "typeId": made["typeId"] + turned, "label": made[word]}
        for turned, word in enumerate(("label", "inverse"))
    ]
    return Answer(200, {"results": both})
