"""The story's second half: a bridge keeps the tickets of both systems equal, in both directions."""

from __future__ import annotations

from typing import Any

from demo import directly, planning, titles
from demo.directly import CLOSED, CRITICAL, HIGH, LOW, OPEN
from demo.looking import find_issue, find_ticket, there
from demo.stage import Stage
from demo.telling import expect

#: Roundup prevails where both sides edit one field; the desk has no word for work in progress.
WISHES = ["--live", "--winner", "a", "--word", "status:b:IN_PROGRESS=OPEN"]


def tell(stage: Stage) -> None:
    """All steps; raises NotSeen at the first that does not show what it should."""
    build(stage)
    desk_to_roundup(stage)
    roundup_to_desk(stage)
    both_at_once(stage)
    quiet(stage)


def build(stage: Stage) -> None:
    """The bridge, made once and used by later runs; every ticket gets its counterpart."""
    with stage.teller.step("A bridge is built; each ticket of one system gets its counterpart in the other"):
        make_bridge(stage)
        for title in [*titles.of_roundup(stage.run), titles.of_product(stage.run)]:
            stage.until(f"{title!r} in the help desk", find_ticket(stage, title), bool)
        for title in titles.of_desk(stage.run):
            stage.until(f"{title!r} in Roundup", find_issue(stage, title), bool)
        stage.teller.values(("now in the help desk", titles.of_roundup(stage.run)))
        stage.teller.values(("now in Roundup", titles.of_desk(stage.run)))


def desk_to_roundup(stage: Stage) -> None:
    """One direction."""
    title = titles.of_desk(stage.run)[0]
    with stage.teller.step("An edit made in the help desk arrives in Roundup"):
        before = there(find_issue(stage, title)())["priority"]
        expect("the priority in Roundup before", before, "urgent")
        ticket = there(find_ticket(stage, title)())
        directly.edit_ticket(stage.desk, ticket["id"], priority=CRITICAL)
        after = stage.until(
            "the priority in Roundup", lambda: there(find_issue(stage, title)())["priority"], "critical"
        )
        stage.teller.values(("in the help desk", f"priority of {title!r}: {HIGH} -> {CRITICAL}"))
        stage.teller.values(("Roundup before", before), ("Roundup after", after))


def roundup_to_desk(stage: Stage) -> None:
    """The other one."""
    title = titles.of_roundup(stage.run)[1]
    with stage.teller.step("An edit made in Roundup arrives in the help desk"):
        ticket = there(find_ticket(stage, title)())
        expect("the status in the help desk before", ticket["status"], OPEN)
        issue = there(find_issue(stage, title)())
        directly.edit_issue(stage.roundup, issue["id"], status="resolved")
        after = stage.until(
            "the status in the help desk",
            lambda: directly.read_ticket(stage.desk, ticket["id"])["status"],
            CLOSED,
        )
        stage.teller.values(("in Roundup", f"status of {title!r}: {issue['status']} -> resolved"))
        stage.teller.values(("help desk before", f"{OPEN} (open)"), ("help desk after", f"{after} (closed)"))


def both_at_once(stage: Stage) -> None:
    """Different fields of one ticket, edited on both sides before either edit may be carried over.

    The help desk saves whole tickets: a person's edit and the bridge's at one moment would take each other back.
    """
    title = titles.of_desk(stage.run)[1]
    renamed = title.replace("a colleague", "two colleagues")
    with stage.teller.step("Different fields of one ticket are edited in both systems; both edits survive"):
        issue, ticket = there(find_issue(stage, title)()), there(find_ticket(stage, title)())
        stage.teller.values(("before, Roundup", issue), ("before, help desk", ticket))
        steer(stage, "pause")
        directly.edit_issue(stage.roundup, issue["id"], title=renamed)
        directly.edit_ticket(stage.desk, ticket["id"], priority=LOW)
        steer(stage, "resume")

        def both() -> tuple[Any, Any]:
            return (
                directly.find_issue(stage.roundup, id=issue["id"]),
                directly.read_ticket(stage.desk, ticket["id"]),
            )

        wanted = (
            {**issue, "title": renamed, "priority": "feature"},
            {**ticket, "title": renamed, "priority": LOW},
        )
        in_roundup, in_desk = stage.until("the ticket in both systems", both, wanted)
        stage.teller.values(("after,  Roundup", in_roundup), ("after,  help desk", in_desk))


def quiet(stage: Stage) -> None:
    """Once edits stop, nothing is written any more: the servers' own access logs say so."""
    with stage.teller.step("A further round of the bridge writes nothing"):
        words = ["bridge", "run", stage.bridge]
        standing = stage.isthmus.manage("bridge", "status", stage.bridge)
        if standing["dirty"] or standing["in_flight"]:  # of an earlier run that was killed
            stage.isthmus.manage(*words)
        before = stage.writes()
        written = stage.isthmus.manage(*words)["written"]
        after = stage.writes()
        stage.teller.command(*words)
        stage.teller.values(("written by the bridge", written))
        stage.teller.values(("changing requests in the servers' logs, before", before), ("and after", after))
        expect("the number of writes of a further round", written, 0)
        expect("the number of changing requests", after, before)


def steer(stage: Stage, verb: str) -> None:
    """Pause or resume the bridge."""
    stage.isthmus.api("POST", f"sync/v1/bridges/{stage.bridge}/{verb}")


def make_bridge(stage: Stage) -> None:
    """Make the bridge, or go on with the one of an earlier run, wherever that was stopped."""
    a, b = stage.accounts[stage.roundup.name].id, stage.accounts[stage.desk.name].id
    words = ["bridge", "status", "--tenant", stage.tenant]
    known = stage.isthmus.manage(*words)["bridges"]
    found = next((one for one in known if one["a"]["linked_account_id"] == a), None)
    if found is None:
        words = ["bridge", "create", "--tenant", stage.tenant, "--a", a, "--b", b, *WISHES]
        found = stage.isthmus.manage(*words)
    stage.bridge = found["bridge_id"]
    stage.teller.command(*words)
    stage.teller.values(("bridge_id", stage.bridge))
    if found["paused_by"]:
        steer(stage, "resume")
    if found["mode"] != "live":
        planning.go_live(stage)
