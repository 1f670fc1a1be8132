"""Pages on which an operator decides: plans, pairs, conflicts, and the history of a record."""

from __future__ import annotations

import html
import re
from contextvars import Context
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tenants.models import AuditEvent
from tests.unified_api.admin.conftest import Operator, operator, text
from tests.unified_api.sync.bridge.conftest import Bridged, bridged, desks
from tests.unified_api.sync.bridge.test_plans import configure, field
from tests.unified_api.sync.bridge.test_scopes import disable
from tests.unified_api.sync.conftest import no_broker, tenant
from unified_api.engine.values import Side
from unified_api.sync.models_bridge import Bridge, Conflict, Pair
from unified_api.sync.models_plan import Plan, PlanItem

__all__ = ["bridged", "desks", "no_broker", "tenant"]  # fixtures
SCRIPT = "<script>alert('night')</script>"


class Night:
    """An operator at night, who is in no tenant's scope but by choosing one."""

    def __init__(self, person: Operator, tenant_id: Any) -> None:
        self.person = person
        assert self.post(f"tenant/{tenant_id}/enter/").status_code == 302

    def get(self, path: str, **query: Any) -> HttpResponse:
        """Open a page."""
        return Context().run(self.person.get, path, **query)

    def post(self, path: str, **form: Any) -> HttpResponse:
        """Send a form."""
        return Context().run(self.person.post, path, **form)

    def says(self, path: str, **query: Any) -> str:
        """What a page says, without its markup."""
        page = self.get(path, **query)
        assert page.status_code == 200, page
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text(page))).split())

    def told(self, path: str) -> str:
        """The sentence that a deed left on the page to which it led."""
        found = re.search(r'<ul class="messagelist">(.*?)</ul>', text(self.get(path)), re.DOTALL)
        assert found is not None
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[1])).split())


@pytest.fixture
def night(desks: Bridged) -> Night:
    """Grace, who has chosen the tenant whose desks are bridged."""
    return Night(operator("grace"), desks.tenant)


def planned(desks: Bridged, *titles: str) -> Plan:
    """A plan that would create tickets with these titles at side b."""
    for title in titles:
        desks.a.add(title=title, text="It is on fire", state="open", priority="p2")
    desks.join()
    configure(desks, mode=Bridge.Mode.PLAN)
    desks.round()
    with transaction.atomic():
        plan: Plan = Plan.objects.get()
    return plan


def contested(bridged: Bridged, a: str = "Printer A", b: str = "Printer B") -> Conflict:
    """A conflict about the title of the one ticket."""
    field(bridged, "name", winner="ask")
    bridged.a.tables["tickets"]["1"]["title"] = a
    bridged.b.tables["tickets"]["1"]["title"] = b
    bridged.round()
    with transaction.atomic():
        conflict: Conflict = Conflict.objects.get()
    return conflict


def one(model: Any) -> Any:
    """The one row of a model."""
    with transaction.atomic():
        return model.objects.get()


def one_of(conflict_id: Any) -> Conflict:
    """A conflict as it stands."""
    with transaction.atomic():
        found: Conflict = Conflict.objects.get(id=conflict_id)
    return found


def trail(action: str) -> list[tuple[str, str]]:
    """Who did this, as the audit trail has it."""
    with transaction.atomic():
        events = AuditEvent.objects.filter(action=action)
        return [(event.actor_kind, event.actor) for event in events]


# --- plans ------------------------------------------------------------------------------------------------


def test_a_plan_shows_what_it_would_do_and_costs(desks: Bridged, night: Night) -> None:
    """Totals, calls, and by item the action, the records' names, and each field with what was and what comes."""
    plan = planned(desks, "Printer")
    page = night.says(f"sync/plan/{plan.id}/change/")

    assert "1 create" in page
    assert "2 calls" in page
    assert re.search(r"create b: customer-1 at plain a: Printer \(1\)", page)
    assert re.search(r"name empty Printer new record", page)
    assert plan.hash in page


def test_a_plan_is_approved_by_the_hash_that_was_shown(desks: Bridged, night: Night) -> None:
    """Asked again first; then it is executed as shown, and the audit trail has who said so."""
    plan = planned(desks, "Printer")
    form = {"hash": plan.hash}
    asked = night.post(f"sync/plan/{plan.id}/do/approve/", **form)
    assert "Yes, do it" in text(asked)
    assert plan.hash in text(asked)
    assert one(Plan).state == Plan.State.OPEN

    night.post(f"sync/plan/{plan.id}/do/approve/", **form, confirmed="yes")
    assert night.told(f"sync/plan/{plan.id}/change/") == "Approve this plan: done."
    desks.round()
    assert desks.both("title")[1] == ["Printer"]
    assert trail("plan.approved") == [("operator", "grace")]
    assert "do/approve" not in text(night.get(f"sync/plan/{plan.id}/change/"))


def test_a_plan_that_changed_is_not_approved(desks: Bridged, night: Night) -> None:
    """Neither with the hash of another page, nor when its items are not those that were shown."""
    plan = planned(desks, "Printer")
    place = f"sync/plan/{plan.id}/do/approve/"
    night.post(place, hash="seen elsewhere", confirmed="yes")
    assert "What was approved is not this plan" in night.told(f"sync/plan/{plan.id}/change/")
    with transaction.atomic():
        PlanItem.objects.update(digest="another")
    night.post(place, hash=plan.hash, confirmed="yes")

    assert "are not those that were shown" in night.told(f"sync/plan/{plan.id}/change/")
    assert one(Plan).state == Plan.State.OPEN
    assert trail("plan.approved") == []


def test_a_plan_is_refused_with_a_reason(desks: Bridged, night: Night) -> None:
    """Nothing of it is written, and the reason stands on its page."""
    plan = planned(desks, "Printer")
    night.post(f"sync/plan/{plan.id}/do/refuse/", reason="Not on a Friday", confirmed="yes")
    desks.round()

    assert "refused: Not on a Friday" in night.says(f"sync/plan/{plan.id}/change/")
    assert desks.both("title")[1] == []
    assert trail("plan.refused") == [("operator", "grace")]


def test_a_long_plan_is_read_in_pages_with_as_many_queries_as_a_short_one(
    desks: Bridged, night: Night
) -> None:
    """Items come fifty at a time, by action where that is asked for; names are looked up at once."""
    plan = planned(desks, "Printer")
    path = f"sync/plan/{plan.id}/change/"
    short = queries(night, path)
    with transaction.atomic():
        item = PlanItem.objects.get()
        more = [
            {**{f.name: getattr(item, f.name) for f in PlanItem._meta.fields}, "id": None} for _ in range(60)
        ]
        for ordinal, values in enumerate(more, start=1):
            PlanItem.objects.create(**{k: v for k, v in values.items() if k != "id"} | {"ordinal": ordinal})

    assert queries(night, path) == short
    assert "Page 1 of 2, 61 items" in night.says(path)
    assert "Page 2 of 2" in night.says(path, p="2")
    assert "No items." in night.says(path, action="delete")


def queries(night: Night, path: str) -> int:
    """How many queries a page takes."""
    with CaptureQueriesContext(connection) as captured:
        assert night.get(path).status_code == 200
    return len(captured)


# --- pairs ------------------------------------------------------------------------------------------------


def test_a_pair_shows_both_records_field_by_field(bridged: Bridged, night: Night) -> None:
    """What either side says, what was agreed, what is equal; with ways to both histories."""
    pair = one(Pair)
    page = night.says(f"sync/pair/{pair.id}/change/")

    assert "a: customer-1 at stub Printer (1) history" in page
    assert "name Printer Printer Printer Printer equal" in page
    shown = text(night.get(f"sync/pair/{pair.id}/change/"))
    for record in (pair.record_a, pair.record_b):
        assert f"/admin/sync/change/record/{record}/" in shown


def test_a_pair_shows_what_moved_and_what_is_wrong(bridged: Bridged, night: Night) -> None:
    """An edit that is not carried yet, a conflict that waits, and a problem stand beside their fields."""
    contested(bridged)
    bridged.a.tables["tickets"]["1"]["text"] = "It is out"
    bridged.read()
    pair = one(Pair)
    with transaction.atomic():
        Pair.objects.update(
            problems=[{"kind": "unmapped", "side": "a", "field": "status", "value": "x", "reason": "no word"}]
        )
    page = night.says(f"sync/pair/{pair.id}/change/")

    assert "description It is out It is on fire It is on fire It is on fire moved at a" in page
    assert "moved at a and b, a conflict waits" in page
    assert "unmapped at a: no word" in page


def test_a_pair_is_paused_and_resumed(bridged: Bridged, night: Night) -> None:
    """Each asked again, each on record; while it is paused an edit stays where it is."""
    pair = one(Pair)
    assert "left alone" in text(night.post(f"sync/pair/{pair.id}/do/pause/"))
    night.post(f"sync/pair/{pair.id}/do/pause/", confirmed="yes")
    bridged.a.tables["tickets"]["1"]["title"] = "Scanner"
    bridged.round()
    assert bridged.both("title")[1] == ["Printer"]
    assert "by operator grace" in night.says(f"sync/pair/{pair.id}/change/")

    night.post(f"sync/pair/{pair.id}/do/resume/", confirmed="yes")
    bridged.round()
    assert bridged.both("title")[1] == ["Scanner"]
    assert trail("pair.paused") == trail("pair.resumed") == [("operator", "grace")]


# --- conflicts --------------------------------------------------------------------------------------------


def test_a_conflict_shows_both_values_and_is_decided(bridged: Bridged, night: Night) -> None:
    """Both values, what was agreed and when each was edited; what is decided is written, and on record."""
    conflict = contested(bridged)
    path = f"sync/conflict/{conflict.id}/change/"
    assert " Printer A name open " in night.says("sync/conflict/")
    assert "customer-1 at stub customer-1 at plain" in night.says("sync/bridge/")
    page = night.says(path)
    assert re.search(r"a: customer-1 at stub Printer A \(1\) history Printer A Printer \d{4}-", page)
    found_there = r"\d{4}-\S+ \S+ UTC people or programs there \(pull\)"
    assert re.search(rf"b: customer-1 at plain Printer B \(1\) history Printer B Printer {found_there}", page)

    assert "who edits one of them meanwhile asks anew" in text(
        night.post(f"sync/conflict/{conflict.id}/do/take-b/")
    )
    night.post(f"sync/conflict/{conflict.id}/do/take-b/", confirmed="yes")
    bridged.round()
    assert bridged.both("title") == (["Printer B"], ["Printer B"])
    assert "resolved: b, by operator grace" in night.says(path)
    assert trail("conflict.resolved") == [("operator", "grace")]


def test_where_neither_is_right_a_third_value_is_given(bridged: Bridged, night: Night) -> None:
    """It is written at one side by the journal, stands in the conflict then, and prevails when that is said."""
    conflict = contested(bridged)
    path = f"sync/conflict/{conflict.id}"
    assert "this conflict shows it" in text(night.post(f"{path}/do/give-b/", value="Printer C"))
    night.post(f"{path}/do/give-b/", value="Printer C", confirmed="yes")
    bridged.work_once(["write"])
    bridged.round()
    assert bridged.both("title") == (["Printer A"], ["Printer C"])
    shown = one(Conflict)
    assert (shown.state, shown.value_a, shown.value_b) == (Conflict.State.OPEN, "Printer A", "Printer C")
    assert "by operator grace (write" in night.says(f"sync/change/record/{one(Pair).record_b}/")

    night.post(f"{path}/do/take-b/", confirmed="yes")
    bridged.round()
    assert bridged.both("title") == (["Printer C"], ["Printer C"])
    assert trail("conflict.value_given") == [("operator", "grace")]
    night.post(f"{path}/do/give-a/", value="too late", confirmed="yes")
    assert "nothing is left to say" in night.told(f"{path}/change/")


def test_a_conflict_is_not_decided_twice(bridged: Bridged, night: Night) -> None:
    """From a page that was left open: the sentence says what became of it."""
    conflict = contested(bridged)
    night.post(f"sync/conflict/{conflict.id}/do/take-a/", confirmed="yes")
    night.post(f"sync/conflict/{conflict.id}/do/take-b/", confirmed="yes")

    assert "This conflict is resolved since" in night.told(f"sync/conflict/{conflict.id}/change/")
    assert one(Conflict).resolution == "a"


def test_all_conflicts_of_a_field_are_decided_alike(desks: Bridged, night: Night) -> None:
    """By rule, from the page of one of them; or some that are ticked in the list."""
    for title in ("Printer", "Scanner", "Copier"):
        desks.a.add(title=title, text="It is on fire", state="open", priority="p2")
    desks.join()
    desks.round()
    field(desks, "description", winner="ask")
    for desk, told in ((desks.a, "a says"), (desks.b, "b says")):
        for ticket in desk.tables["tickets"].values():
            ticket["text"] = told
    desks.round()
    with transaction.atomic():
        first, second, third = Conflict.objects.all()
    page = night.says(f"sync/conflict/{first.id}/change/")
    assert "3 open of this field" in page

    ticked = {"action": "take_b", "_selected_action": [str(first.id)]}
    assert "Side b prevails?" in text(night.post("sync/conflict/", **ticked))
    assert one_of(first.id).state == Conflict.State.OPEN
    night.post("sync/conflict/", **ticked, confirmed="yes")
    night.post(f"sync/conflict/{second.id}/do/all-a/", confirmed="yes")
    with transaction.atomic():
        said = {c.id: c.resolution for c in Conflict.objects.all()}
    assert said == {first.id: "b", second.id: "a", third.id: "a"}


# --- history ----------------------------------------------------------------------------------------------


def test_the_history_of_a_record_is_told_in_words(bridged: Bridged, night: Night) -> None:
    """Newest first, with who was behind each entry and why; as of any time; and why a value is what it is."""
    bridged.a.tables["tickets"]["1"]["title"] = "Scanner"
    bridged.round()
    pair = one(Pair)
    path = f"sync/change/record/{pair.record_b}/"
    page = night.says(path)
    assert re.search(rf"updated by bridge {bridged.bridge_id} \(write .*\) name Printer Scanner moved", page)
    assert page.index("Scanner moved") < page.index("created by bridge")

    created = re.search(r"(\d{4}-\S+Z) created by", page)
    assert created is not None
    then = night.says(path, as_of=created[1])
    assert "Then: present." in then
    assert "name Scanner Printer why history" in then
    assert "an ISO 8601 date-time is expected" in night.says(path, as_of="yesterday")
    why = night.says(path, why="name")
    assert "name is 'Scanner' since" in why
    assert "carrying 'Scanner' of Ticket 1 of customer-1 at stub" in why
    assert "status" not in night.says(path, field="name").partition("What happened")[2]


def test_history_is_read_in_pages(bridged: Bridged, night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older entries are on the next page; a record that nobody knows is 404."""
    monkeypatch.setattr("unified_api.admin.history.AT_ONCE", 1)
    bridged.a.tables["tickets"]["1"]["title"] = "Scanner"
    bridged.round()
    path = f"sync/change/record/{one(Pair).record_a}/"
    older = re.search(r"\?before=(\d+)", text(night.get(path)))
    assert older is not None

    assert "created" not in night.says(path).partition("What happened")[2]
    assert "created" in night.says(path, before=older[1]).partition("What happened")[2]
    assert night.get("sync/change/record/00000000-0000-0000-0000-000000000000/").status_code == 404


# --- all of them ------------------------------------------------------------------------------------------


def test_what_a_customer_typed_is_only_text(bridged: Bridged, night: Night) -> None:
    """A script in a title is shown as it was typed, on every page that shows titles, and never as a script."""
    conflict = contested(bridged, a=SCRIPT, b="Printer B")
    plan_of = bridged.a.add(title=f"New {SCRIPT}", text="x", state="open", priority="p2")
    configure(bridged, mode=Bridge.Mode.PLAN)
    bridged.round()
    pair = next(p for p in bridged.pairs() if p.id == conflict.pair_id)
    plan = one(Plan)
    assert plan_of
    for path in (
        f"sync/conflict/{conflict.id}/change/",
        f"sync/pair/{pair.id}/change/",
        f"sync/plan/{plan.id}/change/",
        f"sync/change/record/{pair.record_a}/",
        f"sync/change/record/{pair.record_a}/?why=name",
    ):
        page = text(night.get(path))
        assert SCRIPT not in page, path
        assert html.escape(SCRIPT) in page, path


def test_what_is_said_of_a_sensitive_field_is_hidden(bridged: Bridged, night: Night) -> None:
    """Neither list nor page of a conflict shows its values, nor do the columns of a pair with such a problem."""
    conflict = contested(bridged)
    told = {"kind": "refused", "side": "a", "field": "ssn", "value": "123-45", "reason": "no"}
    with transaction.atomic():
        Conflict.objects.update(field="ssn", value_a="123-45", value_b="543-21")
        Pair.objects.update(problems=[told])
    pages = (
        "sync/conflict/",
        f"sync/conflict/{conflict.id}/change/",
        f"sync/pair/{conflict.pair_id}/change/",
    )
    for path in pages:
        page = night.says(path)
        assert "(hidden)" in page, path
        assert "123-45" not in page, path


def test_what_a_pair_remembers_of_a_disabled_field_is_hidden(bridged: Bridged, night: Night) -> None:
    """A write of the field is unsettled when the field is disabled: the pair's page does not tell what was sent."""
    with transaction.atomic():
        move = {
            "field": "description",
            "source": "On fire",
            "value": "On fire",
            "rule": "moved",
            "overrules": False,
        }
        Pair.objects.update(memory={"sent": {"to": "b", "moves": [move], "owed": [], "left": {}}})
    path = f"sync/pair/{one(Pair).id}/change/"
    assert "On fire" in night.says(path)
    disable(bridged, Side.A, "description")
    page = night.says(path)
    assert "(hidden)" in page
    assert "On fire" not in page


def test_deciding_needs_the_right_and_a_form_of_ours(bridged: Bridged, night: Night) -> None:
    """Who may only look is offered nothing and refused; a link does nothing; another site's form is refused."""
    conflict, place = contested(bridged), "sync/conflict/{}/do/take-a/"
    viewer = operator("viewer", is_superuser=False)
    rights = Permission.objects.filter(codename__in=["view_tenant", "view_conflict"])
    User.objects.get(username="viewer").user_permissions.set(rights)
    looking = Night(viewer, bridged.tenant)
    assert "do/take-a" in text(night.get(f"sync/conflict/{conflict.id}/change/"))
    assert "do/take-a" not in text(looking.get(f"sync/conflict/{conflict.id}/change/"))
    assert looking.post(place.format(conflict.id), confirmed="yes").status_code == 403
    assert looking.get(f"sync/change/record/{one(Pair).record_a}/").status_code == 403

    assert night.get(place.format(conflict.id)).status_code == 405
    assert night.post(f"sync/conflict/{conflict.id}/do/nonsense/").status_code == 404
    stranger = Client(enforce_csrf_checks=True)
    stranger.force_login(User.objects.get(username="grace"))
    forged = Context().run(stranger.post, f"/admin/{place.format(conflict.id)}", {"confirmed": "yes"})
    assert forged.status_code == 403
    assert one(Conflict).state == Conflict.State.OPEN


def test_a_bridge_is_stopped_asked_and_let_go_on(night: Night, bridged: Bridged) -> None:
    """On record; a plan is asked for twice, as it keeps all else from being written."""

    def do(action: str, **more: str) -> Any:
        return night.post("sync/bridge/", action=action, _selected_action=str(bridged.bridge_id), **more)

    do("pause")
    stopped = one(Bridge).paused_by
    do("look_now")
    do("resume")
    going = one(Bridge).paused_by
    assert "nothing is written" in text(do("plan"))
    assert one(Bridge).mode == Bridge.Mode.LIVE
    do("plan", confirmed="yes")

    assert ("grace" in stopped, going, one(Bridge).mode) == (True, None, Bridge.Mode.PLAN)
    for deed in ("bridge.paused", "bridge.resumed", "plan.asked"):
        assert trail(deed) == [("operator", "grace")]


def test_a_bridge_is_ended_after_a_second_question(night: Night, bridged: Bridged) -> None:
    """What is lost is said first; then there is no bridge, and the trail says who ended it."""
    ticked = {"action": "end", "_selected_action": str(bridged.bridge_id)}
    assert "it cannot be undone" in text(night.post("sync/bridge/", **ticked))
    with transaction.atomic():
        assert Bridge.objects.exists()
    night.post("sync/bridge/", **ticked, confirmed="yes")

    with transaction.atomic():
        assert not Bridge.objects.exists()
        assert AuditEvent.objects.get(action="bridge.ended").actor == "grace"


def test_records_in_review_are_separated_and_joined(night: Night, desks: Bridged) -> None:
    """Each is asked again; what is no pair, or no lone one, is refused with a sentence."""
    for desk in (desks.a, desks.a, desks.b):
        desk.add(title="Printer", state="open")
    desks.join()
    desks.round()
    [one, other], [there] = (
        [pair.id for pair in desks.pairs() if getattr(pair, side)] for side in ("record_a", "record_b")
    )
    assert "It is one of its own…" in night.says(f"sync/pair/{one}/change/")
    for wrong, told in (("nobody", "id"), (other, "A pair is made of a lone record")):
        night.post(f"sync/pair/{one}/do/join/", confirmed="yes", **{"with": wrong})
        assert told in night.told(f"sync/pair/{one}/change/")

    night.post(f"sync/pair/{one}/do/join/", confirmed="yes", **{"with": there})
    night.post(f"sync/pair/{other}/do/separate/", confirmed="yes")
    desks.round()
    assert desks.both("title") == (["Printer", "Printer"], ["Printer", "Printer"])
    assert "It is one of its own…" not in night.says(f"sync/pair/{one}/change/")
