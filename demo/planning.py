"""A bridge that shows what it would write, waits for approval, and then writes just that."""

from __future__ import annotations

import json
from typing import Any

from demo import directly, titles
from demo.directly import CLOSED, HIGH
from demo.isthmus import IsthmusFailed
from demo.looking import find_issue, find_ticket, there
from demo.stage import Stage
from demo.telling import NotSeen, expect

WRITES = ("create", "update", "delete")


def tell(stage: Stage) -> None:
    """All steps; raises NotSeen at the first that does not show what it should."""
    plan = show(stage)
    approve(stage, plan)


def show(stage: Stage) -> dict[str, Any]:
    """The plan of one create and one update; the servers' own logs say that nothing was written."""
    created, closed = titles.of_plan(stage.run), titles.of_roundup(stage.run)[0]
    words = ["bridge", "plan", stage.bridge, "--new"]
    with stage.teller.step("The bridge is told to plan: it shows what it would write, and writes nothing"):
        stage.rest()
        stage.isthmus.api("POST", f"sync/v1/bridges/{stage.bridge}/plan")
        earlier = stage.writes()
        directly.add_ticket(stage.desk, created, "A leg came off.", priority=HIGH)
        directly.edit_issue(stage.roundup, there(find_issue(stage, closed)())["id"], status="resolved")
        before = stage.writes_with(earlier, {stage.desk.name: 1, stage.roundup.name: 1})
        plan: dict[str, Any] = stage.isthmus.manage(*words)
        stage.teller.command(*words)
        planned = [item for item in plan["items"] if item["action"] in WRITES]
        for item in planned:
            stage.teller.values(
                (f"{item['action']} at side {item['side']}", f"{_title(item)}: {_changes(item)}")
            )
        wanted = {("create", "a", created), ("update", "b", closed)}
        shown = {(item["action"], item["side"], _title(item)) for item in planned}
        if not wanted <= shown:
            raise NotSeen(f"the plan should show {sorted(wanted)}, and shows {sorted(shown)}")
        expect("the number of changing requests", stage.writes(), before)
        expect("the new ticket in Roundup", find_issue(stage, created)(), None)
        calls = {side: cost["calls"] for side, cost in plan["cost"].items()}
        stage.teller.values(("calls it will need", calls), ("hash", plan["hash"]))
    return plan


def approve(stage: Stage, plan: dict[str, Any]) -> None:
    """Another hash is refused; with its own, the plan is executed, and the bridge writes by itself again."""
    created, closed = titles.of_plan(stage.run), titles.of_roundup(stage.run)[0]
    path = f"sync/v1/plans/{plan['plan_id']}"
    with stage.teller.step("Approved by the hash of what was seen, the plan is carried out item by item"):
        stage.teller.values(("approved by another hash", refusal(stage, f"{path}/approve")))
        executed = carry_out(stage, plan["plan_id"], plan["hash"])
        expect("what became of the items", executed["items"].get("done"), _writes_of(plan))
        expect("the new ticket in Roundup", there(find_issue(stage, created)())["title"], created)
        expect("the status in the help desk", there(find_ticket(stage, closed)())["status"], CLOSED)
        stage.teller.values(("approved by", executed["approved_by"]), ("items", executed["items"]))
        stage.until("the mode of the bridge", lambda: mode(stage), "live")
        stage.teller.values(("the bridge then", "live"))


def carry_out(stage: Stage, plan_id: str, told_hash: str) -> dict[str, Any]:
    """Approve a plan; the plan when it is done."""
    path, body = f"sync/v1/plans/{plan_id}", {"hash": told_hash}
    stage.teller.say(stage.isthmus.curl("POST", f"{path}/approve", body=body))
    stage.isthmus.api("POST", f"{path}/approve", body=body)
    stage.until("the state of the plan", lambda: stage.isthmus.api("GET", path)["state"], "done")
    done: dict[str, Any] = stage.isthmus.api("GET", path)
    return done


def go_live(stage: Stage) -> None:
    """Have a bridge that an earlier run left planning write what it owes, and then by itself."""
    plan = stage.isthmus.manage("bridge", "plan", stage.bridge, "--new")
    carry_out(stage, plan["plan_id"], plan["hash"])
    stage.until("the mode of the bridge", lambda: mode(stage), "live")


def refusal(stage: Stage, path: str) -> str:
    """What is said to an approval by another hash; NotSeen if it is not refused."""
    try:
        stage.isthmus.api("POST", path, body={"hash": "0" * 64})
    except IsthmusFailed as error:
        if " 409: " in str(error):
            return "409, refused"
        raise
    raise NotSeen("a plan was approved by a hash that is not its own")


def mode(stage: Stage) -> str:
    """Whether the bridge writes by itself."""
    return str(stage.isthmus.api("GET", f"sync/v1/bridges/{stage.bridge}")["mode"])


def _writes_of(plan: dict[str, Any]) -> int:
    return sum(count for action, count in plan["counts"].items() if action in WRITES)


def _title(item: dict[str, Any]) -> str:
    """What the records of an item are matched by."""
    return ", ".join(json.loads(item["key"]))


def _changes(item: dict[str, Any]) -> str:
    fields = item["fields"]["fields"]
    return ", ".join(f"{name}: {told['was']!r} -> {told['value']!r}" for name, told in fields.items())
