"""What every adapter promises, asked of every adapter there is.

Those of today, and one that is written tomorrow.

An adapter brings `tests/integrations/fixtures/<slug>/<Model>.json`: records as the provider answers with them (after
joins), the words of the account whose records they are, and `values` by field where the provider cannot hold all that
the field can; of moments their days are meant, of numbers the whole part. All else is read from the adapter itself.
"""

from __future__ import annotations

import copy
import functools
import json
import operator
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.kit.decoding import Seen, decode_page
from integrations.kit.errors import Rejected
from integrations.kit.lens import ChoiceLens, EachLens, Lens, OnlyLens, Operation
from integrations.kit.paths import MISSING, bury, dig, merge, steps, without
from integrations.kit.provider import Provider, Resource
from integrations.sandbox.data import generate
from integrations.sandbox.data.records import Records
from integrations.sandbox.service.bodies import spelled_out
from tenants.vault import Secret
from tests.integrations.kit.test_lenses import Tables
from tests.integrations.kit.test_strict import JSON
from tests.unified_api.models import strategies
from unified_api import registry
from unified_api.models.base import model_id, wire_fields
from unified_api.models.fields import (
    Choice,
    Choices,
    Custom,
    Day,
    Flag,
    Instant,
    Number,
    Ref,
    Refs,
    Texts,
    Whole,
    WireField,
)
from unified_api.models.sealed import Sensitive, revealed
from unified_api.models.shapes import Keyed, Object, Objects, Shapes

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "integrations" / "fixtures"
#: Slugs that are words of the language in which the product speaks of itself.
EVERYDAY = {"product"}
SEEN = Seen(started=1, arrived=2, path="/", shape="list", dirty=False)
MANY = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(max_examples=2, suppress_health_check=[HealthCheck.too_slow])

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
IDS = st.integers(1, 10**9).map(str)
#: Some differ by capitals alone, which are no difference to some providers.
WORDS = st.text("aAbB1", min_size=1, max_size=3)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1)
MOMENTS = st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1 < moment.year < 9999)
BY_KIND: dict[type, st.SearchStrategy[Any]] = {
    Ref: IDS,
    Flag: st.booleans(),
    Instant: MOMENTS,
    Day: st.dates(),
    Whole: st.integers(-(2**63), 2**63 - 1),
    Number: st.floats(allow_nan=False, allow_infinity=False),
    Sensitive: TEXTS.map(Secret),
}

#: Those that call a server; the others have tests of their own.
PROVIDERS = [provider for provider in registry.all() if not provider.hosted]
CASES = [(provider, resource) for provider in PROVIDERS for resource in provider.resources]
each_resource = pytest.mark.parametrize(
    ("provider", "resource"), CASES, ids=[f"{p.slug}-{r.model.__name__}" for p, r in CASES]
)
#: The lenses of a sandbox follow from the declarations, so its widest model has them all.
NOT_DERIVED = [
    (provider, resource)
    for provider, resource in CASES
    if not provider.is_sandbox or resource is max(provider.resources, key=lambda r: len(r.mapping.lenses))
]
each_kind_of_resource = pytest.mark.parametrize(
    ("provider", "resource"), NOT_DERIVED, ids=[f"{p.slug}-{r.model.__name__}" for p, r in NOT_DERIVED]
)
each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.slug)
each_adapter = pytest.mark.parametrize("provider", registry.all(), ids=lambda provider: provider.slug)


def fixture(provider: Provider, resource: Resource) -> tuple[list[dict[str, Any]], Tables]:
    """The adapter's own examples, and the words of that account; of a sandbox what it holds at first."""
    if provider.is_sandbox:
        return held_at_first(provider, resource), Tables()
    example = json.loads(_text(FIXTURES / provider.slug / f"{resource.model.__name__}.json"))
    return example["records"], Tables(**example["words"])


@functools.cache
def _text(path: Path) -> str:
    """What is in a file, which is asked for with each value that is tried."""
    return path.read_text()


def told_values(provider: Provider, resource: Resource) -> dict[str, list[Any]]:
    """Values by field, of fields that cannot hold all there; moments as in JSON."""
    path = FIXTURES / provider.slug / f"{resource.model.__name__}.json"
    found: dict[str, list[Any]] = {} if provider.is_sandbox else json.loads(_text(path)).get("values", {})
    kinds = wire_fields(resource.model)
    timed = {name for name in found if isinstance(kinds[name], Instant | Day)}
    return {n: [kinds[n].parse(one) for one in some] if n in timed else some for n, some in found.items()}


@functools.cache
def _generated(category: str) -> Records:
    return generate(category, "1")


def held_at_first(provider: Provider, resource: Resource) -> list[dict[str, Any]]:
    """The records of a new sandbox, as it answers with them."""
    model, moment = resource.model, "2026-01-05T08:00:00.000000Z"
    own = {"createdOn": moment, "changedOn": moment}
    if resource.uploads:
        own |= {"fileUrl": "https://sandbox.example/file", "size": 7}  # type: ignore[dict-item]
    records = _generated(provider.category)[model_id(model)][:6]
    return [{"id": one["remote_id"], **own, **spelled_out(model, one)} for one in records]


def values_of(resource: Resource, name: str, words: Tables) -> st.SearchStrategy[Any]:
    """Values that this field can be given at this provider."""
    lens, kind = resource.mapping.lenses[name], wire_fields(resource.model)[name]
    few = 1 if isinstance(lens, OnlyLens) else 3
    known = resource.words(name)
    if known is not None:
        return st.sampled_from(known)
    if isinstance(lens, EachLens) and isinstance(lens.item, ChoiceLens) and lens.item.table:
        return st.lists(st.sampled_from(words.known(lens.item.table)), unique=True)
    return of_kind(kind, few)


def among(kind: WireField, told: list[Any]) -> st.SearchStrategy[Any]:
    """Values that are told: of moments all of their days, and numbers with a fraction, for nobody writes round ones."""
    some = st.sampled_from(told)
    if isinstance(kind, Instant):
        return st.builds(datetime.combine, some.map(datetime.date), st.times(), st.just(UTC))
    return st.builds(operator.add, some, st.floats(0, 1)) if isinstance(kind, Number) else some


def named(resource: Resource, remote_id: Any) -> dict[str, Any]:
    """A record of which only the id is known."""
    return bury(resource.mapping.remote_id.path, remote_id)


def of_kind(kind: WireField, few: int = 3) -> st.SearchStrategy[Any]:
    """Values of a field, in words that the vocabulary has."""
    if isinstance(kind, Choice):
        return st.sampled_from(kind.words)
    if isinstance(kind, Choices):
        return st.lists(st.sampled_from(kind.words), max_size=few, unique=True)
    if isinstance(kind, Keyed):
        one = st.fixed_dictionaries({}, optional={n: st.none() | of_kind(f) for n, f in kind.keys.items()})
        return st.lists(one, max_size=2) if isinstance(kind, Shapes) else one
    if isinstance(kind, Custom | Object | Objects):
        return strategies.of_field(kind)
    if isinstance(kind, Refs | Texts):
        return st.lists(IDS if isinstance(kind, Refs) else WORDS, max_size=few, unique=True)
    return next((values for known, values in BY_KIND.items() if isinstance(kind, known)), TEXTS)


def shown(lens: Lens, patch: dict[str, Any], words: Tables) -> dict[str, Any]:
    """How a provider that took this patch shows it, where it is read at another path than it is written."""
    inner = lens.inner if isinstance(lens, OnlyLens) else lens
    sent = dig(patch, inner.target) if steps(inner.target) else MISSING
    if sent is MISSING:
        return patch
    if isinstance(inner, EachLens) and inner.item.to == "":
        return bury(
            inner.path, [bury(inner.item.path, _word(inner.item, element, words)) for element in sent]
        )
    if inner.to is None:
        return patch
    return bury(inner.path, _word(inner, sent, words)) if sent is not None else bury(inner.target, None)


def _word(lens: Lens, key: Any, words: Tables) -> Any:
    table = lens.table if isinstance(lens, ChoiceLens) else None
    return next(word for word, known in words.tables[table].items() if known == key) if table else key


@each_resource
def test_examples_are_understood(provider: Provider, resource: Resource) -> None:
    """No record of a documented answer is set aside, and no word of it is unknown.

    All mapped fields are spoken of.
    """
    records, _words = fixture(provider, resource)
    decoding = decode_page(resource, records, SEEN)

    assert records
    assert decoding.bad == ()
    assert decoding.unknown == {}
    spoken = {name for observation in decoding.observations for name in observation.values}
    assert spoken == set(resource.mapping.lenses)


@each_resource
def test_writing_back_what_was_read_is_nothing(provider: Provider, resource: Resource) -> None:
    """An empty remote patch, for every record and all its fields."""
    records, words = fixture(provider, resource)
    for record in records:
        values = resource.mapping.pull(record).values

        assert resource.mapping.push(values, record, "update", words) == {}


@each_resource
def test_reading_what_was_written_gives_it_back(provider: Provider, resource: Resource) -> None:
    """For every field that can be written, on a new record and on each known one."""
    examples = FEW if provider.is_sandbox else MANY
    operations: tuple[Operation, ...] = ("create", "update")
    for operation in operations:
        for name in sorted(resource.mapping.writable(operation)):
            examples(given(data=st.data())(_gives_back))(provider, resource, operation, name)


def _gives_back(
    provider: Provider, resource: Resource, operation: Operation, name: str, data: st.DataObject
) -> None:
    records, words = fixture(provider, resource)
    told = told_values(provider, resource).get(name)
    kind = wire_fields(resource.model)[name]
    value = data.draw(among(kind, told) if told else values_of(resource, name, words), label=name)
    record = data.draw(st.sampled_from(records)) if operation == "update" else None
    lens = resource.mapping.lenses[name]
    patch = lens.write(revealed(value), record, words)
    before, said = copy.deepcopy(record or named(resource, "1")), shown(lens, patch, words)
    after = {**before, **said} if provider.is_sandbox else merge(before, said)  # it replaces objects whole
    read = resource.mapping.clean(name, lens.read(after))
    assert resource.mapping.same(name, read, value), (name, patch)
    assert resource.mapping.push({name: value}, after, "update", words) == {}


@each_resource
def test_what_cannot_be_written_is_never_sent(provider: Provider, resource: Resource) -> None:
    """A read-only field is refused by name, on a create and on an update."""
    records, words = fixture(provider, resource)
    mapping = resource.mapping
    operations: tuple[Operation, ...] = ("create", "update")
    for operation in operations:
        for name in set(mapping.lenses) - mapping.writable(operation):
            value = next(v for r in records if (v := mapping.pull(r).values.get(name)) is not None)
            record = dict.fromkeys(records[0]) | named(resource, "1") if operation == "update" else None
            with pytest.raises(Rejected) as caught:
                mapping.push({name: value}, record, operation, words)
            assert set(caught.value.fields) == {name}


@each_resource
def test_absent_is_not_null(provider: Provider, resource: Resource) -> None:
    """A record of which only the id is known says nothing about any field, but one that is the id."""
    records, _words = fixture(provider, resource)
    mapping = resource.mapping
    itself = {name for name, lens in mapping.lenses.items() if lens.path == mapping.remote_id.path}

    assert set(mapping.pull(named(resource, mapping.identify(records[0]))).values) == itself


@each_resource
def test_what_answers_repeat_of_other_models_can_be_kept_back(provider: Provider, resource: Resource) -> None:
    """Where no other model may be read, no address and no name of its people is left in an example of this one."""
    if any("email" in name for name in wire_fields(resource.model)):
        return
    others = [one for one in provider.resources if one.model is not resource.model]
    known = {text for one in others for text in _told_of_people(provider, one)}
    places = resource.hidden_places({}, {model_id(one.model) for one in others})
    own = [lens.place for lens in resource.mapping.lenses.values() if lens.place]
    for record in fixture(provider, resource)[0]:
        for place in (*places, *own):
            record = without(record, place)  # noqa: PLW2901 - it has less each time
        assert known.isdisjoint(_texts(record))


def _told_of_people(provider: Provider, resource: Resource) -> set[str]:
    """Names and addresses that the examples of a model have, if it is one of people."""
    names = {name for name in wire_fields(resource.model) if name in {"name", "display_full_name"}}
    if provider.is_sandbox or not names or not any("email" in name for name in wire_fields(resource.model)):
        return set()
    records = fixture(provider, resource)[0]
    addresses = {text for text in _texts(records) if _ADDRESS.fullmatch(text)}
    seen = decode_page(resource, records, SEEN).observations
    return addresses | {str(one.values[name]) for one in seen for name in names if one.values.get(name)}


def _texts(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    for inner in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from _texts(inner)


@each_resource
def test_unknown_words_pass_through_and_are_counted(provider: Provider, resource: Resource) -> None:
    """A word that nobody mapped is shown as it is, and named."""
    records, _words = fixture(provider, resource)
    for name, lens in resource.mapping.lenses.items():
        if isinstance(lens, ChoiceLens):
            record = merge(records[0], bury(lens.path, "a word of tomorrow"))
            decoding = decode_page(resource, [record], SEEN)
            assert decoding.observations[0].values[name] == "a word of tomorrow"
            assert decoding.unknown == {f"{name}: a word of tomorrow": 1}


@each_kind_of_resource
@MANY
@given(junk=JSON, data=st.data())
def test_nothing_in_a_record_stops_a_page(
    provider: Provider, resource: Resource, junk: Any, data: st.DataObject
) -> None:
    """Whatever stands in a record, it is mapped or set aside with a reason, and the one after it is read."""
    records, _words = fixture(provider, resource)
    broken = copy.deepcopy(records[0])
    broken[data.draw(st.sampled_from(sorted(broken)))] = junk
    good = merge(copy.deepcopy(records[-1]), named(resource, "4711"))
    decoding = decode_page(resource, [junk, broken, good], SEEN)

    assert decoding.observations[-1].remote_id == "4711"
    assert (
        len(decoding.observations) + len([bad for bad in decoding.bad if not bad.reason.startswith("in ")])
        == 3
    )
    assert all(bad.reason for bad in decoding.bad)


@each_resource
def test_lists_go_on(provider: Provider, resource: Resource) -> None:
    """A list is paged or is of a single record, and a model that can be written can be read by id."""
    assert provider.resource(resource.model) is resource
    assert resource.list is not None
    assert resource.list.paging is not None or resource.list.sole
    assert resource.can("get") or not any(resource.can(op) for op in ("create", "update", "delete"))


@each_provider
def test_settings_are_explained_and_secrets_marked(provider: Provider) -> None:
    """Every setting has a sentence, and whatever opens the account is sealed."""
    assert all(setting.help for setting in provider.settings)
    assert any(setting.secret for setting in provider.settings)
    assert set(provider.auth.needs) <= {setting.name for setting in provider.settings}


@each_adapter
def test_an_adapter_is_one_short_file(provider: Provider) -> None:
    """Facts, below 200 lines; what outgrows them is a package of such files."""
    path = ROOT / "integrations" / "providers" / provider.slug.replace("-", "_")
    files = list(path.glob("*.py")) or [path.with_suffix(".py")]

    assert all(len(file.read_text().splitlines()) < 200 for file in files)


@each_adapter
def test_a_slug_occurs_nowhere_in_the_product(provider: Provider) -> None:
    """Nothing in the product or the kit knows an integration by name."""
    spellings = {
        provider.slug,
        provider.slug.replace("-", "_"),
        provider.slug.replace("-", ""),
        provider.name,
    }
    for folder in ("unified_api", "tenants", "integrations/kit"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".html", ".js", ".css", ".json", ".txt", ".sql"}:
                text = path.read_text().lower()
                found = [spelling for spelling in spellings if occurs(spelling.lower(), text)]
                assert not found, f"{path} names {found}"


def occurs(spelling: str, text: str) -> bool:
    """Whether a text names an integration; one that is called by an everyday word only where it is a literal."""
    if spelling in EVERYDAY:
        return f'"{spelling}"' in text or f"'{spelling}'" in text
    return spelling in text


def test_every_module_of_providers_is_registered() -> None:
    """What lies in the folder is known by its slug, and fixtures belong to somebody."""
    modules = {module.name for module in pkgutil.iter_modules([str(ROOT / "integrations/providers")])}

    assert {provider.slug.replace("-", "_") for provider in registry.all()} == modules
    assert {path.name for path in FIXTURES.iterdir()} == {p.slug for p in PROVIDERS if not p.is_sandbox}
