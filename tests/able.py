"""An adapter for a system that can do everything with every field, for tests that never call it."""

from __future__ import annotations

from integrations.kit.auth import Bearer
from integrations.kit.endpoints import DELETE, GET, PATCH, POST, Check
from integrations.kit.mapping import Mapping as FieldMapping
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from unified_api.models.base import CommonModel, common_models, wire_fields


def resource(model: type[CommonModel]) -> Resource:
    """A model at a system that can do everything with all of its fields."""
    fields = {name: name for name in wire_fields(model)}
    return Resource(
        mapping=FieldMapping(model, **fields),
        list=GET("/all", items="items"),
        get=GET("/all/{remote_id}", item=""),
        create=POST("/all", answer=""),
        update=PATCH("/all/{remote_id}", answer=""),
        delete=DELETE("/all/{remote_id}"),
        recent=GET("/all", items="items"),
        recognise=(next(iter(fields)),),
    )


def provider(slug: str, category: str) -> Provider:
    """All models of a category; what belongs to it beside its own app comes along."""
    further = {"hris": ("training",)}.get(category, ())
    models = [model for app in (category, *further) for model in common_models(app)]
    return Provider(
        slug=slug,
        name=slug,
        category=category,
        settings=(Setting("token", "token", secret=True),),
        auth=Bearer("token"),
        base_url="http://127.0.0.1",
        resources=tuple(resource(model) for model in models),
        check=Check(GET("/")),
    )
