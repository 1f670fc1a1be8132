"""What an account's scopes withhold is quoted nowhere: no page of the console, no command, no answer of the API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from tests.unified_api.admin.conftest import operator, owned, text, where
from tests.unified_api.admin.test_deciding import Night
from tests.unified_api.api.conftest import caller as calling
from tests.unified_api.commands.conftest import Call, call
from tests.unified_api.sync.bridge.conftest import Bridged, bridged, desks
from tests.unified_api.sync.bridge.test_over_rest import PREFIX, Caller, caller
from tests.unified_api.sync.bridge.test_plans import configure, field
from tests.unified_api.sync.bridge.test_scopes import disable, limit
from tests.unified_api.sync.conftest import no_broker, tenant
from unified_api.engine.values import Side
from unified_api.models.ticketing import Ticket
from unified_api.sync.models import Change
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan

__all__ = ["bridged", "call", "caller", "desks", "no_broker", "tenant"]  # fixtures
#: Values of side a alone: of an open conflict, of an edit that gave way, of what a plan would create, of a word that no
#: mapping knows, and of a record that does not map.
SECRETS = {"secret a", "early a", "planned a", "weird a", "aside a"}

#: It looks at 120 places three times over, which is far more than one test's share.
pytestmark = pytest.mark.timeout(1800)

#: The name of a ticket of side a alone, and what side b says in the conflict.
TITLE, OTHER = "Router a", "secret b"
#: What is disabled.
FIELDS = ("description", "status")
#: Where values are quoted, and what is said there.
Place = tuple[str, Callable[[], str]]


@pytest.fixture
def told(bridged: Bridged) -> Bridged:
    """A bridge of which everything that quotes values has some of description and status."""
    field(bridged, "description", winner="b", otherwise="b")
    bridged.a.edit("1", text="early a")
    bridged.b.edit("1", text="early b")
    bridged.round()
    field(bridged, "description", winner="ask")
    bridged.a.edit("1", text="secret a")
    bridged.b.edit("1", text=OTHER)
    bridged.round()
    configure(bridged, mode=Bridge.Mode.PLAN)
    bridged.a.add(title=TITLE, text="planned a", state="weird a", priority="p2")
    bridged.a.add(title={"odd": 1}, text="aside a")
    bridged.round()
    return bridged


def stored(rows: Any) -> list[Any]:
    """These rows."""
    with transaction.atomic():
        return list(rows)


def changes() -> list[Change]:
    """The entries of the log that say something of a field that will be disabled, or of a new record."""
    return [
        one for one in stored(Change.objects.all()) if one.kind == "created" or {*FIELDS} & one.fields.keys()
    ]


def of_console(told: Bridged) -> Iterator[Place]:
    """Every list and every row's page, the past of every ticket, and the bridge's document."""
    night = Night(operator("grace"), told.tenant)
    asked: list[tuple[str, dict[str, str]]] = [(f"sync/bridge/{told.bridge_id}/document/", {})]
    for model in owned():
        rows = stored(model._default_manager.all())
        asked += [(f"{where(model)}/", {})] if rows else []
        for row in rows if model._meta.app_label in {"sync", "ticketing"} else ():
            key = row.position if isinstance(row, Change) else row.pk
            asked.append((f"{where(model)}/{key}/change/", {}))
    for record, change in {one.record_id: one for one in changes()}.items():
        then = {"as_of": change.at.isoformat(), "why": FIELDS[0]}
        asked.append((f"sync/change/record/{record}/", then))
    for path, query in asked:
        yield f"console {path} {query}", partial(opened, night, path, query)


def opened(night: Night, path: str, query: dict[str, str]) -> str:
    """What a page of the console says."""
    page = night.get(path, **query)
    assert page.status_code == 200, path
    return text(page)


def of_api(told: Bridged, caller: Caller) -> Iterator[Place]:
    """The answers of the API."""
    bridge, asked = str(told.bridge_id), list[tuple[str, dict[str, str]]]()
    asked += [(path, {}) for path in ("changes", "conflicts", "bridges", "plans", "issues", "writes")]
    asked += [(f"bridges/{bridge}", {}), (f"bridges/{bridge}/document", {})]
    asked += [(path, {"bridge_id": bridge}) for path in ("pairs", "drift")]
    asked += [(f"pairs/{one.id}", {}) for one in stored(Pair.objects.all())]
    asked += [(f"plans/{one.id}/items", {}) for one in stored(Plan.objects.all())]
    for record in dict.fromkeys(str(one.record_id) for one in changes()):
        asked += [("history", {"record_id": record})]
        asked += [("why", {"record_id": record, "field": name}) for name in FIELDS]
    asked += [(f"records/{one.record_id}", {"as_of": one.at.isoformat()}) for one in changes()]
    for path, query in asked:
        yield f"api {path} {query}", partial(answered, caller, path, query)


def answered(caller: Caller, path: str, query: dict[str, str]) -> str:
    """Whatever the API answers."""
    answer = Context().run(calling().get, f"{PREFIX}/{path}", query, headers=caller.headers)
    return answer.content.decode()


def of_commands(told: Bridged, call: Call) -> Iterator[Place]:
    """What commands print, for people and for programs."""
    bridge, tenant = str(told.bridge_id), ("--tenant", str(told.tenant))
    asked: list[tuple[str, ...]] = [("bridge", verb, bridge) for verb in ("status", "plan", "document")]
    asked.append(("bridge", "run", bridge, "--dry-run"))
    for record in dict.fromkeys(str(one.record_id) for one in changes()):
        asked += [("history", record, *tenant), ("bridge", "why", record, *tenant)]
    asked += [(*words, "--json") for words in asked if words[0] == "bridge"]
    asked += [("history", str(one.record_id), *tenant, "--as-of", one.at.isoformat()) for one in changes()]
    for words in asked:
        yield " ".join(words), partial(printed, call, *words)


def printed(call: Call, *words: str) -> str:
    """What a command prints."""
    return call(*words).out


def kind(place: str) -> str:
    """A place without the ids and times in it: one of each kind tells of all."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d[\d:.+T-]*", "", place)


def test_what_is_withheld_is_quoted_nowhere(told: Bridged, caller: Caller, call: Call) -> None:
    """Disabled at one side, a field is gone from everything that quotes it; of a model that may not be read all is."""
    everywhere = dict([*of_console(told), *of_api(told, caller), *of_commands(told, call)])

    def quoted(places: Iterable[str], sought: Iterable[str]) -> dict[str, set[str]]:
        said = {place: everywhere[place]() for place in places}
        return {one: {place for place, words in said.items() if one in words} for one in sought}

    before = quoted(everywhere, [*SECRETS, TITLE])
    with transaction.atomic():
        own = f"console ticketing/ticket/{Ticket.objects.get(description=OTHER).id}/change/ {{}}"
    places = {own, *(one for seen in before.values() for one in {kind(one): one for one in seen}.values())}
    disable(told, Side.A, *FIELDS)
    disabled = quoted(places, [*SECRETS, TITLE, OTHER])
    limit(told, Side.A, reads=False)
    unread = quoted(places, [*SECRETS, TITLE, OTHER])

    assert all(before.values())
    assert {one for one in SECRETS if disabled[one]} == set()
    assert disabled[TITLE]
    assert {one for one in (*SECRETS, TITLE) if unread[one]} == set()
    assert own in disabled[OTHER] & unread[OTHER]
