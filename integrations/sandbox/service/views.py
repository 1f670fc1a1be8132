"""The addresses of a sandbox: its account, its behaviour, its objects."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from integrations.sandbox.adapter import home
from integrations.sandbox.models import Sandbox, SandboxRecord, SandboxWebhook
from integrations.sandbox.service import announcing, behaviour, bodies, granting, keeping, store
from integrations.sandbox.service.endpoint import Endpoint, parsed
from integrations.sandbox.service.errors import Refused, answer, invalid, unknown
from integrations.sandbox.service.listing import Asked, page, vanished
from unified_api.models.base import CommonModel


class Account(Endpoint):
    """account: whose key this is. POST begins anew with what the seed gives, DELETE ends the sandbox."""

    owners: ClassVar[frozenset[str]] = frozenset({"POST", "DELETE"})

    def get(self, request: HttpRequest) -> HttpResponse:
        """The account's own name; 403 where another category is asked for."""
        with transaction.atomic():
            sandbox = self.sandbox()
        wanted = request.GET.get("category", sandbox.category)
        if wanted != sandbox.category:
            told = f"This key opens a sandbox of {sandbox.category}, not of {wanted}."
            raise Refused(HTTPStatus.FORBIDDEN, told)
        return answer(_account(sandbox))

    def post(self, _request: HttpRequest) -> HttpResponse:
        """The records of the beginning, and no others."""
        with transaction.atomic():
            sandbox = Sandbox.objects.select_for_update().get(id=self.sandbox_id)
            store.fill(sandbox)
        return answer(_account(sandbox))

    def delete(self, _request: HttpRequest) -> HttpResponse:
        """Gone, with its key."""
        with transaction.atomic():
            keeping.erase(Sandbox.objects.select_for_update().get(id=self.sandbox_id))
        return HttpResponse(status=HTTPStatus.NO_CONTENT)


class Grants(Endpoint):
    """grants: what was allowed to applications by OAuth. DELETE takes all of it back."""

    owners: ClassVar[frozenset[str]] = frozenset({"DELETE"})

    def delete(self, _request: HttpRequest) -> HttpResponse:
        """How many there were."""
        with transaction.atomic():
            sandbox = Sandbox.objects.select_for_update().get(id=self.sandbox_id)
            return answer({"ended": granting.end_all(sandbox)})


class Behaviour(Endpoint):
    """behaviour: how the sandbox behaves. PUT tells it, all that is not named as usual; PATCH what is named alone."""

    behaves: ClassVar[bool] = False
    owners: ClassVar[frozenset[str]] = frozenset({"PUT", "PATCH"})

    def get(self, _request: HttpRequest) -> HttpResponse:
        """How it behaves now."""
        with transaction.atomic():
            return answer(behaviour.shown(self.sandbox()))

    def put(self, _request: HttpRequest) -> HttpResponse:
        """Anew."""
        return self._tell(keep=False)

    def patch(self, _request: HttpRequest) -> HttpResponse:
        """Beside what was told before."""
        return self._tell(keep=True)

    def _tell(self, *, keep: bool) -> HttpResponse:
        told = behaviour.told(self.body())
        with transaction.atomic():
            sandbox = Sandbox.objects.select_for_update().get(id=self.sandbox_id)
            sandbox.behaviour, sandbox.counters = {**(sandbox.behaviour if keep else {}), **told}, {}
            sandbox.save(update_fields=["behaviour", "counters"])
        return answer(behaviour.shown(sandbox))


class Objects(Endpoint):
    """objects/{kind}: a list, POST for a new one, PUT for one that is known by some of its fields."""

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        """A page."""
        asked = Asked.of(request.GET.dict())
        with transaction.atomic():
            sandbox = self.sandbox()
            model = store.model_of(sandbox, kind)
            rows, more = page(sandbox, model, asked)
            told = [_shown(row, model) for row in rows]
        return answer({"objects": told, "next": more})

    def post(self, request: HttpRequest, kind: str) -> HttpResponse:
        """A new object; one that is a file comes as a form."""
        body, content = _form(request) if request.FILES else (self.body(), None)
        with transaction.atomic():
            model = store.model_of(self.sandbox(), kind)
            row = store.create(self.sandbox_id, model, body, content)
            return _one(row, model, HTTPStatus.CREATED)

    def put(self, request: HttpRequest, kind: str) -> HttpResponse:
        """The object that has the values of the fields `match` names, changed; a new one where there is none."""
        names = [name for name in request.GET.get("match", "").split(",") if name]
        body = self.body()
        if missing := {name: "is needed, to match by it" for name in names if body.get(name) is None}:
            raise invalid(missing)
        if not names:
            raise invalid({"match": "names one or more fields"})
        with transaction.atomic():
            model = store.model_of(self.sandbox(), kind)
            found = store.matching(self.sandbox_id, kind, {name: body[name] for name in names})
            if len(found) > 1:
                raise invalid(dict.fromkeys(names, "several objects have this"))
            if found:
                return _one(store.change(self.sandbox_id, model, found[0].name, body, None), model)
            return _one(store.create(self.sandbox_id, model, body), model, HTTPStatus.CREATED)


class Object(Endpoint):
    """objects/{kind}/{id}: one object, PATCH for some of its fields, DELETE; both take If-Match."""

    def get(self, _request: HttpRequest, kind: str, name: str) -> HttpResponse:
        """The object, with its ETag."""
        with transaction.atomic():
            sandbox = self.sandbox()
            model = store.model_of(sandbox, kind)
            return _one(_present(sandbox, kind, name), model)

    def patch(self, request: HttpRequest, kind: str, name: str) -> HttpResponse:
        """The object, changed."""
        with transaction.atomic():
            model = store.model_of(self.sandbox(), kind)
            seen = request.headers.get("If-Match")
            return _one(store.change(self.sandbox_id, model, name, self.body(), seen), model)

    def delete(self, request: HttpRequest, kind: str, name: str) -> HttpResponse:
        """Gone."""
        with transaction.atomic():
            store.model_of(self.sandbox(), kind)
            store.remove(self.sandbox_id, kind, name, request.headers.get("If-Match"))
        return HttpResponse(status=HTTPStatus.NO_CONTENT)


class Content(Endpoint):
    """objects/{kind}/{id}/content: what is in a file."""

    def get(self, _request: HttpRequest, kind: str, name: str) -> HttpResponse:
        """The bytes."""
        with transaction.atomic():
            sandbox = self.sandbox()
            model, row = store.model_of(sandbox, kind), _present(sandbox, kind, name)
        if not store.is_file(model):
            raise unknown(kind, name)
        told = row.body.get(bodies.path_of(model, "content_type"))
        media = told if bodies.is_media_type(told) else "application/octet-stream"
        return HttpResponse(bytes(row.content or b""), content_type=media)


class Webhooks(Endpoint):
    """webhooks: who is told of changes, and POST for one more."""

    def get(self, _request: HttpRequest) -> HttpResponse:
        """All, without their secrets."""
        with transaction.atomic():
            rows = SandboxWebhook.objects.filter(sandbox_id=self.sandbox_id).order_by("created_at", "id")
            return answer({"webhooks": [_webhook(row) for row in rows]})

    def post(self, _request: HttpRequest) -> HttpResponse:
        """A new one, in the place of the one that there was at this address."""
        told = self.body()
        with transaction.atomic():
            sandbox = Sandbox.objects.select_for_update().get(id=self.sandbox_id)
            return answer(_webhook(announcing.register(sandbox, told)), HTTPStatus.CREATED)


class Webhook(Endpoint):
    """webhooks/{id}: DELETE tells nobody there any more."""

    def delete(self, _request: HttpRequest, webhook_id: str) -> HttpResponse:
        """Gone, with what it was still to be told."""
        with transaction.atomic():
            sandbox = Sandbox.objects.select_for_update().get(id=self.sandbox_id)
            announcing.forget(announcing.one(sandbox, webhook_id))
        return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _webhook(row: SandboxWebhook) -> dict[str, Any]:
    return {"id": str(row.id), "url": announcing.url_of(row)}


def _account(sandbox: Sandbox) -> dict[str, Any]:
    return {"account": str(sandbox.id), "category": sandbox.category, "seed": sandbox.seed}


def _present(sandbox: Sandbox, kind: str, name: str) -> SandboxRecord:
    """The object of an id, unless it plays to be gone."""
    if vanished(name, behaviour.shown(sandbox)["vanishedShare"]):
        raise unknown(kind, name)
    return store.one(sandbox, kind, name)


def _shown(row: SandboxRecord, model: type[CommonModel]) -> dict[str, Any]:
    return store.shown(row, model, f"{home()}/v1")


def _one(row: SandboxRecord, model: type[CommonModel], status: int = HTTPStatus.OK) -> HttpResponse:
    return answer(_shown(row, model), status, {"ETag": store.version(row)})


def _form(request: HttpRequest) -> tuple[dict[str, Any], bytes]:
    """The fields of an object, and the file beside them; raises Refused."""
    told = parsed(str(request.POST.get("object", "")))
    file = request.FILES.get("content")
    if file is None:
        raise invalid({"content": "is the file"})
    return told, file.read()
