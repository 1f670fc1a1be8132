"""Any operation on records, called by the official client with arguments that earlier answers gave.

A path of the client says what it needs: in the place of an id stands one of a record that is listed there, and what is
to be written is what a record of that list has in the fields that the operation's meta names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from merge.resources.crm.types import IgnoreCommonModelRequest

from tests.unified_api.api.account.calls import TABLE
from tests.unified_api.models import contract
from tests.unified_api.models.answers import checked, problems
from tests.unified_api.models.contract import Operation

Rows = list[dict[str, Any]]
MANY: Final = 100
ADDRESS: Final = "file_url"
GDPR: Any = "GDPR"  # a word of a type that each category has for itself
FORGET: Final = {"request": IgnoreCommonModelRequest.model_construct(reason=GDPR)}
#: The ends of paths that are about the records of what stands before.
ABOUT: Final = re.compile(r"/(ignore|meta/patch|meta/post|download)(?=/|$)")


@dataclass(frozen=True)
class Manner:
    """How a client differs from others.

    judged: the decoded JSON of a raw response to a call; fails unless it is a good one of its type. sends: whether the
    client can send a field in a body of this type.
    """

    judged: Callable[[Any, Any], Any]
    sends: Callable[[type, str], bool]


PYTHON: Final = Manner(checked, lambda _body, _field: True)


class Driver:
    """The client of a category, as somebody for an account there.

    file_url: where a file is that can be uploaded. manner: of the client.
    rows: by path what is listed there, with the ids in that path. answers: to every call that was made, by its name.
    """

    def __init__(self, category: str, client: Any, file_url: str, manner: Manner) -> None:
        self.category, self.client, self.file_url, self.manner = category, client, file_url, manner
        self.rows: dict[str, tuple[list[str], Rows]] = {}
        self.answers: dict[str, Any] = {}

    def operations(self) -> list[Operation]:
        """Those on records in the order in which they can be called: lists, what can be written, all else."""

        def rank(one: Operation) -> tuple[bool, int, bool, bool]:
            return not _lists(one), one.path.count("{}"), "/meta/" not in one.path, "/ignore/" in one.path

        account_level = {name for name, _given, _of in TABLE}
        told = [one for one in contract.operations(self.category) if one.call not in account_level]
        return sorted(told, key=rank)

    def drive(self, one: Operation) -> None:
        """Call it, and check its answer."""
        if one.path in OWN:
            self._call(one, **OWN[one.path](self))
        elif _lists(one):
            self._list(one)
        elif one.body is not None:
            self._write(one)
        else:
            self._call(one, *self._ids(one.path), **(FORGET if "/ignore/" in one.path else {}))

    def _call(self, one: Operation, *ids: str, **more: Any) -> Any:
        """The decoded JSON of a call, whose answer has to be a good one of its type; of a stream, its bytes."""
        resource, verb = one.call.split(".")
        raw = getattr(getattr(self.client, resource).with_raw_response, verb)
        told = raw(*ids, **more)
        streams = isinstance(told, AbstractContextManager)
        self.answers[one.call] = self._streamed(one, told) if streams else self.manner.judged(raw, told)
        return self.answers[one.call]

    def _streamed(self, one: Operation, told: AbstractContextManager[Any]) -> bytes:
        """What comes as bytes: a file, or a page of what is listed one step above in the path."""
        with told as response:
            content = b"".join(response.data)
        assert content, one.call
        if response.headers["content-type"] == "application/json":
            listed = self._lister(one.path.rpartition("/")[0])
            page = json.loads(content)
            assert page["results"], one.call
            assert problems(page, listed.answer) == [], one.call
        return content

    def _list(self, one: Operation) -> None:
        """A page that is not empty; of what stands below others, below the first one that has any."""
        for ids in self._places(one.path):
            if rows := self.listed(one.path, *ids):
                self.rows[one.path] = (ids, rows)
                return
        raise AssertionError(f"{one.call} is empty")

    def listed(self, path: str, *ids: str) -> Rows:
        """A page of what stands below these ids."""
        rows: Rows = self._call(self._lister(path), *ids, page_size=MANY)["results"]
        return rows

    def _lister(self, path: str) -> Operation:
        return next(one for one in self.operations() if one.path == path and _lists(one))

    def _places(self, path: str) -> Iterator[list[str]]:
        """All ids that can stand in the path of a list."""
        above, below, _ = path.rpartition("/{}/")
        for ids in self._places(above) if below else ():
            yield from ([*ids, row["id"]] for row in self.listed(above, *ids))
        if not below:
            yield []

    def _ids(self, path: str) -> list[str]:
        """Ids for the places of a path; of a record, the last one that is listed."""
        bare = ABOUT.sub("", path)
        if not bare.endswith("{}"):
            return self.rows[bare][0] if "{}" in bare else []
        ids, rows = self.rows[bare.removesuffix("/{}")]
        return [*ids, rows[-1]["id"]]

    def _write(self, one: Operation) -> None:
        """Send what a record of the same list has; nothing stands against it, and it is answered."""
        model: Any = one.body
        sent = self._values(one)
        told = self._call(one, *self._ids(one.path), model=model(**sent))
        assert (told["errors"], told["warnings"]) == ([], []), one.call
        plain = {name: value for name, value in sent.items() if isinstance(value, str) and name != ADDRESS}
        assert plain.items() <= told["model"].items(), one.call

    def _values(self, one: Operation) -> dict[str, Any]:
        """What a listed record has in all fields that the operation's meta names, and another text in one of them."""
        bare = ABOUT.sub("", one.path)
        kind = "/meta/patch" if one.method == "PATCH" else "/meta/post"
        meta = next(o for o in self.operations() if kind in o.path and ABOUT.sub("", o.path) == bare)
        schema = self.answers[meta.call]["request_schema"]["properties"]["model"]
        body: Any = one.body
        known = [name for name in schema["properties"] if self.manner.sends(body, name)]
        rows = self.rows[bare.removesuffix("/{}")][1]
        row = next(row for row in reversed(rows) if all(row.get(name) for name in schema.get("required", ())))
        values = {name: row[name] for name in known if row.get(name) is not None}
        texts = [name for name in values if _is_text(schema["properties"][name])]
        changed = {name: f"{values[name]} anew" for name in texts[:1]}
        return {**values, **changed, **({ADDRESS: self.file_url} if ADDRESS in schema["properties"] else {})}


def _lists(one: Operation) -> bool:
    return contract.results(one) is not None


def _is_text(schema: dict[str, Any]) -> bool:
    """Whether it may be any text."""
    return schema.get("type") == "string" and not {"enum", "format"} & set(schema)


def _associated(driver: Driver) -> dict[str, str]:
    """An object, and one of a class with which its own class can be associated."""
    [above], kinds = driver.rows["custom-object-classes/{}/association-types"]
    target, kind = next(
        (told["id"], kind["id"])
        for kind in kinds
        for told in kind["target_object_classes"]
        if told["origin_type"] == "CUSTOM_OBJECT"
    )
    objects = "custom-object-classes/{}/custom-objects"
    return {
        "source_class_id": above,
        "source_object_id": driver.listed(objects, above)[-1]["id"],
        "target_class_id": target,
        "target_object_id": driver.listed(objects, target)[-1]["id"],
        "association_type_id": kind,
    }


#: Operations whose arguments do not follow from their paths.
OWN: Final[dict[str, Callable[[Driver], dict[str, Any]]]] = {
    "tickets/live-search": lambda _: {"status": "OPEN"},
    "custom-object-classes/{}/custom-objects/{}/associations/{}/{}/{}": _associated,
}
