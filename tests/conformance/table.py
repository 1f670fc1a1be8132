"""What every adapter can do, by model and ability, with who judges it and how often it was tried.

The tables in the documentation are these; figures in them are of the run that wrote them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from integrations.kit.endpoints import Since
from integrations.kit.provider import FILE_ADDRESS, Operation, Provider, Resource
from tests.conformance.far_side import far_side_of
from unified_api import registry
from unified_api.models.base import category_of, model_id

#: By slug, how many exchanges there were by model and ability.
Counts = Mapping[str, Counter[tuple[str, str]]]
_NO: Final = "-"
_WRITES: Final[Mapping[str, Operation]] = {"creates": "create", "updates": "update", "deletes": "delete"}
_SECONDS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_NAMES: Final = {"hris": "HRIS", "crm": "CRM", "ticketing": "ticketing", "training": "training"}


def _offers(operation: Any) -> Callable[[Provider, Resource], bool]:
    return lambda _provider, resource: resource.can(operation)


def _is_told(provider: Provider, resource: Resource) -> bool:
    return provider.webhooks is not None and resource.model in provider.webhooks.models.values()


#: What can be done with a model, and whether an adapter says that it can.
ABILITIES: Final[Mapping[str, Callable[[Provider, Resource], bool]]] = {
    "list": _offers("list"),
    "changes": lambda _provider, resource: resource.incremental and not is_offered(resource),
    "get": _offers("get"),
    "create": _offers("create"),
    "find": lambda _provider, resource: resource.recent is not None,
    "update": _offers("update"),
    "delete": _offers("delete"),
    "download": lambda _provider, resource: resource.download is not None,
    "own fields": lambda _provider, resource: resource.field_classes is not None,
    "webhooks": _is_told,
}


def conformance(counts: Counts) -> list[str]:
    """A row for each model of each adapter. Where an ability needed exchanges, their number stands for `yes`."""
    head = ("integration", "model", "fields read", "written", *ABILITIES, "changes found by", "judge")
    return _table(
        head, (_row(provider, r, counts) for provider in registry.all() for r in provider.resources)
    )


def _row(provider: Provider, resource: Resource, counts: Counts) -> Iterator[str]:
    told = counts.get(provider.slug, Counter())
    model = model_id(resource.model)
    written = (resource.writable("create") | resource.writable("update")) - {FILE_ADDRESS}
    yield f"[{provider.name}](integrations/{provider.slug}.md)"
    yield model
    yield str(len(resource.mapping.lenses))
    yield str(len(written)) if written else _NO
    for ability, offers in ABILITIES.items():
        yield str(told[model, ability] or "yes") if offers(provider, resource) else _NO
    yield found_by(resource)
    yield judge_of(provider)


def judge_of(provider: Provider) -> str:
    """Who says whether what is asked is right."""
    if provider.hosted:
        return "nobody is asked"
    found = far_side_of(provider)
    return found.judge if found else "nobody"


def unread() -> list[str]:
    """The reads of which the descriptions have no answer that could be a record, a sentence each."""
    found = ((provider, far) for provider in registry.all() if (far := far_side_of(provider)))
    return [
        f"{provider.name}: {name} is read of no {what}: {reason}"
        for provider, far in found
        for what, told in (("example", far.unshown), ("answer that is drawn", far.undrawn))
        for name, reason in told.items()
    ]


def overview() -> list[str]:
    """A row for each adapter: with which models customers of the API can do what, and in italics with which bridges."""
    head = ("integration", "reads", *_WRITES, "judged by")
    return _table(head, (_short(provider) for provider in registry.all()))


def _short(provider: Provider) -> Iterator[str]:
    yield f"[{provider.name}](docs/integrations/{provider.slug}.md)"
    yield _everything(provider) if provider.rehearses else _names(provider.resources)
    for operation in _WRITES.values():
        can = [resource for resource in provider.resources if resource.can(operation)]
        offered = [resource for resource in can if resource.hosted or operation in resource.model.wire.writes]
        yield _told(provider, offered, [resource for resource in can if resource not in offered])
    yield judge_of(provider)


def _everything(provider: Provider) -> str:
    categories = dict.fromkeys(_NAMES[category_of(resource.model)] for resource in provider.resources)
    return f"all of {', '.join(categories)}"


def _told(provider: Provider, offered: Sequence[Resource], others: Sequence[Resource]) -> str:
    """Some models by name, and others in italics; where there are many, all that are left in a word."""
    rest = "the others" if offered else "all"
    many = provider.rehearses
    told = "all" if many and len(offered) == len(provider.resources) else _names(offered)
    more = rest if many else _names(others)
    return ", ".join([*([told] if offered else []), *([f"*{more}*"] if others else [])]) or _NO


def _names(resources: Iterable[Resource]) -> str:
    return ", ".join(resource.model.__name__ for resource in resources)


def is_offered(resource: Resource) -> bool:
    """Whether changes are asked for only where the account says that its server finds them: see `Since.offered`."""
    asked = resource.changes
    return asked is not None and asked.since is not None and bool(asked.since.offered)


def is_followed(resource: Resource) -> bool:
    """Whether the suite sees that a list of changes has them: it can make some."""
    return resource.incremental and resource.can("create")


def found_by(resource: Resource) -> str:
    """How changes are found; and where the suite sees none: they cannot be made, or its server does not offer them."""
    if resource.hosted:
        return "at once: Isthmus is its store"
    asked = resource.changes or resource.list
    since = asked.since if asked else None
    whole = f"complete read every {_span(resource.frequency)}"
    if not isinstance(since, Since):
        return whole
    way = "order by change" if since.newest_first else "filter by change"
    if is_offered(resource):
        return f"{way} where a server offers it (the judge does not), else {whole}"
    return way if is_followed(resource) else f"{way} (asked for, but none could be made)"


def _span(seconds: float) -> str:
    size, word = next((size, word) for size, word in _SECONDS if seconds >= size and seconds % size == 0)
    several = round(seconds / size)
    return word if several == 1 else f"{several} {word}s"


def _table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> list[str]:
    return [_line(head), _line(["---"] * len(head)), *(_line(list(row)) for row in rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def block(name: str, lines: Iterable[str]) -> str:
    """Lines as they stand in a page, between two marks."""
    return "\n".join(
        [f"<!-- {name}: written by python -m tests.conformance --write -->", *lines, "<!-- end -->"]
    )


def replaced(text: str, name: str, lines: Iterable[str]) -> str:
    """A page with its block of this name as it is now."""
    new, found = re.subn(
        rf"<!-- {name}: .*?<!-- end -->", lambda _match: block(name, lines), text, flags=re.DOTALL
    )
    assert found == 1, f"a page has the block {name} {found} times"
    return new


def without_figures(text: str) -> str:
    """A table as it is whoever wrote it: how often something was tried, and how long a file is, may differ."""
    return re.sub(r"(?<=\| )(yes|\d[\d.]*)(?= \|)", "n", text)
