"""People whom records name are known by their addresses, whatever the model calls these."""

from __future__ import annotations

import pytest

from unified_api.models.base import CommonModel, model_id
from unified_api.models.crm import Contact as Customer
from unified_api.models.crm import Lead
from unified_api.models.crm import User as Seller
from unified_api.models.hris import Employee
from unified_api.models.ticketing import Contact, User
from unified_api.sync.bridge.references import _columns


@pytest.mark.parametrize("model", [Seller, Customer, Lead, Employee, User, Contact], ids=model_id)
def test_every_model_of_people_has_a_field_of_addresses(model: type[CommonModel]) -> None:
    """A reference by e-mail finds them."""
    assert _columns(model)
