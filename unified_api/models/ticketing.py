"""Ticketing: tickets and what surrounds them. Meanings follow the wire contract's."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models

from unified_api.models.base import CommonModel, Wire
from unified_api.models.fields import Choice, Choices, Flag, Instant, Ref, Refs, Text, Texts, Whole, WireField
from unified_api.models.people import BY_EMAIL, email_of
from unified_api.models.shapes import RECORD, Shapes

#: Who may do what with a ticket or a collection.
PERMISSION: Final[dict[str, WireField]] = {
    "remote_id": Text(),
    "effect": Choice("ALLOWED", "DENIED", "INHERITED"),
    "actions": Choices("VIEW", "CREATE", "EDIT", "DELETE"),
    "applied_to_users": Refs("ticketing.User", expands=False),
    "applied_to_roles": Refs("ticketing.Role", expands=False),
    "applied_to_teams": Refs("ticketing.Team", expands=False),
    "applied_to_collections": Refs("ticketing.Collection", expands=False),
}
#: Finds what is on a ticket, in the order of lists.
OF_TICKET: Final = models.Index(
    fields=["tenant_id", "linked_account_id", "ticket", "created_at", "id"], name="%(app_label)s_%(class)s_t"
)
_OF_PERMISSIONS: Final = tuple(name for name in RECORD if name != "remote_data")


class TicketingModel(CommonModel):
    """A model of the ticketing category."""

    class Meta(CommonModel.Meta):
        abstract = True
        app_label = "ticketing"


class Ticket(TicketingModel):
    """A piece of work that somebody asked for."""

    wire = Wire(
        "tickets",
        writes=("create", "update"),
        remote_fields=True,
        by_remote_ids=True,
        meta=("collection_id", "ticket_type"),
        searched=("name", "status", "assignees", "collections", "ticket_url"),
    )

    name = Text(filter="name", pii=True)
    assignees = Refs("ticketing.User", filter="assignee_ids")
    assigned_teams = Refs("ticketing.Team")
    creator = Ref("ticketing.User", filter=("creator_id", "creator_ids"))
    due_date = Instant(filter="due")
    status = Choice("OPEN", "CLOSED", "IN_PROGRESS", "ON_HOLD", filter="status", origins=True)
    description = Text(pii=True)
    collections = Refs("ticketing.Collection", filter="collection_ids")
    ticket_type = Text(filter="ticket_type", origins=True)
    account = Ref("ticketing.Account", filter="account_id")
    contact = Ref("ticketing.Contact", filter="contact_id")
    parent_ticket = Ref("ticketing.Ticket", filter="parent_ticket_id")
    attachments = Refs("ticketing.Attachment", write="create")
    access_level = Choice("COMPANY", "PUBLIC", "PRIVATE", "COLLECTION")
    permissions = Shapes(PERMISSION, fills=_OF_PERMISSIONS, expands=True, write="never")
    tags = Texts(filter="tags")
    roles = Texts()
    ticket_url = Text(filter="ticket_url", contains=True)
    priority = Choice("URGENT", "HIGH", "NORMAL", "LOW", filter="priority", origins=True)
    remote_created_at = Instant(filter="remote_created", write="never")
    remote_updated_at = Instant(filter="remote_updated", write="never")
    completed_at = Instant(filter="completed")


class Comment(TicketingModel):
    """A message on a ticket."""

    wire = Wire("comments", writes=("create",))

    user = Ref("ticketing.User")
    contact = Ref("ticketing.Contact")
    body = Text(pii=True)
    html_body = Text(pii=True)
    ticket = Ref("ticketing.Ticket", filter="ticket_id")
    is_private = Flag()
    remote_created_at = Instant(filter="remote_created", ours=("remote_created_before",), write="never")

    class Meta(TicketingModel.Meta):
        indexes: ClassVar = [*TicketingModel.Meta.indexes, OF_TICKET]


class User(TicketingModel):
    """A person who works in the ticketing system. `collections`, `projects` are ours: where that person takes part."""

    wire = Wire("users")

    name = Text(pii=True)
    email_address = Text(filter="email_address", pii=True)
    is_active = Flag()
    teams = Refs("ticketing.Team", filter=("team", "teams"))
    roles = Refs("ticketing.Role", filter="roles")
    avatar = Text()
    collections = Refs(
        "ticketing.Collection",
        filter="collections",
        ours=(),
        expands=False,
        contract=False,
        write="never",
    )
    projects = Refs("ticketing.Project", below=True, expands=False, contract=False, write="never")
    email_key = email_of("email_address")

    class Meta(TicketingModel.Meta):
        indexes: ClassVar = [*TicketingModel.Meta.indexes, BY_EMAIL]


class Tag(TicketingModel):
    """A word that tickets are marked with."""

    wire = Wire("tags", public="TicketingTag")

    name = Text()


class Collection(TicketingModel):
    """A list, project or queue that tickets stand in."""

    wire = Wire("collections")

    name = Text(filter="name")
    description = Text()
    access_level = Choice("PRIVATE", "COMPANY", "PUBLIC", "PARENT_COLLECTION")
    collection_type = Choice("LIST", "PROJECT", filter="collection_type", origins=True)
    parent_collection = Ref("ticketing.Collection", filter="parent_collection_id")
    permissions = Shapes(PERMISSION, fills=_OF_PERMISSIONS, expands=True, write="never")
    collection_url = Text()
    remote_created_at = Instant(write="never")
    remote_updated_at = Instant(write="never")


class Project(TicketingModel):
    """What collections were called before there were others: a project that tickets stand in."""

    wire = Wire("projects")

    name = Text()
    description = Text()


class Viewer(TicketingModel):
    """Who can see a ticket or a collection: a user, or the users of a team. `ticket`, `collection` are ours: which."""

    wire = Wire(
        "viewers",
        public="TicketingViewer",
        alone=False,
        beyond=("remote_was_deleted", "field_mappings", "remote_data"),
    )

    team = Ref("ticketing.Team")
    user = Ref("ticketing.User")
    ticket = Ref("ticketing.Ticket", below=True, expands=False, contract=False)
    collection = Ref("ticketing.Collection", below=True, expands=False, contract=False)


class Team(TicketingModel):
    """A group of users."""

    wire = Wire("teams", public="TicketingTeam")

    name = Text()
    description = Text()


class Role(TicketingModel):
    """What a user may do."""

    wire = Wire("roles")

    name = Text()
    ticket_actions = Choices("VIEW", "CREATE", "EDIT", "DELETE", "CLOSE", "ASSIGN")
    ticket_access = Choice("ALL", "ASSIGNED_ONLY", "TEAM_ONLY")


class Account(TicketingModel):
    """A company on whose behalf tickets are opened."""

    wire = Wire("accounts", public="TicketingAccount")

    name = Text(pii=True)
    domains = Texts()


class Contact(TicketingModel):
    """A person outside, for whom tickets are opened."""

    wire = Wire("contacts", writes=("create",), public="TicketingContact")

    name = Text(pii=True)
    email_address = Text(filter="email_address", pii=True)
    phone_number = Text(pii=True)
    details = Text()
    account = Ref("ticketing.Account")
    email_key = email_of("email_address")

    class Meta(TicketingModel.Meta):
        indexes: ClassVar = [*TicketingModel.Meta.indexes, BY_EMAIL]


class Attachment(TicketingModel):
    """A file on a ticket."""

    wire = Wire("attachments", writes=("create",), public="TicketingAttachment")

    file_name = Text()
    ticket = Ref("ticketing.Ticket", filter="ticket_id")
    file_url = Text()
    content_type = Text()
    uploaded_by = Ref("ticketing.User", expands=False)
    remote_created_at = Instant(filter="remote_created", ours=("remote_created_before",), write="never")
    size = Whole(contract=False, write="never")
    is_private = Flag(contract=False)

    class Meta(TicketingModel.Meta):
        indexes: ClassVar = [*TicketingModel.Meta.indexes, OF_TICKET]
