"""The description's own examples, where it is at hand: nothing of them is set aside, and no word is unknown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from integrations.kit.decoding import Seen, decode_page
from tests.emulators import official
from tests.emulators.vendors import github as desk
from tests.integrations.providers.github.hub import resource
from unified_api.models.ticketing import Collection, Comment, Tag, Team, Ticket, User

HOME = "/repos/{owner}/{repo}"
#: The addresses at which the adapter reads a model.
READ: dict[Any, tuple[str, ...]] = {
    Ticket: (f"{HOME}/issues", f"{HOME}/issues/{{issue_number}}"),
    Comment: (f"{HOME}/issues/comments", f"{HOME}/issues/comments/{{comment_id}}"),
    Tag: (f"{HOME}/labels", f"{HOME}/labels/{{name}}"),
    Collection: (HOME,),
    User: (f"{HOME}/assignees", "/users/{username}"),
    Team: ("/orgs/{org}/teams",),
}


def test_every_example_of_the_description_is_understood() -> None:
    """Of each address that is read, each record in its examples; issues and repositories have none there any more."""
    judge = official.description(desk.vendor)
    understood = set()
    for model, paths in READ.items():
        for one in (one for path in paths for one in _examples(judge.document if judge else None, path)):
            decoding = decode_page(resource(model), [one], Seen(1, 2, "/", "list", dirty=False))
            assert (decoding.bad, decoding.unknown, len(decoding.observations)) == ((), {}, 1)
            understood.add(model)

    assert judge is None or understood >= {Comment, Tag, User, Team}


def _examples(document: Any, path: str) -> Iterator[Any]:
    """The records in the examples of what a GET of a path answers."""
    if document is None:
        return
    content = document["paths"][path]["get"]["responses"]["200"]["content"]
    for example in content["application/json"].get("examples", {}).values():
        named = example.get("$ref", "").rpartition("/")[2]
        value = (document["components"]["examples"][named] if named else example)["value"]
        yield from value if isinstance(value, list) else [value]
