"""The sandbox as the kit sees it: one integration per category, each derived from its category's declarations.

    GET    /objects/{kind}?changedSince=…&cursor=…    {"objects": […], "next": …}, in the order of changes
    GET    /objects/{kind}?newest=true                the same, those first that were made last
    GET    /objects/{kind}?where.{field}=[…]          those with one of these values in a field; contains.{field}=text
    GET    /objects/{kind}/{id}                       one, with an ETag
    POST   /objects/{kind}                            makes one; PATCH changes under If-Match, DELETE removes

A refusal is 422 with `{"errors": {field: reason}}`.
"""

from __future__ import annotations

import functools
import json
from typing import Any, Final

from django.conf import settings

from integrations.kit.auth import Bearer, OAuth2, Revokes
from integrations.kit.content import Content, Form
from integrations.kit.endpoints import DELETE, GET, PATCH, POST, Api, Check, Download, Since, Upload
from integrations.kit.lenses import instant
from integrations.kit.mapping import Mapping
from integrations.kit.oauth import TOKENS
from integrations.kit.paging import ByCursor
from integrations.kit.paths import dig
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from integrations.sandbox import custom_fields
from integrations.sandbox.fields import field_classes, selects
from integrations.sandbox.spelling import CHANGED, kind_of, lenses, spelled
from integrations.sandbox.webhooks import webhooks
from unified_api.models.base import CommonModel, common_models, model_id, wire_fields
from unified_api.models.fields import Text

#: Records on a page: few, so that lists have several.
PAGE: Final = 50
#: By what a record is known that a create may have made, where it is not its `name`.
KNOWN_BY: Final[dict[str, tuple[str, ...]]] = {
    "hris.Employee": ("work_email",),
    "hris.Employment": ("employee", "effective_date"),
    "hris.Dependent": ("employee", "first_name"),
    "hris.PayGroup": ("pay_group_name",),
    "hris.Company": ("legal_name",),
    "hris.PayrollRun": ("start_date", "end_date"),
    "hris.EmployeePayrollRun": ("employee", "payroll_run"),
    "hris.BankInfo": ("employee", "bank_name"),
    "hris.Benefit": ("employee", "employer_benefit"),
    "hris.TimeOff": ("employee", "start_time"),
    "hris.TimeOffBalance": ("employee", "policy_type"),
    "hris.TimesheetEntry": ("employee", "start_time"),
    "training.TrainingCompletion": ("employee", "course"),
    "crm.Lead": ("last_name",),
    "crm.Contact": ("last_name",),
    "crm.User": ("email",),
    "crm.Note": ("content",),
    "crm.Task": ("subject",),
    "crm.Engagement": ("subject",),
    "crm.AssociationType": ("remote_key_name",),
    "crm.CustomObject": ("fields",),
    "crm.Association": ("source_object", "target_object", "association_type"),
    "ticketing.Comment": ("ticket", "body"),
    "ticketing.User": ("email_address",),
    "ticketing.Viewer": ("user",),
    "ticketing.Attachment": ("ticket", "file_name"),
}
#: Of the service's address, below which records stand.
_VERSION: Final = "v1"
_FILE_NAME: Final = "fileName"


def known_by(model: type[CommonModel]) -> tuple[str, ...]:
    """The fields by which a record is known; for a model that is new here its name, or its first text."""
    fields = wire_fields(model)
    texts = [name for name, field in fields.items() if isinstance(field, Text)]
    usual = "name" if "name" in fields else next(iter(texts), next(iter(fields)))
    return KNOWN_BY.get(model_id(model), (usual,))


def home() -> str:
    """Where the sandbox answers: this installation itself."""
    return str(settings.SANDBOX_URL)


def sandbox(slug: str, name: str, category: str) -> Provider:
    """The integration of one category."""
    return Provider(
        slug=slug,
        name=name,
        category=category,
        home=home,
        base_url=f"{{home}}/{_VERSION}",
        settings=(
            Setting(
                "key",
                "The key of a sandbox, as `manage.py sandbox create` prints it",
                required=False,
                secret=True,
            ),
            *TOKENS,
        ),
        auth=OAuth2(
            authorize_url="{home}/oauth/authorize",
            token_url="{home}/oauth/token",  # noqa: S106 - an address
            scopes=("records",),
            issuer="{home}",
            revokes=Revokes("{home}/oauth/revoke"),
            instead=Bearer("key"),
        ),
        check=Check(GET("/account", params={"category": category}), lambda told, _: told["account"]),
        faults=lambda body: body["errors"],
        resources=tuple(_resource(model) for model in common_models(category)),
        webhooks=webhooks(category),
    )


def _resource(model: type[CommonModel]) -> Resource:
    path = f"/objects/{kind_of(model)}"
    one = f"{path}/{{remote_id}}"
    pages = ByCursor("cursor", path="next", size_param="limit", size=PAGE)
    changes = Since(param="changedSince", spell=spelled, stamp=instant(CHANGED))
    newest = {"newest": "true", "limit": str(PAGE)}
    return Resource(
        mapping=Mapping(model, version=CHANGED, **lenses(model)),
        list=GET(path, items="objects", paging=pages, since=changes),
        get=GET(one),
        update=PATCH(one, answer="", conditional=True),
        delete=DELETE(one),
        recent=GET(path, items="objects", params=newest),
        recognise=known_by(model),
        selects=selects(model),
        field_classes=field_classes(model, known_by(model)),
        custom=(custom_fields.PREFIX,) if custom_fields.of(model_id(model)) else (),
        frequency=60.0,
        sweep_every=3_600.0,
        **_create(model, path, one),
    )


def _create(model: type[CommonModel], path: str, one: str) -> dict[str, Any]:
    """How a record is made; one that is a file comes with what is in it."""
    if "file_url" not in wire_fields(model):
        return {"create": POST(path, answer="")}
    create = Upload(functools.partial(_upload, path, str(lenses(model)["content_type"].path)))
    return {"create": create, "download": Download(f"{one}/content")}


def _upload(path: str, kind: str, api: Api, body: dict[str, Any], content: Content) -> str:
    told = json.dumps({kind: content.kind, **body})
    form = Form({"object": told}, "content", str(body[_FILE_NAME]), content)
    return str(dig(api.send("POST", path, form), "id"))
