"""The wire contract, read from the official client by introspection: its operations, their parameters, its types."""

from __future__ import annotations

import ast
import enum
import inspect
import re
import textwrap
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import pydantic
from merge.client import Merge

CATEGORIES = ("hris", "crm", "ticketing")
_CLIENT = Merge(api_key="", base_url="http://nowhere.test")


@dataclass(frozen=True)
class Operation:
    """One call of the client. path: from the category on, with `{}` in the place of ids. call: its name there.

    answer: the class it makes. body: the class of the `model` that it sends.
    """

    category: str
    method: str
    path: str
    call: str
    query: dict[str, Any]
    answer: type | None
    body: type | None

    def words(self, parameter: str) -> set[str]:
        """The words that a parameter can have; of one that takes several with commas, each by itself."""
        return {word for told in words(self.query[parameter]) for word in told.split(",")}


@cache
def operations(category: str) -> tuple[Operation, ...]:
    """All calls that the client has for a category."""
    found = []
    for name in dir(getattr(_CLIENT, category)):
        client = getattr(getattr(_CLIENT, category), name)
        if not name.startswith("_") and hasattr(client, "with_raw_response"):
            found += list(_of(category, name, client.with_raw_response))
    return tuple(found)


def _of(category: str, resource: str, raw: Any) -> Iterator[Operation]:
    for name, call in inspect.getmembers(raw, inspect.ismethod):
        if not name.startswith("_"):
            yield _operation(category, f"{resource}.{name}", call)


def _operation(category: str, name: str, call: Callable[..., Any]) -> Operation:
    """A call sends one request: its address and method are literals, its query a dictionary of its arguments."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(call)))
    asked = ("request", "stream")
    sent = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in asked
    )
    given = {keyword.arg: keyword.value for keyword in sent.keywords}
    hints = typing.get_type_hints(call)
    query = [] if "params" not in given else [ast.literal_eval(key) for key in given["params"].keys]  # type: ignore[attr-defined]
    return Operation(
        category,
        ast.literal_eval(given["method"]),
        re.sub(rf"^{category}/v1/", "", _spelled(sent.args[0])),
        name,
        {one: hints[one] for one in query},
        _answer(hints["return"]),
        next(iter(classes(hints.get("model"))), None),
    )


def _spelled(address: ast.expr) -> str:
    if isinstance(address, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in address.values]
        return "".join(map(str, parts))
    return str(ast.literal_eval(address))


def _answer(annotation: Any) -> type | None:
    """The class in `HttpResponse[...]`; None for a call that answers nothing, bytes or a mapping."""
    told = typing.get_args(annotation)
    return told[0] if told and isinstance(told[0], type) and hasattr(told[0], "model_fields") else None


def fields(category: str, name: str) -> dict[str, Any]:
    """The annotations of a type of the client, by attribute."""
    return {key: told.annotation for key, told in _type(category, name).model_fields.items()}


def keys(category: str, name: str) -> set[str]:
    """The keys of a type of the client, as its JSON has them."""
    return {told.alias or key for key, told in _type(category, name).model_fields.items()}


def _type(category: str, name: str) -> type[pydantic.BaseModel]:
    found: type[pydantic.BaseModel] = getattr(import_module(f"merge.resources.{category}.types"), name)
    return found


def results(operation: Operation) -> type | None:
    """Of a call that answers with a page, the class of what stands in it."""
    told = getattr(operation.answer, "model_fields", {}).get("results")
    return classes(told.annotation)[0] if told else None


def classes(annotation: Any) -> list[type]:
    """The types of the client that an annotation names, however deep."""
    return [found for found in inside(annotation) if hasattr(found, "model_fields")]


def words(annotation: Any) -> list[str]:
    """The words that an annotation names."""
    literal = [w for part in literals(annotation) for w in typing.get_args(part)]
    listed = [w.value for c in inside(annotation) if issubclass(c, enum.Enum) for w in c]
    return [*literal, *listed]


def literals(annotation: Any) -> list[Any]:
    """The literals in an annotation."""
    if typing.get_origin(annotation) is typing.Literal:
        return [annotation]
    return [found for part in typing.get_args(annotation) for found in literals(part)]


def inside(annotation: Any) -> list[type]:
    """The classes that an annotation names, however deep."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return [annotation]
    return [found for part in typing.get_args(annotation) for found in inside(part)]
