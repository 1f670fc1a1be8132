"""Integrations whose records are kept here: complete, and the same in every category."""

from __future__ import annotations

import pytest

from integrations.kit.hosted import Hosted, HostedResource
from integrations.kit.provider import Provider, Resource
from unified_api import registry
from unified_api.models.base import category_of, common_models, model_id, wire_fields
from unified_api.models.crm import Lead
from unified_api.models.hris import Employee, Team
from unified_api.models.training import TrainingCompletion

HOSTED = [provider for provider in registry.all() if provider.hosted]
TWO = Hosted(
    slug="two",
    name="Two",
    category="hris",
    further=("crm",),
    resources=Hosted.holding([Employee, Team, Lead]),
)


def test_there_is_one_and_it_holds_every_model() -> None:
    """A model that is declared tomorrow is held without a further word."""
    (provider,) = HOSTED

    assert {r.model for r in provider.resources} == set(common_models())
    assert set(provider.categories) == {category_of(model) for model in common_models()}


@pytest.mark.parametrize("model", common_models(), ids=model_id)
def test_every_field_is_writable(model: type) -> None:
    """On a create and on an update; nothing is required, and any word of an open list can be stored."""
    resource = HostedResource.of(model)

    assert resource.writable("create") == resource.writable("update") == set(wire_fields(model))
    assert resource.requires("create") == frozenset()
    assert all(resource.words(name) is None for name in wire_fields(model))


def test_it_is_never_asked() -> None:
    """There is no list, no record to read by its id, no search."""
    resource = HostedResource.of(Team)

    assert not resource.can("list")
    assert not resource.can("get")
    assert resource.recent is None


def test_accounts_of_a_category_see_its_models_alone() -> None:
    """An account of one category can do nothing with the models of another."""
    hris, crm = TWO.within("hris"), TWO.within("crm")

    assert ([r.model for r in hris.resources], hris.categories) == ([Employee, Team], ("hris",))
    assert ([r.model for r in crm.resources], crm.category) == ([Lead], "crm")
    assert hris.resource(Lead) is None
    assert hris is TWO.within("hris")
    assert (hris.slug, hris.hosted) == ("two", True)


def test_a_provider_of_one_category_is_itself() -> None:
    """Most are: nothing is copied, whatever an account says of its category."""
    one = next(provider for provider in registry.all() if not provider.hosted)

    assert one.within(one.category) is one.within("another") is one


def test_training_is_held_beside_employees() -> None:
    """A completion names an employee, so one account has both."""
    (provider,) = HOSTED

    assert provider.within("hris").resource(TrainingCompletion) is not None
    assert provider.within("hris").resource(Employee) is not None


def test_a_model_of_no_category_of_its_is_refused() -> None:
    """A contradiction is one sentence at start-up."""
    with pytest.raises(TypeError, match=r"odd: \['Lead'\] is not of category hris"):
        Hosted(slug="odd", name="Odd", category="hris", resources=Hosted.holding([Lead]))


def test_other_providers_are_not_hosted() -> None:
    """The notion is the kit's, and off unless said."""
    assert not Provider.hosted
    assert not Resource.hosted
