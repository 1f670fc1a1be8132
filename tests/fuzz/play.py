"""One run: requests are generated out of the document and sent, and each answer goes through every check."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events
from schemathesis.engine.recorder import ScenarioRecorder

from tests.fuzz import terms
from tests.fuzz.caller import Caller
from tests.fuzz.known import Known, known
from tests.fuzz.stage import Stage
from unified_api.api.openapi.document import METHODS, Document

#: Edge cases of every parameter and key; random requests; random chains of requests.
PHASES: Final = ("coverage", "fuzzing", "stateful")
#: Seconds between two lines of progress, and characters of what is kept of an answer.
PROGRESS: Final = 15.0
SHOWN: Final = 1000


@dataclass(frozen=True)
class Wish:
    """What is wanted. examples: random requests of each operation. seconds: the most that it takes, if it is not 0.

    only: part of the paths that are asked. learns: whether answers lead to what is sent next, and so ids and times,
    which no seed gives.
    """

    seed: int
    examples: int
    seconds: int
    phases: tuple[str, ...] = PHASES
    only: str = ""
    learns: bool = True


@dataclass
class Result:
    """What came of a run. findings: by check, operation and title, the first one of each."""

    wish: Wish
    operations: int
    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    checks: Counter[str] = field(default_factory=Counter)
    findings: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    found: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    termed: Counter[terms.Term] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    why_it_ended: str = ""
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        """For programs."""
        answers: Counter[int] = sum(self.statuses.values(), Counter())
        good = [label for label, told in self.statuses.items() if any(200 <= s < 300 for s in told)]
        return {
            **vars(self.wish),
            "took": round(self.seconds, 1),
            "ended": self.why_it_ended,
            "operations": self.operations,
            "met": len(self.statuses),
            "met_with_success": len(good),
            "requests": answers.total(),
            "statuses": {str(status): answers[status] for status in sorted(answers)},
            "checks": dict(sorted(self.checks.items())),
            "termed": [
                {"why": term.why, "where": term.where, "says": term.says, "times": times}
                for term, times in self.termed.most_common()
            ],
            "findings": [{**one, "times": self.found[key]} for key, one in sorted(self.findings.items())],
            "errors": self.errors,
        }


def play(stage: Stage, wish: Wish, tell: Callable[[str], None]) -> Result:
    """Send what the wish asks for."""
    document: Document = stage.call("GET", "openapi.json")
    caller, began = Caller(stage), time.monotonic()
    there = known(stage, document, caller)
    document["paths"] = {path: item for path, item in document["paths"].items() if wish.only in path}
    operations = sum(method in item for item in document["paths"].values() for method in METHODS)
    schema = schemathesis.openapi.from_dict(document, config=_config(stage, wish, document, there))
    schema.auth.providers.append(caller)
    result = Result(wish, operations)
    _hook(schema, caller, result)
    said = began
    for event in engine.from_schema(schema).execute():
        before = len(result.findings)
        _note(result, event)
        result.seconds = time.monotonic() - began
        for one in list(result.findings.values())[before:]:
            tell(f"found: {one['check']} at {one['operation']}: {one['status']} {one['answer'][:200]}")
        if time.monotonic() - said > PROGRESS:
            said = time.monotonic()
            tell(_progress(result))
    return result


def _hook(schema: Any, caller: Caller, result: Result) -> None:
    """Have the tool tell of calls and of what its checks found; it knows a hook by its name."""

    def after_call(context: Any, case: Any, response: Any) -> None:
        caller.note(case.operation.path, response.status_code)

    def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
        passing = terms.passing(failure, case, response)
        result.termed.update(passing)
        return not passing

    schema.hook(after_call)
    schema.hook(filter_failure)


def _config(stage: Stage, wish: Wish, document: Document, there: Known) -> SchemathesisConfig:
    """Every check on, valid and invalid data, known ids in their places."""
    paths = [{"include-path": path, "parameters": there.of_path(path)} for path in document["paths"]]
    return SchemathesisConfig.from_dict(
        {
            "seed": wish.seed,
            "base-url": stage.url,
            "continue-on-failure": True,
            "max-failures": 10_000,
            "request-timeout": 60,
            "checks": {"enabled": True},
            "phases": {
                **{name: {"enabled": name in wish.phases} for name in (*PHASES, "examples")},
                "fuzzing": {
                    "enabled": "fuzzing" in wish.phases,
                    "extra-data-sources": {"responses": wish.learns},
                    "error-feedback": {"enabled": wish.learns},
                },
            },
            "generation": {
                "mode": "all",
                "max-examples": wish.examples,
                "no-shrink": True,
                "database": "none",
            },
            "dictionaries": there.dictionaries(),
            "parameters": there.everywhere(),
            "operations": [one for one in paths if one["parameters"]],
            **({"max-time": wish.seconds} if wish.seconds else {}),
        }
    )


def _note(result: Result, event: Any) -> None:
    if isinstance(event, events.ScenarioFinished):
        _note_answers(result, event.recorder)
    elif isinstance(event, events.NonFatalError):
        result.errors.append(f"{event.label}: {event.value}")
    elif isinstance(event, events.FatalError):
        result.errors.append(f"{type(event.exception).__name__}: {event.exception}")
    elif isinstance(event, events.EngineFinished):
        result.why_it_ended = str(event.stop_reason)


def _note_answers(result: Result, recorder: ScenarioRecorder) -> None:
    for case_id, met in recorder.interactions.items():
        if met.response is not None:
            label = recorder.cases[case_id].value.operation.label
            result.statuses.setdefault(label, Counter())[met.response.status_code] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            result.checks[check.name] += 1
            if check.failure_info:
                key, one = _finding(recorder, case_id, check.name, check.failure_info)
                result.found[key] += 1
                result.findings.setdefault(key, one)


def _finding(
    recorder: ScenarioRecorder, case_id: str, check: str, info: Any
) -> tuple[tuple[str, str, str], dict[str, Any]]:
    label = recorder.cases[case_id].value.operation.label
    met = recorder.interactions.get(case_id)
    answer = met.response if met else None
    return (check, label, info.failure.title), {
        "check": check,
        "operation": label,
        "title": info.failure.title,
        "message": info.failure.message,
        "request": info.code_sample,
        "status": answer.status_code if answer else None,
        "answer": answer.content[:SHOWN].decode(errors="replace") if answer and answer.content else "",
    }


def _progress(result: Result) -> str:
    sent = sum(told.total() for told in result.statuses.values())
    met = f"{len(result.statuses)} of {result.operations} operations"
    return f"{result.seconds:.0f} s: {sent} requests, {met}, {len(result.findings)} findings"


def lines(result: Result) -> Iterator[str]:
    """The result for people."""
    told = result.document()
    plain = [name for name, value in told.items() if not isinstance(value, list | dict)]
    yield from (f"{name}: {told[name]}" for name in plain)
    yield "statuses: " + ", ".join(f"{status}: {n}" for status, n in told["statuses"].items())
    yield from (
        f"passed by a term {one['times']} times: {one['why']} ({one['says']})" for one in told["termed"]
    )
    yield "checks: " + ", ".join(f"{name} {n}" for name, n in told["checks"].items())
    for one in told["findings"]:
        yield f"\n{one['check']} at {one['operation']}: {one['title']} ({one['times']} times)"
        yield f"{one['message']}\n{one['request']}\n{one['status']} {one['answer']}"
    yield from (f"\nnot tested: {error}" for error in told["errors"])
