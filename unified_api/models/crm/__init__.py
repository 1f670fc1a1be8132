"""CRM: leads, the people and companies behind them, and what is sold. Meanings follow the wire contract's.

A lead that one system recommends to another travels as a `Lead`, and comes back as what became of it:

    recommended        Lead, status OPEN; `lead_source` says by whom
    accepted           Lead, status QUALIFIED, with `converted_date`, `converted_contact`, `converted_account`
    not accepted       Lead, status UNQUALIFIED
    outcome, amount    Opportunity that the lead's `converted_opportunity` names: status WON or LOST, `amount`,
                       `close_date`, and `lost_reason` when it was lost

`converted_opportunity` and `lost_reason` are ours: the contract has no place for them.
"""

from unified_api.models.crm.sales import Account, Contact, Lead, Opportunity, Stage, User

from unified_api.models.crm.activities import Engagement, EngagementType, Note, Task  # isort: skip
from unified_api.models.crm.custom_objects import (
    Association,
    AssociationType,
    CustomObject,
    CustomObjectClass,
)

__all__ = [
    "Account",
    "Association",
    "AssociationType",
    "Contact",
    "CustomObject",
    "CustomObjectClass",
    "Engagement",
    "EngagementType",
    "Lead",
    "Note",
    "Opportunity",
    "Stage",
    "Task",
    "User",
]
