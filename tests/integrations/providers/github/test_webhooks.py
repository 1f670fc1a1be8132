"""Webhooks of GitHub: how they are proved, what they name, and how they are asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integrations.kit.signatures import Delivery
from integrations.kit.webhooks import Callback
from tests.integrations.lines import NOW, Key
from tests.integrations.listener import Told, listening, told
from tests.integrations.providers.github.hub import (
    HOME,
    PROVIDER,
    client,
    hub,
    writes,
)
from unified_api.models.ticketing import Comment, Tag, Ticket, User


def delivery(event: str, body: Any) -> Delivery:
    """One delivery, with the digest of GitHub's example."""
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    names = {
        "x-github-event": event,
        "x-github-delivery": "72d3162e",
        "x-hub-signature-256": f"sha256={digest}",
    }
    return Delivery(names, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_a_delivery_is_proved_as_github_documents_it() -> None:
    """The example of its documentation, https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries."""
    assert PROVIDER.webhooks is not None
    proof, secrets = PROVIDER.webhooks.proof, [Key("It's a Secret to Everybody")]

    assert proof.holds(delivery("ping", b"Hello, World!"), secrets, NOW)
    assert not proof.holds(delivery("ping", b"Hello, World?"), secrets, NOW)


@pytest.mark.parametrize(
    ("event", "body", "model", "named"),
    [
        ("issues", {"action": "transferred", "issue": {"id": 5, "number": 12}}, Ticket, ["12"]),
        (
            "issue_comment",
            {"action": "deleted", "issue": {"number": 12}, "comment": {"id": 77}},
            Comment,
            ["77"],
        ),
        ("label", {"label": {"name": "new"}, "changes": {"name": {"from": "old"}}}, Tag, ["new", "old"]),
        ("member", {"action": "added", "member": {"login": "ada"}}, User, [None]),
        ("ping", {"zen": "Keep it logically awesome."}, None, [None]),
    ],
)
def test_a_delivery_names_what_is_read_again(
    event: str, body: Any, model: Any, named: list[str | None]
) -> None:
    """Issues by number, comments by id, labels by their new and old names; of others the list is read."""
    assert PROVIDER.webhooks is not None
    hints = PROVIDER.webhooks.hints(delivery(event, body))

    assert [(hint.model, hint.remote_id) for hint in hints] == [(model, one) for one in named]
    assert PROVIDER.webhooks.name_of(delivery(event, body)) == "72d3162e"


def test_webhooks_are_asked_for_in_the_place_of_the_former() -> None:
    """The one that sends to the same address is removed, others stay; removing names the one that was made."""
    ours, others = "https://isthmus.example/webhooks/iwh_1", "https://ci.example/hook"
    hooks = [{"id": 1, "config": {"url": others}}, {"id": 2, "config": {"url": ours}}]
    repository = hub()
    repository.told |= {
        f"GET {HOME}/hooks": told(hooks),
        f"DELETE {HOME}/hooks/2": Told(204, b""),
        f"POST {HOME}/hooks": told({"id": 3}, 201),
        f"DELETE {HOME}/hooks/3": Told(204, b""),
    }
    with listening(repository) as server:
        account = client(server.url)
        made = account.subscribe(Callback(ours, Key("s3cret")))
        account.unsubscribe(made.id)

    assert [(one.method, one.path) for one in server.seen] == [
        ("GET", f"{HOME}/hooks"),
        ("DELETE", f"{HOME}/hooks/2"),
        ("POST", f"{HOME}/hooks"),
        ("DELETE", f"{HOME}/hooks/3"),
    ]
    config = {"url": ours, "content_type": "json", "secret": "s3cret"}
    assert writes(server.seen)[1] == (
        "POST",
        {
            "name": "web",
            "active": True,
            "events": ["issues", "issue_comment", "label", "member", "repository"],
            "config": config,
        },
    )
