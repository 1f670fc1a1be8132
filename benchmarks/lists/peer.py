"""The peer: the same list as a plain Django REST framework view would show it. No part of the product.

Authentication, tenant scope and transaction are the product's; list, pages, fields and JSON are the framework's:
ListAPIView, CursorPagination, ModelSerializer with every field of the wire, JSONRenderer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.urls import include, path
from rest_framework.authentication import BaseAuthentication
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer

from tenants.audit import acting
from tenants.scope import scope
from unified_api.api import auth
from unified_api.models.base import CommonModel, wire_fields
from unified_api.models.hris import Employee
from unified_api.models.ticketing import Account, Ticket, User

PATH = "api/peer/{path}"
_ALWAYS = ("id", "remote_id", "created_at", "modified_at")


class KeyAndToken(BaseAuthentication):
    """The product's own: an API key and an account token, looked up by the product's statements."""

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        """The key stands for the user, the linked account for what it is authorized for."""
        caller = auth.caller_of(request._request)  # noqa: SLF001 - the request behind DRF's
        category = "hris" if request.path.endswith(Employee.wire.path) else "ticketing"
        return caller.key, auth.account_of(request._request, caller, category)  # noqa: SLF001 - the same


class ReachesTheAccount(BasePermission):
    """A key and a linked account were recognised."""

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - DRF's signature
        """Whether there is an account."""
        return request.auth is not None


class _Plain(ModelSerializer[Any]):
    def to_representation(self, instance: Any) -> dict[str, Any]:
        """What is the same in every record costs the peer next to nothing."""
        nothing: dict[str, Any] = {"organization_defined_targets": {}, "linked_account_defined_targets": {}}
        return {
            **super().to_representation(instance),
            "field_mappings": nothing,
            "remote_data": None,
            "remote_fields": None,
        }


class UserSerializer(_Plain):
    """A user, all fields."""

    class Meta:
        model = User
        fields = (*_ALWAYS, *wire_fields(User), "remote_was_deleted")


class AccountSerializer(_Plain):
    """An account, all fields."""

    class Meta:
        model = Account
        fields = (*_ALWAYS, *wire_fields(Account), "remote_was_deleted")


class TicketSerializer(_Plain):
    """A ticket, all fields."""

    class Meta:
        model = Ticket
        fields = (*_ALWAYS, *wire_fields(Ticket), "remote_was_deleted")


class EmployeeSerializer(_Plain):
    """An employee, all fields but the sensitive one, which costs the peer nothing."""

    class Meta:
        model = Employee
        fields = (
            *_ALWAYS,
            *(n for n, one in wire_fields(Employee).items() if not one.sensitive),
            "remote_was_deleted",
        )


class ExpandedSerializer(TicketSerializer):
    """A ticket with its account and assignees as records."""

    account = AccountSerializer(source="expanded_account")
    assignees = UserSerializer(source="expanded_assignees", many=True)


class Pages(CursorPagination):
    """Pages of a hundred."""

    page_size = 100
    ordering = ("created_at", "id")


class _List(ListAPIView[Any]):
    """GET: a page of the account's records. shown: the model."""

    shown: type[CommonModel]
    authentication_classes = [KeyAndToken]
    permission_classes = [ReachesTheAccount]
    pagination_class = Pages

    def get_queryset(self) -> Any:
        """The account's records that are neither deleted nor shells."""
        account: Any = self.request.auth
        return self.shown.objects.filter(
            linked_account_id=account.id, remote_was_deleted=False, is_shell=False
        )

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """In the tenant's scope, and a transaction."""
        key: Any = request.user
        with scope(key.tenant_id), acting("api_key", key.hint), transaction.atomic():
            return super().list(request, *args, **kwargs)


class Tickets(_List):
    """Tickets, with their account and assignees where these are asked for."""

    shown = Ticket

    def get_serializer_class(self) -> Any:
        """The plain one, or the one with nested records."""
        return ExpandedSerializer if "expand" in self.request.query_params else TicketSerializer

    def paginate_queryset(self, queryset: Any) -> Any:
        """A page, with what is to be nested fetched by one query each, as prefetch_related does."""
        page = super().paginate_queryset(queryset) or []
        if "expand" in self.request.query_params:
            _prefetch(page)
        return page


class Employees(_List):
    """Employees."""

    shown = Employee
    serializer_class = EmployeeSerializer


def _prefetch(page: Iterable[Any]) -> None:
    kept = list(page)
    users = User.objects.in_bulk({i for ticket in kept for i in ticket.assignees or ()})
    known = Account.objects.in_bulk({ticket.account for ticket in kept if ticket.account})
    for ticket in kept:
        ticket.expanded_account = known.get(ticket.account)
        ticket.expanded_assignees = [users[i] for i in ticket.assignees or () if i in users]


urlpatterns = [
    path(PATH.format(path=Ticket.wire.path), Tickets.as_view()),
    path(PATH.format(path=Employee.wire.path), Employees.as_view()),
    path("", include("unified_api.urls")),
]
