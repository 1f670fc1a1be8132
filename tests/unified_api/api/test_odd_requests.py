"""Requests that no client means: each gets an answer that names what is wrong, and nothing of it is done.

Most of these were found by `make fuzz`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unified_api.api.conftest import Linked, caller
from unified_api.models.fields import parse_instant
from unified_api.sync.models import Write

SAID = "a text without NUL characters is expected"
NESTED = '{{"model": {{"name": "Printer", "odd": {}{}}}}}'


def asked(api: Linked, method: str, path: str, body: str, **headers: str) -> Any:
    """The answer to a request with this text as its body."""
    sent = {"data": body, "content_type": "application/json"}
    return getattr(caller(), method)(f"/api/{path}", **sent, headers={**api.headers, **headers})


@pytest.mark.parametrize(
    ("model", "place"),
    [
        ({"odd": {"deep": ["a\0b"]}}, "model.odd.deep"),
        ({"name": "Printer", "tags": ["\0"]}, "model.tags"),
        ({"name": "Printer", "a\0b": 1}, "model.a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_a_text_that_cannot_be_stored_is_refused_with_its_place(
    api: Linked, model: dict[str, Any], place: str
) -> None:
    """Wherever in a body it stands: no column holds a NUL, and JSON columns fail on one."""
    answer = asked(api, "post", "ticketing/v1/tickets", json.dumps({"model": model}))

    assert (answer.status_code, answer.json()) == (400, {place: [SAID]})
    assert api.stored(Write.objects.count) == 0


@pytest.mark.parametrize(("levels", "status"), [(200, 201), (300, 400), (2000, 400)])
def test_what_is_nested_too_deeply_is_refused(api: Linked, levels: int, status: int) -> None:
    """What cannot be written as JSON again is not taken."""
    body = NESTED.format("[" * levels, "]" * levels)

    assert asked(api, "post", "ticketing/v1/tickets", body).status_code == status


@pytest.mark.parametrize("name", ["is_debug_mode", "run_async"])
def test_a_write_that_is_to_be_answered_in_an_unknown_way_is_not_begun(api: Linked, name: str) -> None:
    """It is refused before it is journalled, and not answered as uncertain after it was carried out."""
    answer = asked(api, "post", f"ticketing/v1/tickets?{name}=perhaps", '{"model": {"name": "Printer"}}')

    assert (answer.status_code, list(answer.json())) == (400, [name])
    assert api.stored(Write.objects.count) == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "linked-account-scopes", {"common_models": [{"model_name": ["Ticket"]}]}),
        (
            "post",
            "linked-account-scopes",
            {"common_models": [{"model_name": "Ticket", "field_permissions": {"disabled_fields": {}}}]},
        ),
        (
            "put",
            "selective-sync/conditions",
            {
                "conditions": [
                    {"common_model": {}, "normalized_key_name": "", "operator": "EQUALS", "value": 1}
                ]
            },
        ),
        (
            "put",
            "selective-sync/conditions",
            {
                "conditions": [
                    {
                        "common_model": "Ticket",
                        "normalized_key_name": "tags",
                        "operator": "HAS_ALL_OF",
                        "value": [{}],
                    }
                ]
            },
        ),
        (
            "post",
            "link-token",
            {
                "end_user_email_address": "",
                "end_user_organization_name": "",
                "end_user_origin_id": "c",
                "categories": ["ticketing"],
                "common_models": [{"model_id": "Ticket", "enabled_actions": 1}],
            },
        ),
        *(
            (
                "post",
                "link-token",
                {
                    "end_user_email_address": "",
                    "end_user_organization_name": "",
                    "end_user_origin_id": "c",
                    "categories": ["ticketing"],
                    "common_models": [{"model_id": "Ticket", name: odd}],
                },
            )
            for name, odd in (("enabled_actions", 0), ("enabled_actions", ["ALL"]), ("disabled_fields", {}))
        ),
        ("post", "passthrough", {"method": "GET", "path": "/", "normalize_response": "yes"}),
        ("post", "async-passthrough", {"method": "GET", "path": "/", "headers": "", "request_format": ""}),
        (
            "post",
            "passthrough",
            {
                "method": "GET",
                "path": "/",
                "multipart_form_data": [{"name": "a", "data": "b", "file_name": []}],
            },
        ),
    ],
)
def test_a_value_of_an_odd_type_is_refused(api: Linked, method: str, path: str, body: dict[str, Any]) -> None:
    """Also where another key makes it meaningless."""
    answer = asked(api, method, f"ticketing/v1/{path}", json.dumps(body))

    assert answer.status_code == 400, answer.content
    assert set(answer.json()) <= set(body), answer.content


@pytest.mark.parametrize("path", ["ticketing/v1/tickets", "sync/v1/changes", "docs"])
def test_what_is_not_allowed_is_not_said_to_be(api: Linked, path: str) -> None:
    """The methods in Allow are those that are answered."""
    answer = asked(api, "options", path, "")

    allowed = answer.headers["Allow"].split(", ")
    assert answer.status_code == 405
    assert not {"OPTIONS", "TRACE"} & {*allowed}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-06-30T23:59:60Z", "2026-06-30T23:59:59+00:00"),
        ("2026-06-30t23:59:60.5+02:00", "2026-06-30T21:59:59.500000+00:00"),
        ("2026-06-30t23:59:59z", "2026-06-30T23:59:59+00:00"),
    ],
)
def test_a_time_is_understood_as_rfc_3339_writes_it(text: str, meant: str) -> None:
    """With small letters, and with a leap second, which counts as the one before it."""
    assert parse_instant(text).isoformat() == meant


@pytest.mark.parametrize("name", ["include_remote_data", "include_shell_data", "is_custom"])
def test_a_flag_is_understood_also_where_it_has_no_effect(api: Linked, name: str) -> None:
    """Who misspells it learns so, whether there is something to show or not."""
    answer = api.get("tickets/remote-field-classes", {name: "1.6e308"})

    assert (answer.status_code, list(answer.json())) == (400, [name])


def test_a_permission_that_is_null_says_nothing(api: Linked) -> None:
    """As a part that is left out; the document allows both."""
    about = {"model_name": "Ticket", "model_permissions": {"READ": {"is_enabled": False}, "WRITE": None}}
    answer = api.send("post", "linked-account-scopes", {"common_models": [about]})

    [told] = [one for one in answer.json()["common_models"] if one["model_name"] == "Ticket"]
    assert told["model_permissions"] == {"READ": {"is_enabled": False}, "WRITE": {"is_enabled": True}}
