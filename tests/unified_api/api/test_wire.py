"""What lands is what the client's own types read, for any values that a declaration allows."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.people import Person
from tests.unified_api.api.conftest import Link
from tests.unified_api.api.pushing import Product, product_of
from tests.unified_api.models import strategies
from unified_api.models.base import CommonModel, common_models, model_id, relations, wire_fields
from unified_api.models.fields import WireField
from unified_api.models.shapes import Keyed


def read_by_client(model: type[CommonModel], record: dict[str, Any]) -> dict[str, Any]:
    """A record through the client's type, which refuses what is of another; as JSON again."""
    of = getattr(import_module(f"merge.resources.{model._meta.app_label}.types"), model.__name__)
    parsed: dict[str, Any] = of.model_validate(record).model_dump(mode="json")
    return parsed


def same(field: WireField, said: Any, shown: Any) -> bool:
    """Whether two spellings of a value mean the same; of records, that as many are named."""
    if said is None or shown is None:
        return said is shown
    if field.name in relations(field.model):
        return isinstance(said, dict) or len(said) == len(shown)
    if isinstance(field, Keyed):
        return _known(field, said) == _known(field, shown)
    return bool(field.parse(said) == field.parse(shown))


def _known(field: Keyed, told: Any) -> list[dict[str, Any]]:
    """Nested objects without what is filled in, null, or the id of a record, which is spelled otherwise."""
    items = told if isinstance(told, list) else [told]
    plain = {name: one for name, one in field.keys.items() if name not in field.relations}
    return [
        {
            name: _known(one, item[name]) if isinstance(one, Keyed) else item[name]
            for name, one in plain.items()
            if item.get(name) is not None
        }
        for item in items
    ]


@pytest.mark.parametrize("category", ["hris", "crm", "ticketing"])
def test_what_was_pushed_is_read_by_the_official_client(category: str, alice: Person, link: Link) -> None:
    """Landed, rendered, parsed by the client's type: equal in every field; what is sensitive is null."""
    product = product_of(alice, link, category)
    for model in [m for m in common_models(category) if m.wire.contract]:
        _all_come_back(product, model)


def _all_come_back(product: Product, model: type[CommonModel]) -> None:
    @settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.data())
    def comes_back(data: st.DataObject) -> None:
        said = data.draw(strategies.of_model(model))
        pushed = product.push(model_id(model), "1", said)
        assert pushed.status_code in {200, 201}, pushed.content
        shown = read_by_client(model, pushed.json()["model"])
        for name, told in said.items():
            field = wire_fields(model)[name]
            assert same(field, None if field.sensitive else told, shown[name]), (model_id(model), name)

    comes_back()
