"""The OpenAPI document: valid, complete, open to everybody. Whether it tells the truth `tests.documented` sees to."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.urls import resolve
from django.utils.html import escape
from openapi_spec_validator import validate

from tests import documented
from tests.unified_api.api.test_isolation import routes
from unified_api import __version__
from unified_api.api import filters, orders
from unified_api.api.cursors import Window
from unified_api.api.extras import Extras
from unified_api.api.openapi.document import METHODS, document
from unified_api.api.openapi.schema import any_of, columns, maybe, named, record
from unified_api.api.params import Params
from unified_api.api.render import form
from unified_api.models.base import CommonModel, common_models, model_id, wire_fields
from unified_api.models.fields import Choice, Choices
from unified_api.models.ticketing import Ticket

TOLD = document()


def operations() -> dict[str, dict[str, Any]]:
    """All operations, by method and path."""
    return {f"{m} {path}": item[m] for path, item in TOLD["paths"].items() for m in METHODS if m in item}


def parameters(operation: dict[str, Any]) -> set[str]:
    """The names of an operation's parameters, but for those of headers."""
    found = [documented._looked_up(one) for one in operation["parameters"]]
    return {one["name"] for one in found if one["in"] == "query"}


def test_the_document_is_valid() -> None:
    """A validator of others finds OpenAPI 3.1 in it."""
    validate(TOLD)
    assert (TOLD["openapi"], TOLD["info"]["version"]) == ("3.1.0", __version__)


def test_every_route_has_its_path_and_every_path_its_route() -> None:
    """Each pattern below /api has a path with its methods, and no path is without a pattern."""
    served = {documented.template_of(route): route for route in routes() if route != "api/"}
    assert set(TOLD["paths"]) == set(served)

    for path, item in TOLD["paths"].items():
        view: Any = resolve("/" + served[path].replace("<str:id>", "1")).func
        offered = view.initkwargs.get("http_method_names", view.cls.http_method_names)
        assert [m for m in METHODS if m in item] == [
            m for m in METHODS if m in offered and hasattr(view.cls, m)
        ]


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    """For people, and for programs that make clients out of it."""
    found = operations()
    assert len({one["operationId"] for one in found.values()}) == len(found)
    assert [name for name, one in found.items() if not one["summary"] or not one["tags"][0]] == []


@pytest.mark.parametrize("model", common_models())
def test_a_component_has_what_a_record_shows(model: type[CommonModel]) -> None:
    """The keys of the rendered form, with the words of each list."""
    component = TOLD["components"]["schemas"][model_id(model)]
    own_words = [f"{n}_native" for n, f in wire_fields(model).items() if isinstance(f, Choice | Choices)]
    assert component["required"] == list(form(model).names)
    assert list(component["properties"]) == [*form(model).names, *own_words]
    for name, field in wire_fields(model).items():
        if isinstance(field, Choice):
            assert list(field.words) in [one.get("enum") for one in component["properties"][name]["anyOf"]]


@pytest.mark.parametrize("model", common_models())
def test_a_list_has_the_parameters_that_it_reads(model: type[CommonModel]) -> None:
    """What the code looks at when it lists a model is what the document names, no more and no less."""
    given = documented.Recorded(QueryDict())
    params = Params(given)  # type: ignore[arg-type] # enough of a QueryDict
    filters.conditions(model, params)
    orders.asked(model, params)
    Window.asked(params, "a list")
    Extras.asked(model, params)
    room = model._meta.app_label if model.wire.contract else "sync"

    lists = [
        one
        for place, one in operations().items()
        if re.fullmatch(rf"get /api/{room}/v1/(.*}}/)?{model.wire.path}", place)
    ]

    assert lists
    assert all(given.given.read == parameters(one) for one in lists)


def test_relations_nest_and_are_written_in_three_ways() -> None:
    """A relation is an id or, expanded, the record; it is sent as an id, as a record, or by its owner's id."""
    schemas = TOLD["components"]["schemas"]
    shown = schemas["ticketing.Ticket"]["properties"]["creator"]["anyOf"]
    sent = schemas["ticketing.Ticket.Create"]["properties"]["model"]["properties"]

    assert {"$ref": "#/components/schemas/ticketing.User"} in shown
    assert len(sent["creator"]["anyOf"]) == 4
    assert "remote_created_at" not in sent
    assert "remote_created_at" in schemas["ticketing.Ticket.Push"]["properties"]["model"]["properties"]


def test_everybody_may_read_it_and_keep_it() -> None:
    """No key is needed; who has the version that there is gets 304."""
    for path in ("/api/openapi.json", "/api/docs"):
        answer = Client().get(path)
        assert answer.status_code == 200
        assert "public" in answer.headers["Cache-Control"]
        again = Client().get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert orjson.loads(Client().get("/api/openapi.json").content) == TOLD


def test_the_page_names_every_operation_and_fetches_nothing() -> None:
    """Each operation and component is there, no link of it leads to nothing, and nothing is loaded or run."""
    answer = Client().get("/api/docs")
    page = answer.content.decode()
    ids = set(re.findall(r'id="([^"]+)"', page))

    assert {one["operationId"] for one in operations().values()} | set(TOLD["components"]["schemas"]) <= ids
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    quoted = re.sub(r"(?s)<pre>.*?</pre>", "", page)  # an address in an example is text
    assert re.findall(r"<script|<link|<img|src=|https?://|@import", quoted) == []
    assert "<script" not in page


def test_the_page_is_found_at_the_root_too() -> None:
    """/docs leads there."""
    answer = Client().get("/docs")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/api/docs")


@pytest.mark.parametrize("model", [one for one in common_models() if one.wire.contract and one.wire.alone])
def test_lists_and_records_have_examples(model: type[CommonModel]) -> None:
    """Each list of the contract and each record shows one, of its schema, which the page shows as well."""
    base = f"/api/{model._meta.app_label}/v1/{model.wire.path}"
    for path in (base, f"{base}/{{id}}"):
        told = TOLD["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        schema, example = orjson.dumps(told["schema"]).decode(), orjson.dumps(told["example"])
        assert [*documented._problems(schema, example, strict=True)] == []
    page = Client().get("/docs", follow=True).content.decode()
    assert escape(f'"id": "{told["example"]["id"]}"') in page


def asked(route: str, answer: HttpResponse, **more: Any) -> list[str]:
    """What the document is wrong about, if a route answers so."""
    request = {"method": "GET", "GET": QueryDict(), "resolver_match": SimpleNamespace(route=route), **more}
    return list(documented.mistakes(SimpleNamespace(**request), answer))


def test_an_answer_that_is_not_documented_is_found() -> None:
    """A further key, a missing one, another type, status or media type, a parameter, a body: each is a mistake."""

    def json(data: Any, status: int = 200) -> HttpResponse:
        return HttpResponse(orjson.dumps(data), status=status, content_type="application/json")

    why = "api/sync/v1/conflicts/resolve"
    page: dict[str, Any] = {"next": None, "previous": None, "results": []}
    body = {"bridge_id": "7b1f8a52-6f3c-4f0e-9a53-0d2f5b6c1e77", "resolution": "a"}
    sent = {"method": "POST", "body": orjson.dumps(body)}
    read = QueryDict(mutable=True)
    read.read = {"shape"}  # type: ignore[attr-defined] # as the recorder leaves it

    assert asked(why, json({"resolved": 1}), **sent) == []
    assert asked("api/sync/v1/plans", json(page)) == []
    for found in (
        asked(why, json({"resolved": 1, "more": 1}), **sent),
        asked(why, json({}), **sent),
        asked(why, json({"resolved": "1"}), **sent),
        asked(why, json({"resolved": 1}, 201), **sent),
        asked(why, HttpResponse(b"1", content_type="text/plain"), **sent),
        asked(why, json({"resolved": 1}), **{**sent, "body": b'{"resolution": "c"}'}),
        asked("api/sync/v1/plans", json(page), GET=read),
        asked("api/sync/v1/plans", json({**page, "results": [{"id": "1"}]})),
    ):
        assert len(found) >= 1


def test_an_id_and_a_time_are_looked_at() -> None:
    """Formats are not only said: what is no UUID or no date-time is a mistake."""
    change = "#/components/schemas/ChangeRun"
    right = {
        "id": "7b1f8a52-6f3c-4f0e-9a53-0d2f5b6c1e77",
        "mode": "changes",
        "started": "2026-01-31T09:30:00Z",
    }
    for wrong in ({}, {"id": "1"}, {"started": "yesterday"}):
        found = list(
            documented._problems(f'{{"$ref": "{change}"}}', orjson.dumps({**right, **wrong}), strict=True)
        )
        assert bool(found) is bool(wrong), found


def test_two_components_of_one_name_are_refused() -> None:
    """What is said once is true wherever it is referred to."""
    from unified_api.api.openapi.document import Parts

    parts = Parts()
    parts.placed(named("One", record({"a": maybe({"type": "string"})})))
    parts.placed(named("One", record({"a": maybe({"type": "string"})})))
    with pytest.raises(ValueError, match="Two components of the OpenAPI document are called One"):
        parts.placed(any_of(named("One", record(columns(Ticket, "remote_id")))))
