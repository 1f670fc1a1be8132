"""The base of all pages of the console: read-only, derived from the model, steered by actions."""

# ruff: noqa: ARG002 - Django calls these methods with arguments that not all of them need
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ModelAdmin, ShowFacets
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tenants.models import Walled
from tenants.scope import current_tenant
from unified_api.admin import lists, show
from unified_api.admin.walls import is_a_tenants

if TYPE_CHECKING:
    _ModelAdmin = ModelAdmin[Any]
else:
    _ModelAdmin = ModelAdmin


class Page(_ModelAdmin):
    """Shows rows of one model, and changes none.

    listed: columns of the list. ids, texts: columns by which a row is searched, exactly.
    """

    listed: tuple[str, ...] = ("id",)
    ids: tuple[str, ...] = ("id",)
    texts: tuple[str, ...] = ()

    paginator = lists.BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ()
    search_fields = ("id",)
    actions_on_bottom = False
    show_facets = ShowFacets.NEVER

    def get_list_display(self, request: HttpRequest) -> Any:
        """The columns of the list."""
        return show.columns(self.model, self.listed)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The columns of a row's page."""
        return show.page(self.model)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All of them."""
        return self.get_fields(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The chosen tenant's rows, with the names of what they refer to."""
        rows = super().get_queryset(request)
        if is_a_tenants(self.model) and not issubclass(self.model, Walled):
            rows = rows.filter(tenant_id=current_tenant())  # no policy does it
        return lists.named(rows)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Exact matches of ids and names."""
        if not search_term.strip():
            return queryset, False
        return lists.found(queryset, self.ids, self.texts, search_term), False

    @property
    def search_help_text(self) -> str:  # type: ignore[override] # Django's is an attribute
        """By what can be searched."""
        return f"Exact: {', '.join((*self.ids, *self.texts)).replace('_', ' ')}"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[lists.BoundedList]:
        """A list that counts up to a bound."""
        return lists.BoundedList

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What was done to this: the tenant's own audit trail."""
        return HttpResponseRedirect(f"{reverse('admin:tenants_auditevent_changelist')}?q={object_id}")

    def has_add_permission(self, request: HttpRequest, *obj: Any) -> bool:
        """Rows are made by the product."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are changed by actions only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are deleted by the product."""
        return False

    def has_steer_permission(self, request: HttpRequest) -> bool:
        """Whether this operator may use the actions: Django's permission to change the model."""
        options = self.model._meta
        return request.user.has_perm(f"{options.app_label}.change_{options.model_name}")


class Records(Page):
    """Mirrored records of one common model."""

    texts = ("remote_id",)
    list_filter = (lists.AccountFilter,)

    def get_list_display(self, request: HttpRequest) -> Any:
        """What tells the records apart, read from the declaration."""
        names = ("remote_id", *show.telling(self.model), "modified_at", "linked_account_id")
        return show.columns(self.model, names)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Newest change first within an account, which an index serves; else by id."""
        within = request.GET.get(lists.AccountFilter.parameter_name)
        return ("-modified_at", "-id") if within else ("id",)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What happened to the record, what it was, and why it is as it is."""
        if lists.as_id(object_id) is None:
            raise Http404
        return HttpResponseRedirect(reverse("admin:sync_change_record", args=[object_id]))
