"""Pages of things that a person decides about: what there is to see first, and what can be done, each asked again.

page ── button ──▶ what to think of first ── yes ──▶ done, on record in the audit trail ──▶ page
                                              └────▶ refused as things stand: the sentence ──▶ page
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from unified_api.admin.pages import Page


@dataclass(frozen=True)
class Deed:
    """One thing that can be done to a row, once somebody has said so twice.

    warning: what to think of first. do: does it, with what the form said. carries: the names in the form that it
    needs. when: whether it is offered for a row.
    """

    name: str
    title: str
    warning: str
    do: Callable[[Any, Mapping[str, str]], object]
    carries: tuple[str, ...] = ()
    when: Callable[[Any], bool] = lambda _row: True


class DecidingPage(Page):
    """A page that shows what a decision needs, above the columns of the row.

    deeds: what can be done. refusals: errors whose sentence says why it cannot be done as things stand.
    """

    change_form_template = "console/decide.html"
    deeds: ClassVar[tuple[Deed, ...]] = ()
    refusals: ClassVar[tuple[type[Exception], ...]] = ()

    def told(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the template shows of a row."""
        raise NotImplementedError  # pragma: no cover - every page has its own

    def get_urls(self) -> list[URLPattern]:
        """Django's, and where deeds are done."""
        place = path(
            "<uuid:row_id>/do/<slug:deed>/", self.admin_site.admin_view(self.do), name=f"{self._name}_do"
        )
        return [place, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Django's page of a row, with what there is to see and to do."""
        obj = context["original"]
        offered = (
            [deed for deed in self.deeds if deed.when(obj)] if self.has_steer_permission(request) else []
        )
        context |= {"deeds": {deed.name: self._offer(obj.pk, deed) for deed in offered}}
        context |= self.told(request, obj)
        return super().render_change_form(request, context, *args, **kwargs)

    def do(self, request: HttpRequest, row_id: uuid.UUID, deed: str) -> HttpResponse:
        """Ask again, and do it when it was said twice."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_steer_permission(request):
            raise PermissionDenied
        row = self.get_queryset(request).filter(pk=row_id).first()
        meant = next((one for one in self.deeds if one.name == deed), None)
        if row is None or meant is None:
            raise Http404
        if "confirmed" not in request.POST:
            return self._ask_again(request, row, meant)
        self._do(request, row, meant)
        return HttpResponseRedirect(self._page(row_id))

    def _do(self, request: HttpRequest, row: Any, deed: Deed) -> None:
        try:
            with transaction.atomic():
                deed.do(row, {name: request.POST.get(name, "") for name in deed.carries})
        except self.refusals as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, f"{deed.title}: done.", messages.SUCCESS)

    def _ask_again(self, request: HttpRequest, row: Any, deed: Deed) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"{deed.title}?",
            "opts": self.model._meta,
            "row": row,
            "warning": deed.warning,
            "carried": {name: request.POST.get(name, "") for name in deed.carries},
            "back": self._page(row.pk),
        }
        return TemplateResponse(request, "console/deed.html", context)

    @property
    def _name(self) -> str:
        return f"{self.model._meta.app_label}_{self.model._meta.model_name}"

    def _page(self, row_id: uuid.UUID) -> str:
        return reverse(f"admin:{self._name}_change", args=[row_id])

    def _offer(self, row_id: uuid.UUID, deed: Deed) -> dict[str, str]:
        return {"title": deed.title, "place": reverse(f"admin:{self._name}_do", args=[row_id, deed.name])}
