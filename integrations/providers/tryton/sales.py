"""Opportunities: what Tryton calls so once somebody has accepted the lead as which each begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from integrations.kit.endpoints import DELETE, GET, PUT, Api
from integrations.kit.errors import Gone, Unwritable
from integrations.kit.lenses import at, compute, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import State, Turn
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.kit.steps import owed
from integrations.providers.tryton.asking import found, of_model
from integrations.providers.tryton.parties import CATEGORIES, is_person, told_again
from integrations.providers.tryton.tagged import AmountLens, day_of, when
from unified_api.models.crm import Account, Contact, Opportunity, Stage

SALE: Final = "sale.opportunity"
ONE: Final = f"/{SALE}/{{remote_id}}"
OF_PARTY: Final = ("party.name", f"party.{CATEGORIES}")
LEAD, ACCEPTED, LOST, CANCELLED = "lead", "opportunity", "lost", "cancelled"
#: Whether the party is a company or a person, it has one name.
QUOTES: Final = {
    "party": told_again(Account, name="name"),
    "party.name": told_again(Contact, first_name="", last_name=""),
}
_RUNNING: Final = (LEAD, ACCEPTED)
_STATUS: Final = {ACCEPTED: "OPEN", "converted": "OPEN", "won": "WON", LOST: "LOST"}
#: Actions behind which a lost one is open again, and requests that a change makes at the most.
_REOPENED: Final = ("lead", "opportunity")
_CALLS: Final = 4


@dataclass(frozen=True)
class AtOnce:
    """All in one answer."""

    def params(self, _state: State | None) -> dict[str, str]:
        """None."""
        return {}

    def next(self, _state: State | None, _turn: Turn) -> State | None:
        """The end."""
        return None


def customer(api: Api, party: Any) -> dict[str, Any]:
    """The party as account, or as contact if it is a person."""
    who = str(party["id"]) if party else None
    person = bool(party) and is_person(api, party)
    return {"account": None if person else who, "person_party": who if person else None}


def make(api: Api, said: dict[str, Any]) -> str:
    """A new one, which is a lead, in the company and the currency that are the account's; its number."""
    company = int(api.settings["company"])
    there = found(api, "company.company", [["id", "=", company]], "currency")
    if not there:
        raise Gone(f"there is no company {company} there, which the account was linked with")
    told = {"company": company, "currency": there[0]["currency"], **said}
    return str(api.send("POST", f"/{SALE}", told)["id"])


def act(api: Api, remote_id: str, action: str) -> None:
    """Have it take one of the steps that Tryton allows in its state."""
    api.send("POST", f"/{SALE}/{int(remote_id)}/{action}", {})


def remove(api: Api, remote_id: str, _said: dict[str, Any], current: Any) -> None:
    """A delete: what is still running has to be cancelled first, and for any other Tryton says what it wants."""
    if current["state"] in _RUNNING:
        act(api, remote_id, "cancel")
    api.send("DELETE", f"/{SALE}/{int(remote_id)}", repeatable=True)


def _make(api: Api, said: dict[str, Any]) -> str:
    made = make(api, said)
    with owed(made):
        act(api, made, ACCEPTED)
    return made


def _complete(api: Api, remote_id: str, _said: dict[str, Any]) -> None:
    there = next(iter(found(api, SALE, [["id", "=", int(remote_id)]], "state")), None)
    if there is None:
        raise Gone("the lead is not there any more", request=f"GET /{SALE}/{remote_id}")
    if there["state"] == LEAD:
        act(api, remote_id, ACCEPTED)


def _change(api: Api, remote_id: str, said: dict[str, Any], _current: Any) -> None:
    """Fields can only be changed while it is open: it is opened before, and closed behind."""
    status = said.pop("status", None)
    steps: list[tuple[str, str, Any]] = (
        [("POST", f"/{one}", {}) for one in _REOPENED] if status == "OPEN" else []
    )
    steps += [("PUT", "", said)] if said else []
    steps += [("POST", "/lost", {})] if status == "LOST" else []
    for number, (method, where, body) in enumerate(steps):
        path = f"/{SALE}/{int(remote_id)}{where}"
        if number == 0:
            api.send(method, path, body)
            continue
        with owed(remote_id):
            api.send(method, path, body)


def _write_status(word: Any, _current: Any) -> dict[str, Any]:
    if word == "WON":
        raise Unwritable("is won there when its sale is confirmed, and not otherwise")
    return {"status": word}


def _shown(api: Api, sales: list[Any]) -> list[Any]:
    return [
        {**one, **customer(api, one["party"]), "status": _STATUS.get(one["state"], one["state"])}
        for one in sales
    ]


def _gone(sale: Any) -> bool:
    """Whether nobody has accepted it yet, or it was cancelled, as is done before one is deleted."""
    return dig(sale, "state") in (LEAD, CANCELLED)


def _stages(_api: Api, told: list[Any]) -> list[Any]:
    return [{"id": state, "name": label} for state, label in told if state in _STATUS]


stages = Resource(
    mapping=Mapping(Stage, name=at("name", read_only=True)),
    list=GET(
        f"/{SALE}/fields_get",
        items="state.selection",
        paging=AtOnce(),
        body=lambda _: {"fields_names": ["state"]},
        then=_stages,
    ),
    frequency=3_600.0,
)
opportunities = of_model(
    Mapping(
        Opportunity,
        gone=compute(_gone),
        name="description",
        description="comment",
        amount=AmountLens(path="amount"),
        owner=ref("employee", whole=True),
        account=ref("account", to="party", whole=True),
        stage=ref("state", read_only=True),
        status=compute(
            lambda sale: dig(sale, "status"), _write_status, words=("OPEN", "LOST"), after_create=True
        ),
        lost_reason="lost_reason",
        close_date=day_of("end_date"),
        remote_created_at=when("create_date", read_only=True),
    ),
    SALE,
    (*OF_PARTY, "employee", "state", "amount", "description", "comment", "lost_reason", "end_date"),
    ("party.",),
    _shown,
    create=_make,
    create_calls=3,
    complete=_complete,
    update=PUT(ONE, send=_change, calls=_CALLS),
    delete=DELETE(ONE, send=remove, calls=2),
    recognise=("name", "account"),
    required=("owner",),
    quotes=QUOTES,
)
