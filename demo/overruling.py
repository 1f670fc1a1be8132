"""One field of one ticket, edited in both systems: the rule decides, and the value that gave way stays on record."""

from __future__ import annotations

from typing import Any

from demo import directly, titles
from demo.bridging import steer
from demo.directly import HIGH, LOW
from demo.looking import find_issue, find_ticket, there
from demo.stage import Stage
from demo.telling import expect


def tell(stage: Stage) -> None:
    """All steps; raises NotSeen at the first that does not show what it should."""
    edit_both(stage)
    look_back(stage)


def edit_both(stage: Stage) -> None:
    """Both edits are made, and read, before the bridge may settle them; side a is Roundup's, and wins."""
    title = titles.of_desk(stage.run)[0]
    with stage.teller.step(
        "The same field is edited in both systems; the bridge's rule says whose edit stays"
    ):
        issue, ticket = there(find_issue(stage, title)()), there(find_ticket(stage, title)())
        steer(stage, "pause")
        directly.edit_issue(stage.roundup, issue["id"], priority="feature")
        directly.edit_ticket(stage.desk, ticket["id"], priority=HIGH)
        stage.until("Roundup's priority as read", lambda: _priority(stage, stage.tracker_token), "LOW")
        stage.until("the help desk's priority as read", lambda: _priority(stage, stage.desk_token), "HIGH")
        stage.teller.values(
            ("edited in Roundup", "priority LOW"), ("edited in the help desk", "priority HIGH")
        )
        steer(stage, "resume")
        seen = stage.until(
            "the priority in the help desk",
            lambda: directly.read_ticket(stage.desk, ticket["id"])["priority"],
            LOW,
        )
        expect("the priority in Roundup", there(find_issue(stage, title)())["priority"], "feature")
        stage.teller.values(
            ("rule", "side a, Roundup, wins"), ("then, in both", f"LOW ({seen} in the help desk)")
        )


def look_back(stage: Stage) -> None:
    """The history of the field has the overruled value, and the rule that it gave way to."""
    with stage.teller.step("The overruled value is in the history of the field, with the rule"):
        record = _record(stage, stage.desk_token)["id"]
        path = f"sync/v1/history?record_id={record}&field=priority"
        stage.teller.say(stage.isthmus.curl("GET", path))
        newest = stage.until("the history", lambda: stage.isthmus.api("GET", path)["results"][0], _by_bridge)
        told = newest["fields"]["priority"]
        expect("the overruled value", told["overruled"], "HIGH")
        shown = {name: told[name] for name in ("old", "new", "by", "rule", "overruled")}
        stage.teller.values(("newest entry", shown))
        why = stage.isthmus.api("GET", "sync/v1/why", record_id=record, field="priority")
        stage.teller.say(f"why: {why['sentence']}")


def _by_bridge(entry: dict[str, Any]) -> bool:
    return bool(entry["by"] == "bridge")


def _priority(stage: Stage, token: str) -> str:
    return str(_record(stage, token)["priority"])


def _record(stage: Stage, token: str) -> dict[str, Any]:
    (found,) = stage.tickets(token, name=titles.of_desk(stage.run)[0])
    return dict(found)
