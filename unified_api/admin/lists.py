"""Lists that stay quick with millions of rows: counted up to a bound, found by id, in an order that an index has."""

# ruff: noqa: ARG002 - Django calls these methods with arguments that not all of them need
from __future__ import annotations

import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Coalesce, Concat, NullIf
from django.http import HttpRequest

from tenants.models import LinkedAccount
from unified_api.sync.models import Stream
from unified_api.sync.models_bridge import Bridge

#: Rows that are counted and can be turned over; whoever looks for more searches or filters.
BOUND: Final = 5_000
#: Accounts that are offered as a filter.
OFFERED: Final = 30


if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator


class BoundedPaginator(_Paginator):
    """Pages of the first rows: never counts a whole table."""

    @cached_property
    def count(self) -> int:
        """The number of rows, or the bound."""
        rows: Any = self.object_list
        return int(rows[:BOUND].count())


class BoundedList(ChangeList):
    """A list that knows whether there may be more than it counted."""

    @property
    def is_bounded(self) -> bool:
        """Whether the count has reached the bound."""
        return self.result_count >= BOUND


class ByPosition(BoundedList):
    """A list of rows whose pages are found by position: the log has no index by id."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pk_attname = "position"


class AccountFilter(SimpleListFilter):
    """One linked account; the list is then in the order of its changes."""

    title = "linked account"
    parameter_name = "linked_account_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The accounts linked last, and the one that is chosen."""
        recent = LinkedAccount.objects.order_by("-created_at")[:OFFERED]
        return [(str(account.id), str(account)) for account in recent]

    def has_output(self) -> bool:
        """Shown even for a single account, since it changes the order."""
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The account's rows."""
        value = self.value()
        if value is None:
            return queryset
        account = as_id(value)
        return queryset.filter(linked_account_id=account) if account else queryset.none()


def as_id(text: str) -> uuid.UUID | None:
    """A UUID that somebody typed, or None."""
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        return None


def found(queryset: QuerySet[Any], ids: tuple[str, ...], texts: tuple[str, ...], term: str) -> QuerySet[Any]:
    """Rows of which one of these columns is the term, exactly: so indexes are used."""
    wanted, key = Q(), as_id(term)
    for name in ids if key else ():
        wanted |= Q(**{name: key})
    for name in texts:
        wanted |= _of_text(name, term.strip())
    return queryset.filter(wanted) if wanted else queryset.none()


def _of_text(name: str, term: str) -> Q:
    if name != "remote_id":
        return Q(**{name: term})
    # The index begins with the account.
    accounts = LinkedAccount.objects.order_by().values("id")
    return Q(remote_id=term, linked_account_id__in=accounts)


def named(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """The rows, together with what their references are called, so that a list needs no further queries."""
    names = {field.name for field in queryset.model._meta.concrete_fields}
    if "linked_account_id" in names:
        account = LinkedAccount.objects.filter(id=OuterRef("linked_account_id"))
        queryset = queryset.annotate(linked_account_id_named=Subquery(account.values(name=_account_name())))
    for name in {"account_a", "account_b"} & names:
        account = LinkedAccount.objects.filter(id=OuterRef(name))
        queryset = queryset.annotate(**{f"{name}_named": Subquery(account.values(name=_account_name()))})
    if "stream_id" in names:
        stream = Stream.objects.filter(id=OuterRef("stream_id"))
        queryset = queryset.annotate(stream_id_named=Subquery(stream.values("model")))
    if "bridge_id" in names:
        bridge = Bridge.objects.filter(id=OuterRef("bridge_id"))
        queryset = queryset.annotate(bridge_id_named=Subquery(bridge.values(called=_bridge_name())))
    return queryset


def _bridge_name() -> Coalesce:
    return Coalesce(NullIf(F("name"), Value("")), F("model"), output_field=TextField())


def _account_name() -> Concat:
    return Concat(F("end_user_origin_id"), Value(" at "), F("integration"), output_field=TextField())
