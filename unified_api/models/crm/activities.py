"""What was done for a customer, and what is to be done."""

from __future__ import annotations

from unified_api.models.base import Wire
from unified_api.models.crm.category import CrmModel
from unified_api.models.fields import Choice, Instant, Ref, Refs, Text


class Note(CrmModel):
    """Something that was written down about a contact, an account or an opportunity."""

    wire = Wire("notes", writes=("create",), remote_fields=True)

    owner = Ref("crm.User", filter="owner_id")
    content = Text(pii=True)
    contact = Ref("crm.Contact", filter="contact_id")
    account = Ref("crm.Account", filter="account_id")
    opportunity = Ref("crm.Opportunity", filter="opportunity_id")
    remote_updated_at = Instant(write="never")
    remote_created_at = Instant(write="never")


class Task(CrmModel):
    """Something that somebody is to do."""

    wire = Wire("tasks", writes=("create", "update"), remote_fields=True)

    subject = Text(pii=True)
    content = Text(pii=True)
    owner = Ref("crm.User")
    account = Ref("crm.Account")
    opportunity = Ref("crm.Opportunity")
    contact = Ref("crm.Contact")
    completed_date = Instant()
    due_date = Instant()
    status = Choice("OPEN", "CLOSED")


class EngagementType(CrmModel):
    """A kind of engagement, as the CRM knows it."""

    wire = Wire(
        "engagement-types",
        remote_fields=True,
        beyond=("remote_was_deleted", "field_mappings", "remote_data"),
    )

    activity_type = Choice("CALL", "MEETING", "EMAIL")
    name = Text()


class Engagement(CrmModel):
    """A call, a meeting, an e-mail: one exchange with a customer."""

    wire = Wire("engagements", writes=("create", "update"), remote_fields=True)

    owner = Ref("crm.User")
    content = Text(pii=True)
    subject = Text(pii=True)
    direction = Choice("INBOUND", "OUTBOUND")
    engagement_type = Ref("crm.EngagementType")
    start_time = Instant(filter="started")
    end_time = Instant()
    account = Ref("crm.Account")
    contacts = Refs("crm.Contact")
