"""One tenant per request: each page of the console runs in the scope of the tenant that the operator has chosen.

    signed in? ──▶ acting as that operator ──▶ page of a tenant's things and none chosen ──▶ the chooser
                                           └─▶ scope, transaction (reading only for a GET), page, rendered inside

Pages answer lazily, so they are rendered before the transaction ends.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse
from django.urls import reverse

from tenants.audit import acting
from tenants.models import Tenant, Walled
from tenants.scope import scope

#: Where the session keeps the chosen tenant's id.
CHOSEN: Final = "tenant"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
View = Callable[..., HttpResponse]


def is_a_tenants(model: type[models.Model]) -> bool:
    """Whether rows of this model are one tenant's: by policy, or at least by a column that says whose."""
    if issubclass(model, Walled):
        return True
    try:
        model._meta.get_field("tenant_id")
    except FieldDoesNotExist:
        return False
    return True


def chosen(request: HttpRequest) -> uuid.UUID | None:
    """The tenant that the operator has chosen in this session."""
    kept = request.session.get(CHOSEN)
    return uuid.UUID(kept) if kept else None


def as_operator_of(request: HttpRequest) -> Any:
    """What happens inside is done by the operator who is signed in."""
    return acting("operator", request.user.get_username())


def behind(view: View) -> View:
    """The view, in the scope of the chosen tenant, if one is chosen."""
    model = getattr(getattr(view, "__self__", None), "model", None)
    needs_tenant = model is not None and is_a_tenants(model)

    @wraps(view)
    def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        tenant = chosen(request)
        with as_operator_of(request):
            if tenant is not None:
                return _in_scope(tenant, view, request, *args, **kwargs)
            return to_chooser(request) if needs_tenant else _rendered(view(request, *args, **kwargs))

    return inside


def to_chooser(request: HttpRequest) -> HttpResponse:
    """Have the operator choose a tenant, and come back here."""
    query = urlencode({"next": request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('admin:choose_tenant')}?{query}")


def _in_scope(
    tenant_id: uuid.UUID, view: View, request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:
    with scope(tenant_id), transaction.atomic():
        if request.method in _SAFE:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
        tenant = Tenant.objects.filter(id=tenant_id).first()
        if tenant is not None:
            request.console_tenant = tenant  # type: ignore[attr-defined] # for the band on every page
            return _rendered(view(request, *args, **kwargs))
    del request.session[CHOSEN]
    return to_chooser(request)


def _rendered(response: HttpResponse) -> HttpResponse:
    return response.render() if isinstance(response, SimpleTemplateResponse) else response
