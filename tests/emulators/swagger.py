"""Descriptions of the older form, Swagger 2, as OpenAPI 3 has them: what is asked and answered stays the same."""

from __future__ import annotations

from typing import Any, Final

_JSON: Final = "application/json"
#: What stands beside a parameter in Swagger 2, and within its schema in OpenAPI 3.
_OUTSIDE: Final = frozenset({"name", "in", "description", "required"})


def as_openapi(document: dict[str, Any]) -> dict[str, Any]:
    """The same document in OpenAPI 3; one that is not of the older form as it is."""
    if document.get("swagger") != "2.0":
        return document
    paths = {
        path: {method: _operation(told) for method, told in methods.items()}
        for path, methods in document["paths"].items()
    }
    return {"openapi": "3.0.3", "info": document["info"], "paths": paths, "components": {"schemas": {}}}


def _operation(told: dict[str, Any]) -> dict[str, Any]:
    parameters = told.get("parameters", ())
    bodies = [one for one in parameters if one["in"] == "body"]
    others = [_parameter(one) for one in parameters if one["in"] != "body"]
    body = {"requestBody": {"content": _content(bodies[0]["schema"])}} if bodies else {}
    answers = {status: _answer(one) for status, one in told["responses"].items()}
    return {"parameters": others, "responses": answers, **body}


def _parameter(told: dict[str, Any]) -> dict[str, Any]:
    schema = {name: value for name, value in told.items() if name not in _OUTSIDE}
    return {**{name: value for name, value in told.items() if name in _OUTSIDE}, "schema": schema}


def _answer(told: dict[str, Any]) -> dict[str, Any]:
    shown = {"content": _content(told["schema"])} if "schema" in told else {}
    return {"description": told.get("description", ""), **shown}


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {_JSON: {"schema": schema}}
