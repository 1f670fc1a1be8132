"""Every answer of the API that any test gets, checked against the OpenAPI document: so the document tells the truth.

One place for all of them: `Endpoint.dispatch` is wrapped for the whole run, whoever calls it, in this process or over a
socket. An answer whose status or body the document does not have, a parameter that is read and not documented, a body
that was taken and could not be sent by the document, but for values of which a warning says that they were converted:
each fails the test in which it happened. Bodies of answers are read strictly: a key that the document does not name is
a mistake, although the document lets later versions add some.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pytest import MonkeyPatch  # noqa: PT013 - as a type

_FORMATS = FormatChecker(["uuid", "date-time"])
#: Where quick validators find what schemas refer to.
_HERE = "urn:document"
#: What was found wrong since the last look.
_wrong: list[str] = []


@pytest.fixture(scope="session", autouse=True)
def _watched() -> Iterator[None]:
    """Have every answer looked at."""
    from unified_api.api.endpoint import Endpoint
    from unified_api.api.params import Params

    answer, understand = Endpoint.dispatch, Params.__init__

    def dispatch(self: Endpoint, request: Any, *args: Any, **kwargs: Any) -> Any:
        response = answer(self, request, *args, **kwargs)
        _wrong.extend(mistakes(request, response))
        return response

    with MonkeyPatch.context() as patch:
        patch.setattr(Endpoint, "dispatch", dispatch)
        patch.setattr(Params, "__init__", lambda self, given: understand(self, Recorded(given)))  # type: ignore[arg-type]
        yield


@pytest.fixture(autouse=True)
def _documented(_watched: None) -> Iterator[None]:
    """Fail a test whose answers are not as the document says."""
    _wrong.clear()
    yield
    assert not _wrong, "\n".join(_wrong)


class Recorded:
    """Query parameters that remember which of them were read."""

    def __init__(self, given: Any) -> None:
        self.given = given
        given.read = getattr(given, "read", set())

    def __contains__(self, name: str) -> bool:
        self.given.read.add(name)
        return name in self.given

    def get(self, name: str) -> Any:
        """The last value."""
        self.given.read.add(name)
        return self.given.get(name)

    def getlist(self, name: str) -> Any:
        """All values."""
        self.given.read.add(name)
        return self.given.getlist(name)


def mistakes(request: Any, response: Any) -> Iterator[str]:
    """In what the document is wrong about an answer."""
    path = template_of(request.resolver_match.route)
    method = "get" if request.method == "HEAD" else request.method.lower()
    where = f"{request.method} {path} {response.status_code}"
    operation = _document()["paths"].get(path, {}).get(method)
    if request.method == "HEAD" and response.status_code == 405:  # there is no HEAD beside this GET
        return
    if operation is None:
        if response.status_code not in {401, 404, 405}:  # who asks for no operation is not always told so
            yield f"{where}: there is no such operation."
        return
    named = {one["name"] for one in map(_looked_up, operation["parameters"])}
    yield from (f"{where}: reads {name}." for name in getattr(request.GET, "read", set()) - named)
    told = operation["responses"].get(str(response.status_code))
    if told is None:
        yield f"{where}: there is no such status; the answer is {response.content[:500]!r}."
        return
    yield from (f"{where}: {problem}" for problem in _answer(_looked_up(told), response))
    if response.status_code < 300 and "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        found = _problems(json.dumps(schema), request.body or b"{}", strict=False)
        converted = tuple(_converted(response.content))
        yield from (f"{where}: sent {problem}" for problem in found if not problem.startswith(converted))


def _converted(content: bytes) -> Iterator[str]:
    """The places of what was sent as another type, by the warnings of an answer, as problems begin with them."""
    told = json.loads(content or b"null")
    for one in told.get("warnings", ()) if isinstance(told, dict) else ():
        if one["problem_type"] == "INCORRECT_FIELD_TYPE" and "source" in one:
            place = "$." + one["source"]["pointer"].replace("/", ".")
            yield from (f"{place}:", f"{place}[")


def template_of(route: str) -> str:
    """The document's path of a route."""
    from unified_api.api.openapi.document import VARIABLE

    return "/" + VARIABLE.sub(r"{\1}", route)


def _answer(told: dict[str, Any], response: Any) -> Iterator[str]:
    media = response.headers.get("Content-Type", "").partition(";")[0]
    kinds = told.get("content", {})
    if not kinds:
        if response.content:
            yield f"has a body: {response.content[:500]!r}."
    elif media not in kinds and "*/*" not in kinds:
        yield f"is {media}."
    elif media == "application/json":
        yield from _problems(json.dumps(kinds[media]["schema"]), response.content, strict=True)


def _problems(schema: str, body: bytes, *, strict: bool) -> Iterator[str]:
    told = json.loads(body)
    if _quick(schema, strict).is_valid(told):
        return
    for error in _validator(schema, strict).iter_errors(told):
        deep = error
        while deep.context:
            deep = max(deep.context, key=lambda one: len(one.absolute_path))
        yield f"{deep.json_path}: {deep.message[:500]}"


@functools.cache
def _quick(schema: str, strict: bool) -> Any:  # noqa: FBT001 - cached by it
    """Says only whether something is wrong, a hundred times as quickly as the one that has good words for it."""
    told = json.loads(schema.replace('"#/', f'"{_HERE}#/'))
    whole = _closed(told) if strict else told
    return jsonschema_rs.Draft202012Validator(whole, registry=_registry(strict), validate_formats=True)


@functools.cache
def _registry(strict: bool) -> Any:  # noqa: FBT001 - cached by it
    return jsonschema_rs.Registry([(_HERE, {"components": _components(strict)})])


@functools.cache
def _validator(schema: str, strict: bool) -> Any:  # noqa: FBT001 - cached by it
    told = json.loads(schema)
    whole = {**(_closed(told) if strict else told), "components": _components(strict)}
    return Draft202012Validator(whole, format_checker=_FORMATS)


@functools.cache
def _components(strict: bool) -> Any:  # noqa: FBT001 - cached by it
    """What schemas refer to: the same for all of them, and long."""
    components = _document()["components"]
    return _closed(components) if strict else components


def _closed(schema: Any) -> Any:
    """A schema whose objects have the keys that they are said to have, and no others."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if _is_object(schema) else {}
    return {**more, **{key: _closed(value) for key, value in schema.items()}}


def _is_object(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "object" and isinstance(schema.get("properties"), dict)


def _looked_up(one: dict[str, Any]) -> dict[str, Any]:
    from unified_api.api.openapi.document import looked_up

    return looked_up(_document(), one)


def _document() -> dict[str, Any]:
    from unified_api.api.openapi.document import document

    return document()
