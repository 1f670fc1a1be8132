"""One history: prepare, happenings and blows, rest, judgement."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.chaos import logs
from tests.chaos.aging import Clock
from tests.chaos.blows import Striker, Struck
from tests.chaos.checks import Observed, violations
from tests.chaos.client import Caller
from tests.chaos.converge import NotSettled, Rest
from tests.chaos.happenings import Crowd
from tests.chaos.plan import Plan
from tests.chaos.remains import remains
from tests.chaos.scene import Scene
from tests.chaos.stage import Stage


@dataclass
class Result:
    """What came of a history."""

    seed: int
    plan: list[str]
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0
    struck: Struck = field(default_factory=Struck)
    writes: Counter[str] = field(default_factory=Counter)
    records: int = 0
    settled_by_person: int = 0
    rounds: int = 0
    phases: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> str:
        """In one line."""
        told: dict[str, Any] = {**vars(self), "struck": vars(self.struck)}
        return json.dumps(told, default=str)


def play(stage: Stage, plan: Plan, keep: Path) -> Result:
    """Play a history; when it fails, its logs are kept in a folder of `keep`."""
    result, began = Result(plan.seed, plan.lines()), time.monotonic()
    mark = logs.Mark.now(stage)
    scene = stage.prepare(plan.size, bridged=plan.bridged)
    result.phases["prepared"] = time.monotonic() - began
    caller = Caller(stage.url, scene.key)
    crowd, striker = Crowd(stage, scene, caller), Striker(stage, scene)
    result.struck = striker.struck
    rest, clock = Rest(stage, scene, crowd), Clock(stage, scene)
    clock.start()
    try:
        if not plan.early:
            rest.round()
            result.phases["begun"] = time.monotonic() - began
        _happen(plan, crowd, striker)
        result.phases["struck"] = time.monotonic() - began
        rest.come()
        result.phases["rested"] = time.monotonic() - began
        _judge(stage, scene, plan, crowd, rest, result)
    except (NotSettled, requests.RequestException) as error:
        result.violations.append(f"{type(error).__name__}: {error}")
    finally:
        clock.close()
        result.violations += [clock.error] if clock.error else []
        caller.close()
        stage.processes.wake_all()
    result.violations += logs.violations(
        stage, mark, [scene.key, *(a.token for a in scene.accounts.values())]
    )
    result.phases |= rest.waited
    result.settled_by_person, result.rounds = len(crowd.books.told), rest.rounds
    for state, source, count in stage.sql(
        "SELECT state, source, count(*) FROM sync_write WHERE tenant_id = %s GROUP BY 1, 2", scene.tenant
    ):
        result.writes[f"{source} {state}"] += count
    if result.violations:
        logs.keep(stage, mark, keep / f"seed-{plan.seed}", scene, result.as_json())
    stage.leave(scene)
    result.seconds = time.monotonic() - began
    return result


def _happen(plan: Plan, crowd: Crowd, striker: Striker) -> None:
    for step in plan.steps:
        blow = step.blow
        if blow is None:
            crowd.act(step.happening)
        elif blow.point:
            striker.at_point(blow, lambda happening=step.happening: crowd.act(happening))  # type: ignore[misc]
        else:
            crowd.act(step.happening)
            time.sleep(blow.after)
            striker.at_random(blow)
        time.sleep(step.pause)


def _judge(stage: Stage, scene: Scene, plan: Plan, crowd: Crowd, rest: Rest, result: Result) -> None:
    stage.await_ready()
    seen = _observe(stage, scene, plan, crowd)
    result.records = sum(map(len, seen.store.values()))
    result.violations += violations(seen)
    again = rest.round()
    if again:
        result.violations.append(f"a further round at rest made {again} writes by the access logs")
    result.violations += remains(stage, scene)


def _observe(stage: Stage, scene: Scene, plan: Plan, crowd: Crowd) -> Observed:
    remotes = stage.remotes
    overruled = stage.sql("SELECT value #>> '{}' FROM sync_overruled WHERE tenant_id = %s", scene.tenant)
    carried = stage.sql(
        "SELECT e.value ->> 1 FROM sync_change c, jsonb_each(c.fields) e"
        " WHERE c.tenant_id = %s AND c.source = 'bridge'"
        # What a record was created with is known from the first change of it.
        " UNION SELECT e.value ->> 0 FROM sync_change made JOIN sync_change c USING (tenant_id, record_id),"
        " jsonb_each(c.fields) e"
        " WHERE made.tenant_id = %s AND made.kind = 'created' AND made.source = 'bridge'",
        scene.tenant,
        scene.tenant,
    )
    return Observed(
        plan,
        crowd.books,
        {side: remote.tickets() for side, remote in remotes.items()},
        {s: crowd.caller.everything("ticketing/v1/tickets", a.token) for s, a in scene.accounts.items()},
        {side: list(remote.proxy.calls) for side, remote in remotes.items()},
        frozenset(str(value) for (value,) in overruled),
        frozenset(str(value) for (value,) in carried),
        {side: frozenset(_gone(stage, account.id)) for side, account in scene.accounts.items()},
    )


def _gone(stage: Stage, account: object) -> list[str]:
    rows = stage.sql(
        "SELECT remote_id FROM ticketing_ticket WHERE linked_account_id = %s AND remote_was_deleted", account
    )
    return [remote_id for (remote_id,) in rows]
