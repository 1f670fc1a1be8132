"""Routes of the API: for each category its common models and the account-level operations; then ours.

No path ends in a slash. Fixed segments come before ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.urls import URLPattern, path, re_path

from unified_api.api import (
    associations,
    below,
    bridges,
    documents,
    downloads,
    drift,
    field_classes,
    hosted,
    ignore,
    issues,
    live_search,
    memory,
    meta,
    pairs,
    plans,
    reference,
    state,
    undo,
    versions,
    views,
    webhooks,
    words,
)
from unified_api.api.account import routes, scopes
from unified_api.api.endpoint import Endpoint, Unknown
from unified_api.models.base import (
    CommonModel,
    category_of,
    common_model,
    common_models,
    model_id,
    relations,
)
from unified_api.models.crm import Association
from unified_api.sync.bridge.attachment_check import holds_files

#: The first segment of what is beyond the wire contract.
OURS = "sync"


def _of_category(category: str) -> Iterator[URLPattern]:
    yield from routes.of_category(category)
    for model in common_models(category):
        if model.wire.contract and model.wire.alone:
            yield from _of_model(model, category)
        if model.wire.contract:
            yield from _below(model, category)


def _of_model(model: type[CommonModel], room: str) -> Iterator[URLPattern]:
    """room: the first segment, a category of the contract or ours."""
    base, writes = f"{room}/v1/{model.wire.path}", model.wire.writes
    name, facts = f"api-{room}-{model.wire.path}", _facts(model)
    if "create" in writes:
        yield path(f"{base}/meta/post", meta.MetaPost.as_view(**facts), name=f"{name}-meta-post")
    if "update" in writes:
        yield path(f"{base}/meta/patch/<str:id>", meta.MetaPatch.as_view(**facts), name=f"{name}-meta-patch")
    if model.wire.searched:
        yield path(f"{base}/live-search", live_search.LiveSearch.as_view(**facts), name=f"{name}-live-search")
    if model.wire.remote_fields:
        yield _field_classes(model, base, name)
    if model.wire.ignores:
        yield path(f"{base}/ignore/<str:model_id>", ignore.Ignore.as_view(**facts), name=f"{name}-ignore")
    for choice in model.wire.listed:
        view = words.Words.as_view(**facts, choice=choice)
        yield path(f"{base}/{choice}s", view, name=f"{name}-{choice}s")
    lists = ["get", "head", *(["post"] if "create" in writes else [])]
    ones = ["get", "head", *(["patch"] if "update" in writes else [])]
    yield path(base, views.Collection.as_view(**facts, http_method_names=lists), name=f"{name}-list")
    if holds_files(model):
        yield path(f"{base}/<str:id>/download", downloads.Download.as_view(**facts), name=f"{name}-download")
    yield path(f"{base}/<str:id>", views.Member.as_view(**facts, http_method_names=ones), name=f"{name}-one")


def _below(model: type[CommonModel], room: str) -> Iterator[URLPattern]:
    """Lists of a model below the records that it names, and its records where these have their place there."""
    named = [field for field in relations(model).values() if field.below]
    has_place = not model.wire.alone and len(named) == 1 and "id" not in model.wire.beyond
    for field in named:
        above, facts = common_model(field.to), {**_facts(model), "by": field.name}
        base, name = f"{room}/v1/{_place(above)}", f"api-{room}-{above.wire.path}-{model.wire.path}"
        here = f"{base}/<str:id>/{model.wire.path}"
        creates = has_place and "create" in model.wire.writes
        if creates:
            yield path(f"{here}/meta/post", below.BelowMeta.as_view(**facts), name=f"{name}-meta-post")
        verbs = ["get", "head", *(["post"] if creates else [])]
        yield path(here, below.Below.as_view(**facts, http_method_names=verbs), name=name)
        if model.wire.remote_fields and not model.wire.alone:
            yield _field_classes(model, f"{base}/{model.wire.path}", name)
        if model is Association:
            put = associations.Associate.as_view(**_facts(model))
            yield path(f"{here}/{associations.NAMED}", put, name=f"{name}-put")
        if has_place:
            one = f"{base}/<str:above>/{model.wire.path}/<str:id>"
            yield path(one, below.BelowMember.as_view(**facts), name=f"{name}-one")


def _field_classes(model: type[CommonModel], base: str, name: str) -> URLPattern:
    """The fields of a provider's own; of records below others, those of all of them."""
    view = field_classes.FieldClasses.as_view(**_facts(model))
    return path(f"{base}/remote-field-classes", view, name=f"{name}-remote-field-classes")


def _place(model: type[CommonModel]) -> str:
    """Where the records of a model stand; those without a list of their own below the one that they name first."""
    if model.wire.alone:
        return model.wire.path
    first = next(field for field in relations(model).values() if field.below)
    return f"{_place(common_model(first.to))}/<str:above>/{model.wire.path}"


def _facts(model: type[CommonModel]) -> dict[str, Any]:
    """What the endpoints of a model are told of it."""
    return {"category": category_of(model), "model": model, "tag": model_id(model)}


def _by_own_ids(model: type[CommonModel]) -> Iterator[URLPattern]:
    """The records of a model by the ids of the product that pushes them."""
    base, name = f"{OURS}/v1/records/{model_id(model)}", f"api-{OURS}-records-{model_id(model)}"
    facts = _facts(model)
    ones = ["get", "head", "put", "delete"]
    yield path(base, hosted.PushedCollection.as_view(**facts, http_method_names=["post"]), name=f"{name}-all")
    yield path(
        f"{base}/<str:id>", hosted.PushedMember.as_view(**facts, http_method_names=ones), name=f"{name}-one"
    )


def _categories() -> list[str]:
    """The categories of the wire contract, in the order of declaration."""
    return list(dict.fromkeys(category_of(m) for m in common_models() if m.wire.contract))


def _verbs(things: str, endpoint: type[Endpoint], verbs: Iterable[str]) -> Iterator[URLPattern]:
    """What can be done to one of these things, each under its own word."""
    for verb in verbs:
        yield path(
            f"sync/v1/{things}/<str:id>/{verb}", endpoint.as_view(verb=verb), name=f"api-{things}-{verb}"
        )


urlpatterns = [
    *(route for category in _categories() for route in _of_category(category)),
    *routes.without_category(),
    *(route for model in common_models() if not model.wire.contract for route in _of_model(model, OURS)),
    *(route for model in common_models() for route in _by_own_ids(model)),
    path("sync/v1/default-scopes", scopes.OurDefaultScopes.as_view(), name="api-default-scopes"),
    path("sync/v1/changes", memory.Changes.as_view(), name="api-changes"),
    path("sync/v1/history", memory.History.as_view(), name="api-history"),
    path("sync/v1/records/<str:id>", memory.Record.as_view(), name="api-record"),
    path("sync/v1/undo", undo.Undo.as_view(), name="api-undo"),
    path("sync/v1/why", memory.Why.as_view(), name="api-why"),
    path("sync/v1/writes", state.Writes.as_view(), name="api-writes"),
    path("sync/v1/writes/<str:id>", state.WriteState.as_view(), name="api-write"),
    path("sync/v1/bridges", bridges.Bridges.as_view(), name="api-bridges"),
    path("sync/v1/bridges/<str:id>", bridges.OneBridge.as_view(), name="api-bridge"),
    *_verbs("bridges", bridges.Verb, bridges.VERBS),
    path("sync/v1/plans", plans.Plans.as_view(), name="api-plans"),
    path("sync/v1/plans/<str:id>", plans.OnePlan.as_view(), name="api-plan"),
    path("sync/v1/plans/<str:id>/items", plans.Items.as_view(), name="api-plan-items"),
    path("sync/v1/plans/<str:id>/approve", plans.Approve.as_view(), name="api-plan-approve"),
    path("sync/v1/plans/<str:id>/refuse", plans.Refuse.as_view(), name="api-plan-refuse"),
    path("sync/v1/pairs", pairs.Pairs.as_view(), name="api-pairs"),
    path("sync/v1/pairs/<str:id>", pairs.OnePair.as_view(), name="api-pair"),
    *_verbs("pairs", pairs.PairVerb, pairs.VERBS),
    path("sync/v1/conflicts", pairs.Conflicts.as_view(), name="api-conflicts"),
    path("sync/v1/conflicts/resolve", pairs.ResolveAll.as_view(), name="api-conflicts-resolve"),
    path("sync/v1/conflicts/<str:id>", pairs.OneConflict.as_view(), name="api-conflict"),
    path("sync/v1/conflicts/<str:id>/give", pairs.Give.as_view(), name="api-conflict-give"),
    path("sync/v1/conflicts/<str:id>/resolve", pairs.Resolve.as_view(), name="api-conflict-resolve"),
    path("sync/v1/issues", issues.Issues.as_view(), name="api-issues"),
    path("sync/v1/issues/<str:id>", issues.OneIssue.as_view(), name="api-issue"),
    *_verbs("issues", issues.Verb, issues.VERBS),
    path("sync/v1/bridges/<str:id>/versions", versions.Versions.as_view(), name="api-bridge-versions"),
    path(
        "sync/v1/bridges/<str:id>/versions/<str:version>",
        versions.OneVersion.as_view(),
        name="api-bridge-version",
    ),
    path("sync/v1/bridges/<str:id>/document", documents.BridgeDocument.as_view(), name="api-bridge-document"),
    path("sync/v1/webhooks", webhooks.Webhooks.as_view(), name="api-webhooks"),
    path("sync/v1/webhooks/<str:id>", webhooks.OneWebhook.as_view(), name="api-webhook"),
    path("sync/v1/webhooks/<str:id>/resume", webhooks.Resume.as_view(), name="api-webhook-resume"),
    path("sync/v1/webhooks/<str:id>/test", webhooks.Trial.as_view(), name="api-webhook-test"),
    path("sync/v1/drift", drift.Drift.as_view(), name="api-drift"),
    path("openapi.json", reference.OpenApi.as_view(), name="api-openapi"),
    path("docs", reference.Docs.as_view(), name="api-docs"),
    re_path("", Unknown.as_view()),
]
