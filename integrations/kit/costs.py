"""How many requests reading and writing takes, by what an adapter says of its addresses: for plans that people read.

As many as there are at the most while nothing fails, and nobody else writes to the record. What a search by value
finds, the words of a list of the account's own, and what belongs to one record count as one page each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from integrations.kit.endpoints import DELETE, GET, Write
from integrations.kit.provider import Resource

#: Looks at a record whose stamp tells the last change, before it is known that no later one hides behind it.
_LOOKS: Final = 2


def of_write(resource: Resource, operation: str, names: Iterable[str]) -> int:
    """Requests of one write that says these common fields, from the look just before to the record as it is then."""
    if resource.hosted:
        return 0
    names = list(names)
    if operation == "create":
        return _create(resource, names) + _words(resource, names)
    if operation == "delete":
        looked_up = _words(resource, ())
        return (
            0 if resource.delete is None else _get(resource) + _delete(resource, resource.delete) + looked_up
        )
    return _update(resource) + _words(resource, names)


def of_search(resource: Resource) -> int:
    """Requests of one bounded search for a record, see `Client.recent`."""
    marked = _pages(resource, resource.marked.get) if resource.marked else 0
    return marked + (_pages(resource, resource.recent) + _words(resource, ()) if resource.recent else 0)


def of_download(resource: Resource) -> int:
    """Requests that bring what is in a file; of one that is kept here, of whoever has it."""
    if resource.hosted:
        return 1
    return 0 if resource.download is None else 1 if resource.download.address is None else 2


def _create(resource: Resource, names: Iterable[str]) -> int:
    made = resource.create_calls
    if isinstance(resource.create, Write):
        made = 1
    shown = isinstance(resource.create, Write) and resource.create.answer is not None
    lenses = resource.mapping.lenses
    late = any(name in lenses and lenses[name].after_create for name in names)
    return made + (0 if shown else _get(resource)) + (_update(resource) if late else 0)


def _update(resource: Resource) -> int:
    """The condition, the record before, the write, and where its answer does not show it the record after."""
    told = resource.update
    if told is None:
        return 0
    looks = _LOOKS if told.stamp else 1
    return told.conditional + (looks + (told.answer is None)) * _get(resource) + told.calls


def _delete(resource: Resource, told: DELETE) -> int:
    """Where it has a condition, or is a function, the record is read once more just before."""
    again = told.conditional or told.send is not None
    return told.calls + told.conditional + (_get(resource) if again else 0)


def _get(resource: Resource) -> int:
    return 0 if resource.get is None else resource.get.calls


def _words(resource: Resource, names: Iterable[str]) -> int:
    """The lists of the account's own that reading and these fields look into, each of them once."""
    lenses = resource.mapping.lenses
    return len(frozenset(resource.tables).union(*(lenses[name].tables for name in names if name in lenses)))


def _pages(resource: Resource, endpoint: GET) -> int:
    """Of a search that names what it looks for one page, else all that it may look at."""
    texts = [endpoint.path, *(str(value) for value in endpoint.params.values())]
    sought = [f"{{{name}}}" for name in (*resource.recognise, "mark")]
    names = any(one in text for one in sought for text in texts)
    return (1 if names else endpoint.pages or 1) * endpoint.calls
