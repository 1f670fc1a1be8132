"""What is sold and to whom: leads, the people and companies behind them, and sales that may come about."""

from __future__ import annotations

from typing import ClassVar

from unified_api.models.base import Wire
from unified_api.models.crm.category import ADDRESS, EMAIL_ADDRESS, PHONE_NUMBER, CrmModel
from unified_api.models.fields import Choice, Flag, Instant, Ref, Text, Whole
from unified_api.models.people import BY_EMAIL, email_of
from unified_api.models.shapes import STAMPS, Shapes


class Lead(CrmModel):
    """Somebody who may become a customer."""

    wire = Wire("leads", writes=("create",), remote_fields=True)

    owner = Ref("crm.User", filter="owner_id")
    lead_source = Text()
    title = Text(pii=True)
    company = Text(pii=True)
    first_name = Text(pii=True)
    last_name = Text(pii=True)
    addresses = Shapes(ADDRESS, fills=STAMPS, pii=True)
    email_addresses = Shapes(
        EMAIL_ADDRESS, fills=STAMPS, key="email_address", filter="email_addresses", pii=True
    )
    phone_numbers = Shapes(PHONE_NUMBER, fills=STAMPS, key="phone_number", filter="phone_numbers", pii=True)
    remote_updated_at = Instant(write="never")
    remote_created_at = Instant(write="never")
    converted_date = Instant()
    converted_contact = Ref("crm.Contact", filter="converted_contact_id")
    converted_account = Ref("crm.Account", filter="converted_account_id")
    converted_opportunity = Ref("crm.Opportunity", filter="converted_opportunity_id", contract=False)
    status = Choice("OPEN", "CLOSED", "UNQUALIFIED", "QUALIFIED", write="never")
    email_key = email_of("email_addresses", of_list=True)

    class Meta(CrmModel.Meta):
        indexes: ClassVar = [*CrmModel.Meta.indexes, BY_EMAIL]


class Contact(CrmModel):
    """A person at a customer."""

    wire = Wire(
        "contacts", writes=("create", "update"), public="CRMContact", remote_fields=True, ignores=True
    )

    first_name = Text(pii=True)
    last_name = Text(pii=True)
    account = Ref("crm.Account", filter="account_id")
    owner = Ref("crm.User")
    addresses = Shapes(ADDRESS, fills=STAMPS, pii=True)
    email_addresses = Shapes(
        EMAIL_ADDRESS, fills=STAMPS, key="email_address", filter="email_addresses", pii=True
    )
    phone_numbers = Shapes(PHONE_NUMBER, fills=STAMPS, key="phone_number", filter="phone_numbers", pii=True)
    last_activity_at = Instant()
    remote_created_at = Instant(write="never")
    email_key = email_of("email_addresses", of_list=True)

    class Meta(CrmModel.Meta):
        indexes: ClassVar = [*CrmModel.Meta.indexes, BY_EMAIL]


class Account(CrmModel):
    """A company that is a customer, or may become one."""

    wire = Wire("accounts", writes=("create", "update"), public="CRMAccount", remote_fields=True)

    owner = Ref("crm.User", filter="owner_id")
    name = Text(filter="name", pii=True)
    description = Text(pii=True)
    industry = Text()
    website = Text()
    number_of_employees = Whole()
    addresses = Shapes(ADDRESS, fills=STAMPS, pii=True)
    phone_numbers = Shapes(PHONE_NUMBER, fills=STAMPS, pii=True, write="never")
    last_activity_at = Instant()
    remote_updated_at = Instant(write="never")
    remote_created_at = Instant(write="never")


class Opportunity(CrmModel):
    """A sale that may come about. `amount`: in whole units of the CRM's currency."""

    wire = Wire("opportunities", writes=("create", "update"), remote_fields=True)

    name = Text(pii=True)
    description = Text(pii=True)
    amount = Whole()
    owner = Ref("crm.User", filter="owner_id")
    account = Ref("crm.Account", filter="account_id")
    stage = Ref("crm.Stage", filter="stage_id")
    status = Choice("OPEN", "WON", "LOST", filter="status", origins=True)
    lost_reason = Text(contract=False)
    last_activity_at = Instant()
    close_date = Instant()
    remote_created_at = Instant(filter="remote_created", ours=("remote_created_before",), write="never")


class Stage(CrmModel):
    """A step on the way to a sale."""

    wire = Wire("stages", remote_fields=True)

    name = Text()


class User(CrmModel):
    """A person who works in the CRM."""

    wire = Wire("users", public="CRMUser", remote_fields=True, ignores=True)

    name = Text(pii=True)
    email = Text(filter="email", pii=True)
    is_active = Flag()
    email_key = email_of("email")

    class Meta(CrmModel.Meta):
        indexes: ClassVar = [*CrmModel.Meta.indexes, BY_EMAIL]
