"""Choosing the tenant to look at: the one page that reads across tenants, and the entries that this leaves.

The list is an operator's look, on record before it happens; entering and leaving stand in the tenant's own trail.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from tenants import audit
from tenants.models import LinkedAccount, Tenant
from tenants.operators import as_operator
from tenants.scope import scope
from unified_api.admin.walls import CHOSEN, as_operator_of, chosen

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite

#: Tenants on the page; more are found by searching.
SHOWN: Final = 200


def choose(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """The tenants of this installation, by name, or those whose name holds `q`."""
    _may_choose(request)
    wanted = request.GET.get("q", "").strip()
    with (
        as_operator_of(request),
        as_operator(f"console: tenants {wanted!r}" if wanted else "console: tenants"),
    ):
        tenants = _tenants(wanted)
        entered = Tenant.objects.filter(id=chosen(request)).first()
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": "Choose a tenant",
        "tenants": tenants[:SHOWN],
        "more": len(tenants) > SHOWN,
        "q": wanted,
        "next": request.GET.get("next", ""),
        "console_tenant": entered,
    }
    return TemplateResponse(request, "console/choose.html", context)


def enter(request: HttpRequest, tenant_id: uuid.UUID) -> HttpResponse:
    """Look at this tenant from now on, until leaving or signing out."""
    _may_choose(request)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    with as_operator_of(request), scope(tenant_id), transaction.atomic():
        if not Tenant.objects.filter(id=tenant_id).exists():
            raise Http404("There is no such tenant.")
        audit.record("console.entered", subject=str(tenant_id))
    request.session[CHOSEN] = str(tenant_id)
    return HttpResponseRedirect(_back(request))


def leave(request: HttpRequest) -> HttpResponse:
    """Look at no tenant any more."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    tenant_id = chosen(request)
    if tenant_id is not None:
        with as_operator_of(request), scope(tenant_id), transaction.atomic():
            audit.record("console.left", subject=str(tenant_id))
        del request.session[CHOSEN]
    return HttpResponseRedirect(reverse("admin:choose_tenant"))


def _may_choose(request: HttpRequest) -> None:
    if not request.user.has_perm("tenants.view_tenant"):
        raise PermissionDenied("Looking at tenants needs the permission to view them.")


def _tenants(wanted: str) -> list[dict[str, Any]]:
    tenants = Tenant.objects.order_by("name")
    if wanted:
        tenants = tenants.filter(name__icontains=wanted)
    found = list(tenants.values("id", "name", "created_at")[: SHOWN + 1])
    accounts = LinkedAccount.objects.filter(tenant_id__in=[t["id"] for t in found], deleted_at=None)
    numbers = dict(accounts.values_list("tenant_id").annotate(Count("id")))
    return [{**tenant, "accounts": numbers.get(tenant["id"], 0)} for tenant in found]


def _back(request: HttpRequest) -> str:
    """Where the operator wanted to go; never to another site."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("admin:index")
