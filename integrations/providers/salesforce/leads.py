"""Leads: people and their companies on their own, until one is converted into a contact, an account and a sale."""

from __future__ import annotations

from typing import Any

from integrations.kit.lenses import compute, on_day, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.providers.salesforce.lenses import PlaceLens, email, owner, phones, when
from integrations.providers.salesforce.records import Kind, is_gone, resource
from integrations.providers.salesforce.selecting import has_address, says
from integrations.providers.salesforce.soql import STAMP
from unified_api.models.crm import Lead

#: Of the words that a new account has; those of the customer's own pass through.
_STATUS = {
    "Open - Not Contacted": "OPEN",
    "Working - Contacted": "OPEN",
    "New": "OPEN",
    "Contacted": "OPEN",
    "Working": "OPEN",
    "Nurturing": "OPEN",
    "Qualified": "QUALIFIED",
    "Closed - Converted": "QUALIFIED",
    "Closed - Not Converted": "UNQUALIFIED",
    "Unqualified": "UNQUALIFIED",
}


def _status(lead: Any) -> Any:
    """What its word means; one that is converted is qualified, whatever its word is called."""
    if dig(lead, "IsConverted") is True:
        return "QUALIFIED"
    found = dig(lead, "Status")
    return found if found in (MISSING, None) else _STATUS.get(found, found)


leads = resource(
    Kind(name="Lead", merges=True),
    Mapping(
        Lead,
        remote_id="Id",
        version=STAMP,
        merged_into="MasterRecordId",
        gone=compute(is_gone),
        owner=owner(),
        lead_source="LeadSource",
        title="Title",
        company="Company",
        first_name="FirstName",
        last_name="LastName",
        addresses=PlaceLens(kind="Lead"),
        email_addresses=email(),
        phone_numbers=phones(main="Phone", MOBILE="MobilePhone", FAX="Fax"),
        status=compute(_status),
        converted_date=on_day("ConvertedDate", read_only=True),
        converted_contact=ref("ConvertedContactId", read_only=True),
        converted_account=ref("ConvertedAccountId", read_only=True),
        converted_opportunity=ref("ConvertedOpportunityId", read_only=True),
        remote_created_at=when("CreatedDate", read_only=True),
        remote_updated_at=when(STAMP, read_only=True),
    ),
    (
        *(
            "OwnerId",
            "LeadSource",
            "Title",
            "Company",
            "FirstName",
            "LastName",
            "Email",
            "Phone",
            "MobilePhone",
            "Fax",
        ),
        *("Street", "City", "State", "PostalCode", "Country", "CountryCode"),
        *("ConvertedDate", "ConvertedContactId", "ConvertedAccountId", "ConvertedOpportunityId"),
    ),
    recognise=("last_name", "company"),
    tells_apart=("first_name", "email_addresses"),
    sought={"LastName": "{last_name}", "Company": "{company}"},
    selects={**says(last_name="LastName", company="Company"), **has_address()},
)
