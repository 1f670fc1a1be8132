"""Half of forty tickets are deleted in one system: the brake, a person's word, and all of them restored."""

from __future__ import annotations

from typing import Any

from demo import directly, titles
from demo.directly import NORMAL
from demo.looking import find_ticket, there
from demo.planning import carry_out
from demo.stage import Stage
from demo.telling import NotSeen, expect

#: Half of the forty; more where the desk has come to hold so many that half of forty is no large share of them.
HALF, SHARE = 20, 5


def tell(stage: Stage) -> None:
    """All steps; raises NotSeen at the first that does not show what it should."""
    put_forty_in(stage)
    lost = delete_half(stage)
    restore(stage, lost)


def put_forty_in(stage: Stage) -> None:
    """Those that an earlier run made are there still."""
    wanted = titles.of_move()
    with stage.teller.step("Forty tickets are put into the help desk, and get their counterparts"):
        there_already = {*_in_roundup(stage), *_in_desk(stage)}
        for title in wanted:
            if title not in there_already:
                directly.add_ticket(stage.desk, title, "To the new office.", priority=NORMAL)
        stage.until("the forty in Roundup", lambda: _in_roundup(stage), wanted)
        stage.rest()
        stage.teller.values(("in Roundup", f"{len(wanted)} of {len(wanted)}, each once"))


def delete_half(stage: Stage) -> list[dict[str, Any]]:
    """The desk's reading stops while they are deleted, so that it meets all of it at once; what was deleted."""
    with stage.teller.step(
        "Half of them are deleted in the help desk: the brake holds, and Roundup keeps all"
    ):
        lost = half_of(stage.tickets(stage.desk_token))
        reading = ["sync", stage.accounts[stage.desk.name].id, "--model", "tickets"]
        stage.isthmus.manage(*reading, "--pause")
        earlier = stage.writes()
        for ticket in lost:
            directly.delete_ticket(stage.desk, int(ticket["remote_id"]))
        before = stage.writes_with(earlier, {stage.desk.name: len(lost)})
        (stream,) = stage.isthmus.manage(*reading, "--resume", "--wait")["streams"]
        stage.teller.values(("deleted in the help desk", len(lost)))
        stage.teller.command(*reading, "--resume", "--wait")
        expect("the number of removals that are held", stream["held_removals"], len(lost))
        stage.teller.say(f"{stream['held_removals']} are held: {stream['error']}")
        expect("the forty in Roundup", _in_roundup(stage), titles.of_move())
        expect("the number of changing requests", stage.writes(), before)
    return lost


def half_of(tickets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Which of the desk's tickets are deleted: of the forty first, and so many that the brake has to hold."""
    most = max(HALF, len(tickets) // SHARE + 1)
    return sorted(tickets, key=lambda one: (one["name"] not in titles.of_move(), one["name"]))[:most]


def restore(stage: Stage, lost: list[dict[str, Any]]) -> None:
    """A person says that they are gone indeed, and has them made again out of what Roundup has."""
    one = lost[0]
    with stage.teller.step(
        "They are restored from their counterparts in Roundup, by a plan; one is looked at"
    ):
        words = [
            "sync",
            stage.accounts[stage.desk.name].id,
            "--model",
            "tickets",
            "--allow-removals",
            "--wait",
        ]
        stage.isthmus.manage(*words)
        stage.teller.command(*words)
        path, body = f"sync/v1/bridges/{stage.bridge}/restore", {"side": "b"}
        stage.teller.say(stage.isthmus.curl("POST", path, body=body))
        plan = stage.isthmus.api("POST", path, body=body)
        stage.teller.values(("the plan", plan["counts"]))
        if plan["counts"].get("create", 0) < len(lost):
            raise NotSeen(f"the plan should make {len(lost)} tickets again, and shows {plan['counts']}")
        executed = carry_out(stage, plan["id"], plan["hash"])
        stage.teller.values(("items", executed["items"]))
        look_at(stage, one)
        expect("the forty in Roundup", _in_roundup(stage), titles.of_move())
        expect("the forty in the help desk", _in_desk(stage), titles.of_move())


def look_at(stage: Stage, one: dict[str, Any]) -> None:
    """A restored ticket has a new number in the desk, and is the same to whoever knows it by its id in Isthmus."""
    ticket = there(find_ticket(stage, one["name"])())
    path = f"ticketing/v1/tickets/{one['id']}"
    known = stage.until(
        f"the number of {one['name']!r}",
        lambda: stage.isthmus.api("GET", path, stage.desk_token)["remote_id"],
        str(ticket["id"]),
    )
    if known == one["remote_id"]:
        raise NotSeen(f"{one['name']!r} was never deleted")
    stage.teller.values(
        (f"{one['name']!r} in the help desk", f"#{one['remote_id']} -> #{known}"),
        ("its id in Isthmus, as before", one["id"]),
    )


def _in_roundup(stage: Stage) -> list[str]:
    return directly.issues_named(stage.roundup, "Move desk")


def _in_desk(stage: Stage) -> list[str]:
    found = stage.tickets(stage.desk_token)
    return sorted(ticket["name"] for ticket in found if ticket["name"] in titles.of_move())
