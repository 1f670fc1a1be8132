"""What the models of the CRM category share: the ways to reach somebody."""

from __future__ import annotations

from typing import Final

from unified_api.models.base import CommonModel
from unified_api.models.codes import COUNTRIES
from unified_api.models.fields import Choice, Text, WireField

ADDRESS: Final[dict[str, WireField]] = {
    "street_1": Text(),
    "street_2": Text(),
    "city": Text(),
    "state": Text(),
    "postal_code": Text(),
    "country": Choice(*COUNTRIES),
    "address_type": Choice("BILLING", "SHIPPING"),
}
EMAIL_ADDRESS: Final[dict[str, WireField]] = {"email_address": Text(), "email_address_type": Text()}
PHONE_NUMBER: Final[dict[str, WireField]] = {"phone_number": Text(), "phone_number_type": Text()}


class CrmModel(CommonModel):
    """A model of the CRM category."""

    class Meta(CommonModel.Meta):
        abstract = True
        app_label = "crm"
