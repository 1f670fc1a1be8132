"""Link tokens, what becomes of them, and account tokens made anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from tenants import accounts, permissions
from tenants.models import ApiKey
from tenants.permissions import Say
from tenants.vault import Secret
from unified_api import registry
from unified_api.api import auth, bodies
from unified_api.api.account import catalogue
from unified_api.api.account.scopes import fields_named, model_named, names_of
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, malformed
from unified_api.api.openapi import accounts as told_as
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.schema import ID, NULL, TEXT, Named, Schema, many, maybe, named, record, word
from unified_api.link import tokens
from unified_api.models.base import category_of, common_models, model_id

#: The contract's categories; those without adapters are known and never linked.
CATEGORIES: Final = ("hris", "ats", "accounting", "ticketing", "crm", "mktg", "filestorage")
_MINUTES: Final = (30, 10_080)
_ACTIONS: Final = ("READ", "WRITE")
_SCOPE: Final = Named(
    "LinkTokenScope",
    lambda: record(
        {
            "model_id": names_of(common_models()),
            "enabled_actions": maybe(many(word(*_ACTIONS))),
            "disabled_fields": maybe(many(TEXT)),
        },
        optional=("enabled_actions", "disabled_fields"),
    ),
)
_EMAIL: Final = bodies.text("end_user_email_address", "The customer's e-mail address.")
_ORGANIZATION: Final = bodies.text("end_user_organization_name", "The customer's name.")
_ORIGIN: Final = bodies.filled_text("end_user_origin_id", "Your own id of the customer.")
_OURS: Final = tuple(dict.fromkeys(map(category_of, common_models())))
_WORDS: Final = bodies.words("categories", CATEGORIES, "In which of these the account may be.")
_CATEGORIES: Final = replace(_WORDS, schema={**_WORDS.schema, "contains": word(*_OURS)})
_INTEGRATION: Final = bodies.maybe_text("integration", "The slug of the only integration, if there is one.")
_EXPIRY: Final = bodies.maybe_whole(
    "link_expiry_mins",
    "How long the link token lasts, in minutes; longer than 720 only with `should_create_magic_link_url`.",
    default=_MINUTES[0],
    least=_MINUTES[0],
    most=_MINUTES[1],
)
_MAGIC: Final = bodies.maybe_flag(
    "should_create_magic_link_url", "Whether the link is to be sent to the customer."
)
_HIDE: Final = bodies.maybe_flag("hide_admin_magic_link", "Ignored.")
_MODELS: Final = bodies.objects(
    "common_models", "What of these models may be read and written.", _SCOPE, is_required=False
)
_BY_CATEGORY: Final = bodies.maybe_mapping(
    "category_common_model_scopes", "The same, by category: lists of such objects.", many(_SCOPE)
)
_LANGUAGE: Final = bodies.maybe_word("language", ("en", "de"), "Of the page.", default="en")
_UNREAD: Final = bodies.maybe_flag("are_syncs_disabled", "Link without reading anything.")
_CONFIG: Final = bodies.maybe_mapping("integration_specific_config", "Ignored.")
_DESTINATION: Final = bodies.maybe_text("linked_destination_id", "Ignored.")
#: Minutes that a link token lasts at the most which is not sent to the customer.
_USUAL: Final = 720
_LINK_TOKEN: Final = named(
    "LinkToken", record({"link_token": TEXT, "integration_name": maybe(TEXT), "magic_link_url": NULL})
)
_ACCOUNT_TOKEN: Final = named(
    "AccountToken", record({"account_token": TEXT, "integration": told_as.INTEGRATION, "id": ID})
)
_REGENERATED: Final = named(
    "RegeneratedAccountToken", record({"linked_account_id": ID, "account_token": TEXT})
)


def _body() -> Schema:
    """The body of a link token, which lasts long only where it is sent to the customer."""
    keys: tuple[bodies.Key[Any], ...] = (
        *(_EMAIL, _ORGANIZATION, _ORIGIN, _CATEGORIES, _INTEGRATION, _EXPIRY, _MAGIC, _HIDE),
        *(_MODELS, _BY_CATEGORY, _LANGUAGE, _UNREAD, _CONFIG, _DESTINATION),
    )
    usual = {"properties": {_EXPIRY.name: {"maximum": _USUAL}}}
    sent = {"properties": {_MAGIC.name: {"const": True}}, "required": [_MAGIC.name]}
    return {**bodies.body(*keys), "anyOf": [usual, sent]}


class LinkToken(Endpoint):
    """POST link-token."""

    needs_account = False
    tag = "accounts"
    operations = {"post": Operation({200: _LINK_TOKEN}, body=_body())}

    def post(self, _request: Request) -> HttpResponse:
        """Leave to link one account of a customer, once, for a while."""
        body = self.body()
        try:
            made, text = tokens.issue(self._wish(body))
        except accounts.OtherKind as error:
            raise malformed(_INTEGRATION.name, str(error)) from error
        told = {"integration_name": _name(made.integration), "magic_link_url": None}
        return answer({"link_token": text.reveal(), **told})

    def _wish(self, body: Mapping[str, Any]) -> tokens.Wish:
        minutes = _EXPIRY.of(body)
        if minutes > _USUAL and not _MAGIC.of(body):
            raise malformed(_EXPIRY.name, f"a whole number from {_MINUTES[0]} to {_USUAL} is expected")
        categories, is_test = _categories(body), self.key.kind == ApiKey.Kind.TEST
        return tokens.Wish(
            end_user_origin_id=_ORIGIN.of(body),
            end_user_organization_name=_ORGANIZATION.of(body),
            end_user_email_address=_EMAIL.of(body),
            categories=categories,
            lasts=dt.timedelta(minutes=minutes),
            integration=_integration(body, categories, is_test=is_test),
            is_test=is_test,
            are_syncs_disabled=_UNREAD.of(body),
            language=_LANGUAGE.of(body),
            permissions=permissions.spelled(_permissions(body, categories)),
        )


class AccountToken(Endpoint):
    """GET account-token/{public_token}: a GET, although it uses the public token up; hence no HEAD."""

    http_method_names = ("get",)
    needs_account = False
    tag = "accounts"
    path_id: ClassVar[Schema] = TEXT
    operations = {"get": answers(_ACCOUNT_TOKEN)}

    def get(self, _request: Request, public_token: str) -> HttpResponse:
        """The account token of a newly linked account; the public token cannot be exchanged again."""
        account = tokens.exchange(Secret(public_token), lambda one: auth.reaches(self.key, one))
        if account is None:
            raise NotFound("This public token is unknown, exchanged already, or older than 10 minutes.")
        shown = catalogue.shown_of(account)
        return answer(
            {"account_token": account.token().reveal(), "integration": shown, "id": str(account.id)}
        )


class RegenerateAccountToken(Endpoint):
    """POST account-token/regenerate."""

    tag = "accounts"
    operations = {"post": answers(_REGENERATED)}

    def post(self, _request: Request) -> HttpResponse:
        """A new account token in the place of the one that this request carries, which opens nothing from now on."""
        token = accounts.replace_token(self.account)
        return answer({"linked_account_id": str(self.account.id), "account_token": token.reveal()})


def _categories(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of the categories asked for in which anything can be linked; raises DRF's ValidationError."""
    asked = tuple(one for one in _CATEGORIES.of(body) if one in _OURS)
    if not asked:
        raise malformed(_CATEGORIES.name, f"one or more of {', '.join(sorted(_OURS))} is expected")
    return asked


def _integration(body: Mapping[str, Any], categories: tuple[str, ...], *, is_test: bool) -> str:
    slug = _INTEGRATION.of(body)
    if not slug:
        return ""
    try:
        provider = registry.by_slug(slug)
    except registry.UnknownIntegration as error:
        raise malformed(_INTEGRATION.name, str(error)) from error
    if not {*provider.categories} & {*categories}:
        raise malformed(_INTEGRATION.name, f"{slug} has no accounts of {', '.join(categories)}")
    if is_test and not provider.rehearses:
        raise malformed(_INTEGRATION.name, f"{slug} is no sandbox, and a test key links no other systems")
    return str(slug)


def _permissions(body: Mapping[str, Any], categories: tuple[str, ...]) -> dict[str, Say]:
    told = list(_MODELS.of(body))
    for models in _BY_CATEGORY.of(body).values():
        if not isinstance(models, list) or not all(isinstance(one, dict) for one in models):
            raise malformed(_BY_CATEGORY.name, "lists of objects are expected")
        told += models
    known = [model for category in categories for model in common_models(category)]
    said = {}
    for one in told:
        model = model_named(one.get("model_id"), known, _MODELS.name)
        actions = [] if one.get("enabled_actions") is None else one["enabled_actions"]
        if not isinstance(actions, list) or not all(action in _ACTIONS for action in actions):
            raise malformed(_MODELS.name, f"{model.__name__}: a list of READ and WRITE is expected")
        off = fields_named(model, one.get("disabled_fields"))
        said[model_id(model)] = Say("READ" in actions, "WRITE" in actions, dict.fromkeys(off, False))
    return said


def _name(slug: str) -> str | None:
    """The display name of an integration, its slug where the adapter is gone; None for none."""
    try:
        return str(registry.by_slug(slug).name) if slug else None
    except registry.UnknownIntegration:
        return slug
