"""Comments follow their tickets: never before them, never of tickets that rest, and nothing that no plan showed."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest
from django.db import DatabaseError, connection, transaction

from integrations.kit.endpoints import DELETE, GET, PATCH, POST
from integrations.kit.lenses import ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByPage
from integrations.kit.provider import Resource
from tenants.scope import scope
from tests import stub
from tests.unified_api.sync.bridge import files
from tests.unified_api.sync.bridge.conftest import PLAIN, Bridged, link
from unified_api import registry
from unified_api.engine.values import Side
from unified_api.models.ticketing import Comment
from unified_api.sync import clock, job, journal, steer, streams, tasks
from unified_api.sync.bridge import executing, plans, showing, siblings, steering, stirring, turns
from unified_api.sync.bridge.matching import SEARCHED
from unified_api.sync.bridge.records import Frame
from unified_api.sync.bridge.rounds import look_at_some
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models import Job, Stream, Write
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan, PlanItem

TICKET, COMMENT = "ticketing.Ticket", "ticketing.Comment"
COMMENTS: Final = Resource(
    mapping=Mapping(
        Comment, remote_id="id", body="body", ticket=ref("ticket", create_only=True), is_private="private"
    ),
    list=GET("/comments", items="items", paging=ByPage(size_param="size", size=stub.PAGE)),
    get=GET("/comments/{remote_id}", item=""),
    create=POST("/comments", answer=""),
    update=PATCH("/comments/{remote_id}", answer=""),
    delete=DELETE("/comments/{remote_id}"),
    recent=GET("/comments", items="items", params={"newest": "1"}),
    recognise=("ticket", "body"),
)
#: Tickets with what is said of them, and their comments.
TEXT: Final = (
    files.changed("    winner: a\n    fields:\n      name:", "    winner: a\n    fields:\n      name:")
    + """\
  ticketing.Comment:
    winner: a
    fields:
      ticket:
      body:
"""
)


def tickets(*options: str) -> str:
    """The file with options of the tickets' bridge."""
    told = "".join(f"    {one}\n" for one in options)
    return files.changed(
        "    winner: a\n    fields:\n      name:", f"    winner: a\n{told}    fields:\n      name:", TEXT
    )


def comments(*options: str) -> str:
    """The file with options of the comments' bridge."""
    told = "".join(f"    {one}\n" for one in options)
    return files.changed(
        "    winner: a\n    fields:\n      ticket:", f"    winner: a\n{told}    fields:\n      ticket:", TEXT
    )


#: The file with urgent tickets only.
URGENT: Final = tickets("filter: {a: {priority: {is: URGENT}}}")


@dataclass
class Followed:
    """Two desks with tickets and comments, and a bridge over each."""

    desks: Bridged
    bridges: dict[str, Any] = field(default_factory=dict)

    def apply(self, text: str = TEXT, *, live: bool = True) -> None:
        """Make the bridges of a file."""
        files.apply(text, live=live)
        with transaction.atomic():
            self.bridges = dict(Bridge.objects.values_list("model", "id"))
        self.desks.bridge_id = self.bridges[TICKET]

    def round(self, *models: str) -> None:
        """A round of each bridge, tickets first."""
        for model in models or (TICKET, COMMENT):
            turn = Round(self.desks.tenant, self.bridges[model], patience=30, sleep=lambda _: None)
            turn.read(lambda: None)
            assert turn.settle()

    def ticket(self, **more: Any) -> str:
        """A ticket at side a."""
        told = {"title": "Printer", "text": "It is on fire", "state": "open", "priority": "p1"}
        return self.desks.a.add(**(told | more))

    def comment(self, ticket: str, body: str, **more: Any) -> str:
        """A comment at side a."""
        return self.desks.a.add("comments", ticket=ticket, body=body, **({"private": False} | more))

    def edit(self, comment: str, **values: Any) -> None:
        """Somebody edits a comment at side a."""
        self.desks.a.tables["comments"][comment] |= {**values, "updated": stub._iso(time.time())}

    def bodies(self) -> list[str]:
        """What the comments at side b say."""
        return sorted(one["body"] for one in self.desks.b.tables["comments"].values())

    def standing(self, model: str = COMMENT) -> dict[str, Any]:
        """How a bridge stands."""
        with transaction.atomic():
            return showing.standing(Bridge.objects.get(id=self.bridges[model]))

    def states(self, model: str = TICKET) -> list[str]:
        """The states of a bridge's pairs."""
        with transaction.atomic():
            return [one.state for one in Pair.objects.filter(bridge_id=self.bridges[model])]

    def approve(self, model: str) -> list[str]:
        """Approve the plan of a bridge; what it showed."""
        with transaction.atomic():
            plan = plans.current(self.bridges[model])
            assert plan is not None
            plans.approve(plan.id, plan.hash)
            return sorted(PlanItem.objects.filter(plan_id=plan.id).values_list("action", flat=True))

    def shown(self) -> list[str]:
        """What the comments say whose creates were shown by plans that were approved."""
        with transaction.atomic():
            done = Plan.objects.filter(bridge_id=self.bridges[COMMENT], approved_at__isnull=False)
            shown = PlanItem.objects.filter(plan_id__in=done.values("id"), action="create")
            return [one.fields["fields"]["body"]["value"] for one in shown]

    def problems(self) -> list[str]:
        """What keeps comments from going over."""
        return [one["reason"] for one in self.standing()["problems"]]


@pytest.fixture
def followed(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> Followed:
    """Two such desks."""
    return following(desks, monkeypatch)


def following(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> Followed:
    """Both desks keep comments, and neither requires the ticket of one."""
    for provider, desk in ((stub.PROVIDER, desks.a), (PLAIN, desks.b)):
        whole = replace(provider, resources=(*provider.resources, COMMENTS))
        monkeypatch.setitem(registry._providers, provider.slug, whole)
        desk.tables["comments"] = {}
        link(whole, desk)
    return Followed(desks)


def test_no_comment_is_made_before_its_ticket_and_those_of_a_ticket_that_rests_stay(
    followed: Followed,
) -> None:
    """A ticket outside of the filter: its comment waits, though the desk would take it, until the ticket is there.

    Once the ticket leaves the filter again, what is newly said of it stays; when it is back, that goes over.
    """
    ticket = followed.ticket(priority="p3")
    followed.comment(ticket, "one")
    followed.apply(URGENT)
    followed.round()
    assert (followed.bodies(), followed.problems()) == ([], [])

    followed.desks.a.edit(ticket, priority="p1")
    followed.round()
    assert (followed.bodies(), followed.problems()) == (["one"], [])
    [one] = followed.desks.b.tables["comments"].values()
    assert one["ticket"] in followed.desks.b.tables["tickets"]

    followed.desks.a.edit(ticket, priority="p3")
    followed.round()
    followed.comment(ticket, "two")
    followed.round()
    assert (followed.states(), followed.bodies()) == (["dormant"], ["one"])
    assert followed.problems() == []

    followed.desks.a.edit(ticket, priority="p1")
    followed.round()
    assert (followed.bodies(), followed.problems()) == (["one", "two"], [])


def test_a_comment_made_over_there_since_the_last_reading_is_found(followed: Followed) -> None:
    """The search names its ticket as the provider does: what is said there already is not said again."""
    ticket = followed.ticket()
    followed.apply()
    followed.round()
    [there] = followed.desks.b.tables["tickets"]
    followed.comment(ticket, "one")
    turn = Round(followed.desks.tenant, followed.bridges[COMMENT], patience=30, sleep=lambda _: None)
    turn.read(lambda: None)
    followed.desks.b.add("comments", ticket=there, body="one", private=False)
    assert turn.settle()

    assert (followed.states(COMMENT), followed.bodies()) == (["paired"], ["one"])


def test_a_change_asks_only_the_bridges_that_read_its_model(followed: Followed) -> None:
    """An edit of a ticket has the bridge over tickets look, and that over comments rests."""
    ticket = followed.ticket()
    followed.apply()
    followed.round()
    followed.round()
    followed.desks.a.edit(ticket, title="Printer upstairs")
    with transaction.atomic():
        read = list(Stream.objects.filter(model=TICKET).values_list("id", flat=True))
        asked = [steer.read_now(stream).id for stream in read]
    for stream in asked:
        lease = job.claim(streams.KIND, stream)
        assert lease is not None
        tasks.do(lease, time.monotonic() + tasks.SLICE)

    with transaction.atomic():
        due = Job.objects.filter(kind=stirring.KIND, due_at__lte=clock.now())
        assert list(due.values_list("reference", flat=True)) == [followed.bridges[TICKET]]


def test_a_comment_that_turned_private_goes_nowhere_though_the_rest_stays(followed: Followed) -> None:
    """With `leaving: stay`: what is edited after it was made private is not shown to the other side."""
    comment = followed.comment(followed.ticket(), "public")
    followed.apply(comments("leaving: stay"))
    followed.round()
    assert followed.bodies() == ["public"]

    followed.edit(comment, private=True)
    followed.round()
    followed.edit(comment, body="secret")
    followed.round()
    assert followed.bodies() == ["public"]

    followed.edit(comment, private=False)
    followed.round()
    assert followed.bodies() == ["secret"]


def test_from_today_is_not_everything_where_a_desk_tells_no_times(followed: Followed) -> None:
    """What its first reading showed is old, with all that is said of it; what is edited or made later travels."""
    old = "2020-01-01T00:00:00+00:00"
    for one, titles in ((followed.desks.a, ("Printer", "Chair")), (followed.desks.b, ("Printer", "Lamp"))):
        for title in titles:
            one.add(title=title, text="x", state="open", priority="p1", updated=old)
    followed.comment("1", "of 2020", updated=old)
    followed.apply(tickets("start: {from: today}"))
    followed.round()
    assert (followed.desks.both("title"), followed.bodies()) == (
        (["Chair", "Printer"], ["Lamp", "Printer"]),
        [],
    )

    followed.desks.b.edit("2", text="broken")
    followed.desks.b.add(title="Desk", text="new", state="open", priority="p1")
    followed.round(TICKET)
    assert followed.desks.both("title")[0] == ["Chair", "Desk", "Lamp", "Printer"]


def test_the_plan_of_a_follower_is_made_when_its_leader_is_live_and_shows_all_that_is_written(
    followed: Followed,
) -> None:
    """Comments wait for the tickets' plan, and say so; then their creates are shown, and not one is made before."""
    ticket = followed.ticket()
    for number in range(3):
        followed.comment(ticket, f"c{number}")
    followed.apply(live=False)
    followed.round()
    waits = followed.standing()
    assert (waits["status"], waits["mode"]) == ("waiting", "plan")
    assert "waits for the bridge over ticketing.Ticket" in waits["reason"]
    with transaction.atomic():
        assert not Plan.objects.filter(bridge_id=followed.bridges[COMMENT]).exists()

    assert followed.approve(TICKET) == ["create"]
    assert followed.standing(TICKET)["reason"] == plans.CARRIED_OUT
    followed.round()
    assert (followed.bodies(), followed.standing()["status"]) == ([], "planned")
    assert followed.approve(COMMENT) == ["create"] * 3
    assert followed.standing()["status"] == "working"
    followed.round()
    assert (followed.bodies(), followed.standing()["mode"]) == (["c0", "c1", "c2"], "live")


def test_what_a_plan_showed_as_kept_is_planned_anew_when_it_can_be_written(followed: Followed) -> None:
    """A comment whose ticket found its counterpart while the plan waited: approving that plan does not have it made."""
    chair, twin, printer = followed.ticket(title="Chair"), followed.ticket(title="Chair"), followed.ticket()
    followed.comment(chair, "of the chair")
    followed.comment(printer, "of the printer")
    followed.apply()
    with transaction.atomic():
        steering.plan_anew(followed.bridges[COMMENT])
    followed.round()

    followed.desks.a.edit(twin, title="Stool")
    followed.round(TICKET)
    assert followed.approve(COMMENT) == ["create", "problem"]
    followed.round(COMMENT)
    assert (followed.bodies(), followed.standing()["mode"]) == (["of the printer"], "plan")
    assert followed.approve(COMMENT) == ["create"]
    followed.round(COMMENT)
    assert (followed.bodies(), followed.standing()["mode"]) == (["of the chair", "of the printer"], "live")


def test_what_was_said_on_both_sides_since_they_were_read_is_one_comment(followed: Followed) -> None:
    """Before a comment is made, the other desk itself is searched for it, by its own id of the ticket."""
    ticket = followed.ticket()
    followed.apply()
    followed.round()
    followed.comment(ticket, "same words")
    turn = Round(followed.desks.tenant, followed.bridges[COMMENT], patience=30, sleep=lambda _: None)
    turn.read(lambda: None)
    (there,) = followed.desks.b.tables["tickets"]
    followed.desks.b.add("comments", ticket=there, body="same words", private=False)
    assert turn.settle()

    assert followed.bodies() == ["same words"]
    assert followed.standing()["pairs"] == {"paired": 1}


def test_only_a_comment_whose_ticket_is_missed_over_there_is_a_problem(followed: Followed) -> None:
    """One of two of a name waits for a person: a problem, until it leaves the filter, and again when it is back."""
    chair = followed.ticket(title="Chair")
    followed.ticket(title="Chair")
    followed.comment(chair, "of the chair")
    followed.comment(followed.ticket(title="Lamp", priority="p3"), "of the lamp")
    followed.apply(URGENT)
    followed.round()
    assert len(followed.problems()) == 1
    assert "has no counterpart" in followed.problems()[0]

    followed.desks.a.edit(chair, priority="p3")
    followed.round()
    assert followed.problems() == []

    followed.desks.a.edit(chair, priority="p1")
    followed.round()
    assert len(followed.problems()) == 1

    followed.apply(tickets("filter: {a: {priority: {is: NORMAL}}}"))
    followed.round()
    assert (followed.problems(), followed.bodies()) == ([], [])


def test_a_ticket_that_finds_its_counterpart_wakes_its_own_comments_alone(followed: Followed) -> None:
    """What waits for other tickets is not looked at: a thousand tickets do not each wake all that is said."""
    lamp = followed.ticket(title="Lamp", priority="p3")
    for ticket in (lamp, followed.ticket(title="Chair", priority="p3")):
        followed.comment(ticket, f"of {ticket}")
    followed.apply(URGENT)
    followed.round()
    assert _awake(followed) == []

    followed.desks.a.edit(lamp, priority="p1")
    followed.round(TICKET)
    assert _awake(followed) == [f"of {lamp}"]


def test_a_bridge_and_its_follower_never_wait_for_each_other(followed: Followed) -> None:
    """Who has taken the turn of either has both: taken the other way round beside him, nobody is stuck."""
    followed.apply()
    tickets, comments = followed.bridges[TICKET], followed.bridges[COMMENT]

    def one_way() -> None:
        turns.take(tickets)
        begun.set()
        threading.Event().wait(0.3)
        turns.take(comments)

    begun, there = threading.Event(), Outcome()
    thread = threading.Thread(target=there.of, args=(followed.desks.tenant, one_way))
    thread.start()
    assert begun.wait(120)
    with transaction.atomic():
        turns.take(comments)
        turns.take(tickets)
    thread.join()

    assert there.error is None


@dataclass
class Outcome:
    """What came of something that a process of its own did in one transaction."""

    error: Exception | None = None

    def of(self, tenant: uuid.UUID, act: Callable[[], None]) -> None:
        """Do it."""
        try:
            with scope(tenant), transaction.atomic():
                act()
        except DatabaseError as error:
            self.error = error
        finally:
            connection.close()


def _awake(followed: Followed) -> list[str]:
    """What the comments say that are looked at next."""
    with transaction.atomic():
        dirty = Pair.objects.filter(bridge_id=followed.bridges[COMMENT], dirty=True)
        return [one.body for one in Comment.objects.filter(id__in=dirty.values("record_a"))]


def _in_flight(followed: Followed) -> list[str]:
    """What the comments say whose creates are journalled and not ended."""
    with transaction.atomic():
        rows = Write.objects.filter(bridge_id=followed.bridges[COMMENT]).exclude(state__in=journal.FINAL)
        return [one.values["body"] for one in rows.order_by("journalled_at")]


def _told(followed: Followed) -> dict[str, list[str]]:
    """What is said of each ticket at side b, in the order in which it came."""
    desk = followed.desks.b.tables
    told: dict[str, list[str]] = {}
    for number in sorted(desk["comments"], key=int):
        one = desk["comments"][number]
        told.setdefault(desk["tickets"][one["ticket"]]["title"], []).append(one["body"])
    return told


def test_the_comments_of_a_ticket_are_made_one_after_another(followed: Followed) -> None:
    """However many workers there are, each waits for the end of the one before; other tickets wait for nobody."""
    for title in ("Printer", "Chair"):
        ticket = followed.ticket(title=title)
        for number in range(4):
            followed.comment(ticket, f"{title} {number}")
    followed.apply()
    followed.round(TICKET)
    turn = Round(followed.desks.tenant, followed.bridges[COMMENT], patience=30, sleep=lambda _: None)
    turn.read(lambda: None)
    for number in range(4):
        followed.desks.work_once(kinds=("bridge",))
        assert sorted(_in_flight(followed)) == [f"Chair {number}", f"Printer {number}"]
        followed.desks.work_once(kinds=("write",))

    assert _told(followed) == {title: [f"{title} {n}" for n in range(4)] for title in ("Printer", "Chair")}


@pytest.mark.parametrize("how", ["edited before the look", "edited during the look", "locked"])
def test_a_live_bridge_keeps_the_order_of_a_thread_whose_first_comment_is_not_ready(
    followed: Followed, how: str
) -> None:
    """What was owed to a closed side is free when it opens; who has to be searched for anew still goes first."""
    ticket = followed.ticket()
    first, _, _ = (followed.comment(ticket, body) for body in ("first", "second", "third"))
    followed.apply()
    followed.round(TICKET)
    with transaction.atomic():
        steering.close(followed.bridges[COMMENT], Side.B)
    followed.round(COMMENT)
    with transaction.atomic():
        steering.reopen(followed.bridges[COMMENT], Side.B)
        frame = Frame.of(Bridge.objects.get(id=followed.bridges[COMMENT]))
    if how == "locked":
        _beside_a_lock(followed, first, lambda: look_at_some(frame))
    else:
        followed.edit(first, body="first, mended")
        Round(followed.desks.tenant, followed.bridges[COMMENT], sleep=lambda _: None).read(lambda: None)
    if how == "edited during the look":  # it is read behind what the bridge took in
        with transaction.atomic():
            look_at_some(frame)
    followed.round(COMMENT)

    assert _told(followed)["Printer"] == [
        followed.desks.a.tables["comments"][first]["body"],
        "second",
        "third",
    ]


def test_what_was_lost_is_made_again_behind_what_is_still_searched_for(followed: Followed) -> None:
    """Of two comments over there the second was searched for already: it waits for the first all the same."""
    ticket = followed.ticket()
    _, second = (followed.comment(ticket, body) for body in ("first", "second"))
    followed.apply()
    followed.round()
    followed.desks.b.tables["comments"].clear()
    with transaction.atomic():
        steer.allow_removals(
            Stream.objects.get(linked_account_id=followed.desks.accounts[1].id, model=COMMENT).id
        )
    followed.round(COMMENT)
    followed.apply(comments("deletes: {a: restore, b: restore}"))
    with transaction.atomic():
        record = Comment.objects.get(remote_id=second, linked_account_id=followed.desks.accounts[0].id)
        pair = Pair.objects.get(record_a=record.id)
        Pair.objects.filter(id=pair.id).update(memory={**pair.memory, SEARCHED: pair.key})
        look_at_some(Frame.of(Bridge.objects.get(id=followed.bridges[COMMENT])))
    assert _in_flight(followed) == []

    followed.round(COMMENT)
    assert _told(followed) == {"Printer": ["first", "second"]}


def _beside_a_lock(followed: Followed, comment: str, act: Callable[[], object]) -> None:
    """Do something while somebody else has the pair of a comment."""

    def hold() -> None:
        record = Comment.objects.get(remote_id=comment, linked_account_id=followed.desks.accounts[0].id)
        Pair.objects.select_for_update().get(record_a=record.id)
        begun.set()
        assert ended.wait(120)

    begun, ended, there = threading.Event(), threading.Event(), Outcome()
    thread = threading.Thread(target=there.of, args=(followed.desks.tenant, hold))
    thread.start()
    assert begun.wait(120)
    with transaction.atomic():
        act()
    ended.set()
    thread.join()
    assert there.error is None


@pytest.mark.parametrize("how", ["in vain", "for long"])
def test_nobody_waits_for_a_create_that_is_tried_in_vain_or_held_up_for_long(
    followed: Followed, how: str
) -> None:
    """What is said later goes over then: one comment does not keep all others of its ticket for ever."""
    ticket = followed.ticket()
    for number in range(2):
        followed.comment(ticket, f"{number}")
    followed.apply()
    followed.round(TICKET)
    turn = Round(followed.desks.tenant, followed.bridges[COMMENT], patience=30, sleep=lambda _: None)
    turn.read(lambda: None)
    for _ in range(2):
        followed.desks.work_once(kinds=("bridge",))
        assert _in_flight(followed) == ["0"]
    with transaction.atomic():
        pair = Pair.objects.get(bridge_id=followed.bridges[COMMENT], state="creating")
        if how == "in vain":
            Pair.objects.filter(id=pair.id).update(memory={**pair.memory, "dropped": 3})
        else:
            long_ago = clock.now() - dt.timedelta(minutes=16)
            Write.objects.filter(id=pair.write_id).update(journalled_at=long_ago)
        stirring.ask(followed.bridges[COMMENT])
    followed.desks.work_once(kinds=("bridge",))

    assert sorted(_in_flight(followed)) == ["0", "1"]


def test_comments_of_a_ticket_that_both_sides_have_are_planned_once_its_update_is_under_way(
    followed: Followed,
) -> None:
    """No lone ticket pairs then, which would wake them: the plan of the tickets does."""
    ticket = followed.ticket(text="hot")
    followed.comment(ticket, "one")
    followed.desks.b.add(title="Printer", text="cold", state="open", priority="p1")
    followed.apply(live=False)
    followed.round()
    assert followed.approve(TICKET) == ["update"]
    followed.round()
    assert followed.approve(COMMENT) == ["create"]
    followed.round()

    assert followed.bodies() == ["one"]


@pytest.fixture
def thread(followed: Followed) -> list[str]:
    """Three comments of a ticket, by their ids at side a, whose creates a plan shows; and one of another ticket."""
    printer, chair = followed.ticket(), followed.ticket(title="Chair")
    said = [followed.comment(printer, body) for body in ("first", "second", "third")]
    followed.comment(chair, "of the chair")
    followed.apply()
    followed.round(TICKET)
    with transaction.atomic():
        steering.plan_anew(followed.bridges[COMMENT])
    followed.round(COMMENT)
    return said


def _left(followed: Followed) -> list[str]:
    """Why the last plan that was done left comments alone."""
    with transaction.atomic():
        done = Plan.objects.filter(bridge_id=followed.bridges[COMMENT], state=Plan.State.DONE)
        items = PlanItem.objects.filter(plan_id=done.latest("created_at").id, state=PlanItem.State.MOVED)
        return [str(one.reason) for one in items.order_by("ordinal")]


def test_what_a_plan_shows_behind_an_edited_comment_is_left_to_the_next_plan_with_it(
    followed: Followed, thread: list[str]
) -> None:
    """It would stand before it over there for ever; what is said of other tickets is written as it was shown."""
    followed.edit(thread[1], body="second, mended")
    followed.round(COMMENT)
    assert followed.approve(COMMENT) == ["create"] * 4
    followed.round(COMMENT)
    assert _told(followed) == {"Printer": ["first"], "Chair": ["of the chair"]}
    assert _left(followed) == [executing.MOVED, siblings.BEHIND]

    assert followed.approve(COMMENT) == ["create"] * 2
    followed.round(COMMENT)
    assert _told(followed)["Printer"] == ["first", "second, mended", "third"]


def test_nothing_waits_behind_a_comment_that_was_taken_back_since_a_plan_showed_it(
    followed: Followed, thread: list[str]
) -> None:
    """There is nothing that it could stand before."""
    del followed.desks.a.tables["comments"][thread[1]]
    with transaction.atomic():
        steer.allow_removals(
            Stream.objects.get(linked_account_id=followed.desks.accounts[0].id, model=COMMENT).id
        )
    followed.round(COMMENT)
    assert followed.approve(COMMENT) == ["create"] * 4
    followed.round(COMMENT)

    assert _told(followed)["Printer"] == ["first", "third"]


def test_nothing_waits_behind_a_create_whose_comment_is_taken_back_before_it_leaves(
    followed: Followed, thread: list[str]
) -> None:
    """The others of the thread are in the plan still, and are made."""
    assert followed.approve(COMMENT) == ["create"] * 4
    followed.desks.work_once(kinds=("bridge",))
    assert "first" in _in_flight(followed)
    del followed.desks.a.tables["comments"][thread[0]]
    with transaction.atomic():
        steer.allow_removals(
            Stream.objects.get(linked_account_id=followed.desks.accounts[0].id, model=COMMENT).id
        )
    followed.desks.read()
    followed.round(COMMENT)

    assert (_told(followed)["Printer"], _left(followed).count(siblings.BEHIND)) == (["second", "third"], 0)


def test_what_a_plan_shows_behind_a_create_that_did_not_leave_is_left_to_the_next_plan_with_it(
    followed: Followed, thread: list[str]
) -> None:
    """A side that was closed for a moment does not change who stands before whom."""
    bridge = followed.bridges[COMMENT]
    assert followed.approve(COMMENT) == ["create"] * 4
    followed.desks.work_once(kinds=("bridge",))
    assert sorted(_in_flight(followed)) == ["first", "of the chair"]
    with transaction.atomic():
        steering.close(bridge, Side.B)
    followed.desks.work_once(kinds=("write",))
    with transaction.atomic():
        steering.reopen(bridge, Side.B)
    followed.round(COMMENT)
    assert (_told(followed), _left(followed).count(siblings.BEHIND)) == ({}, len(thread) - 1)

    assert followed.approve(COMMENT) == ["create"] * 4
    followed.round(COMMENT)
    assert _told(followed)["Printer"] == ["first", "second", "third"]
