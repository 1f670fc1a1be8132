"""Clients that page through the lists of one model while its records are made, changed and deleted.

A client for each filter and each order of a list reads page by page to its end, and back. What was there throughout has
to be met once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from hypothesis import strategies as st

from tests.unified_api.api.pushing import Product
from tests.unified_api.models import strategies
from unified_api.api import filters, orders
from unified_api.models.base import CommonModel, common_model, model_id, relations, wire_fields

#: Records that are there when a client begins to read.
ROWS: Final = 5
#: Values that a field takes in one example: few, so that a filter finds several records and leaves others out.
VALUES: Final = 2
#: How often somebody changes something in the course of a walk, at the most: a list could grow for ever.
BURSTS: Final = 2
#: Which field the filters of every list look at.
OF_EVERY_LIST: Final = {
    **{f"{word}_{side}": f"{word}_at" for word in ("created", "modified") for side in ("after", "before")},
    **dict.fromkeys(("remote_id", "remote_ids"), "remote_id"),
}
#: More than there are, so that one page shows the whole list.
ALL: Final = 100
Row = dict[str, Any]


@dataclass
class Reader:
    """A client that reads one list page by page. sort: the field by which it is ordered, beside the age.

    kept: what stood in the list at every look, and at which place. met: what was there at some look. last: the page
    that was read last, and back: the cursor of the one before it. pages: how many were read.
    """

    product: Product
    path: str
    query: dict[str, str]
    size: int
    sort: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    pages: int = 0
    cursor: str | None = None
    back: str | None = None
    is_done: bool = False

    def __post_init__(self) -> None:
        self.kept = self._whole()
        self.met = set(self.kept)

    def turn_back(self) -> None:
        """Go on the other way from the page that was read last."""
        self.cursor, self.seen = self.back, list(self.last)
        self.is_done = self.cursor is None

    def look(self) -> None:
        """Note the whole list as it is now."""
        now = self._whole()
        self.kept = {one: place for one, place in self.kept.items() if one in now and now[one] == place}
        self.met |= set(now)

    def _whole(self) -> dict[str, Any]:
        return {row["id"]: row.get(self.sort) for row in self._page({"page_size": str(ALL)})["results"]}

    def turn(self, way: str) -> None:
        """Read one page more, onwards (`next`) or back (`previous`)."""
        if self.is_done:
            return
        page = self._page({"page_size": str(self.size), **({"cursor": self.cursor} if self.cursor else {})})
        assert len(page["results"]) <= self.size
        self.last = [row["id"] for row in page["results"]]
        self.seen += self.last
        self.pages += 1
        self.cursor, self.back = page[way], page["previous"]
        self.is_done = self.cursor is None

    def _page(self, more: dict[str, str]) -> Any:
        answer = self.product.call("get", self.path, {**self.query, **more})
        assert answer.status_code == 200, (self.path, self.query, answer.content)
        return answer.json()

    def check(self) -> None:
        """Each row that was there throughout was read once, no other one twice, and none that never was there."""
        assert self.kept.keys() <= set(self.seen) <= self.met, self.query
        if not self.sort:
            assert len(self.seen) == len(set(self.seen)), self.query
        assert len(again := [one for one in self.seen if one in self.kept]) == len(set(again)), self.query


@dataclass
class Disturbance:
    """What somebody does to the records of a model while others read. pools: the values of each field."""

    product: Product
    model: type[CommonModel]
    pools: dict[str, list[Any]]
    data: st.DataObject

    def push(self, remote_id: str) -> None:
        """A record with some of these values."""
        chosen = {name: self.data.draw(st.sampled_from(pool)) for name, pool in self.pools.items()}
        answer = self.product.push(model_id(self.model), remote_id, chosen)
        assert answer.status_code in {200, 201}, answer.content

    def disturb(self) -> None:
        """A few are made, changed or deleted."""
        for kind in self.data.draw(
            st.lists(st.sampled_from(["insert", "change", "delete"]), min_size=1, max_size=3)
        ):
            self._happen(kind)

    def _happen(self, kind: str) -> None:
        known = str(self.data.draw(st.integers(1, ROWS)))
        if kind == "delete":
            self.product.call("delete", f"sync/v1/records/{model_id(self.model)}/{known}")
        else:
            self.push(known if kind == "change" else f"new-{self.data.draw(st.integers(1, 10**9))}")


def queries(
    model: type[CommonModel], rows: list[Row], through: dict[str, str], common: Collection[str]
) -> Iterator[tuple[dict[str, str], str]]:
    """A query for each filter of a model, with a value that a row has, and for each order; beside it, what it sorts by.

    through: the values of filters that look at records which the rows name. common: which of those that every list has
    are meant.
    """
    yield {}, ""
    for one in filters.declared(model):
        if not one.field and one.parameter.name not in common:
            continue
        told = through.get(one.parameter.name) or _told(model, one, rows)
        if told:
            yield {one.parameter.name: told}, ""
    for name in orders.orders(model):
        for word in (name, f"-{name}"):
            yield {"order_by": word}, name


def _told(model: type[CommonModel], one: filters.Filter, rows: list[Row]) -> str | None:
    name = one.parameter.name
    if name.startswith("include_"):
        return "true"
    column = one.field or OF_EVERY_LIST[name]
    key = getattr(wire_fields(model).get(column), "key", "")
    return next((text for row in rows if (text := _spelled(row[column], key))), None)


def _spelled(value: Any, key: str) -> str | None:
    """A value of a row as a filter is told it: the first of several, and of an object what stands under its key."""
    if isinstance(value, list):
        return _spelled(value[0], key) if value else None
    if isinstance(value, dict):
        return _spelled(value.get(key), "")
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def named(product: Product, model: type[CommonModel], pools: dict[str, list[Any]]) -> dict[str, str]:
    """Make the records that a filter looks through, and say what it is told of them."""
    told: dict[str, str] = {}
    for name, one in wire_fields(model).items():
        words = dict.fromkeys(getattr(one, "through", ()), "wanted")
        told |= words
        for record in [record for several in pools[name] for record in several or ()] if words else ():
            product.push(one.to, record["remote_id"], words)  # type: ignore[attr-defined] # a relation
    return told


def place(product: Product, model: type[CommonModel]) -> tuple[str, dict[str, Any]]:
    """The path of a list, and what its records name: one that is made for it, where they stand below others."""
    if model.wire.alone:
        return f"{model._meta.app_label if model.wire.contract else 'sync'}/v1/{model.wire.path}", {}
    field = next(one for one in relations(model).values() if one.below)
    above = common_model(field.to)
    path, named = place(product, above)
    made = product.push(model_id(above), "above", named).json()["model"]["id"]
    return f"{path}/{made}/{model.wire.path}", {field.name: {"remote_id": "above"}}


def history(
    product: Product, model: type[CommonModel], data: st.DataObject, *, of_every_list: bool
) -> list[Reader]:
    """Clients that page through the lists of a model to their ends and back, while its records change.

    of_every_list: whether all of the filters that every list has are tried, or one of them: they are the same code.
    """
    fields = wire_fields(model).items()
    drawn = {
        name: st.lists(strategies.of_field(one), min_size=VALUES, max_size=VALUES) for name, one in fields
    }
    path, named_there = place(product, model)
    pools = data.draw(st.fixed_dictionaries(drawn))
    pools |= {name: [told] for name, told in named_there.items()}
    people = Disturbance(product, model, pools, data)
    through = named(product, model, pools)
    for number in range(ROWS):
        people.push(str(number + 1))
    rows = product.call("get", path, {"page_size": str(ALL)}).json()["results"]
    size = data.draw(st.integers(1, ROWS // 2))
    everywhere = [one.parameter.name for one in filters.declared(model) if not one.field]
    some = [data.draw(st.sampled_from(everywhere))]
    asked = queries(model, rows, through, everywhere if of_every_list else some)
    readers = [Reader(product, path, query, size, sort) for query, sort in asked]
    _read(readers, "next", people)
    for one in readers:
        one.turn_back()
    _read(readers, "previous", people)
    return readers


def _read(readers: list[Reader], way: str, people: Disturbance) -> None:
    """From where they are to the end of their lists; then what each has read is checked."""
    bursts = people.data.draw(st.sets(st.integers(1, ROWS // readers[0].size), min_size=1, max_size=BURSTS))
    turns = 0
    while any(not one.is_done for one in readers):
        turns += 1
        for one in readers:
            one.turn(way)
        if turns in bursts:
            people.disturb()
            for one in readers:
                one.look()
    for one in readers:
        one.check()
