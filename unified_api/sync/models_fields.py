"""The fields of a provider's own: what `remote_fields` of records refer to."""

from __future__ import annotations

from django.db import models

from tenants.models import TenantModel
from unified_api.models.field_classes import FIELD_CHOICE, ITEM_SCHEMA, KINDS
from unified_api.models.fields import Choice, Flag, Text
from unified_api.models.shapes import Nested, Shapes


class RemoteFieldClass(TenantModel):
    """A field that records of one common model have at one linked account, as the provider describes it.

    `model`: `category.Model`; `object_class`: of custom objects, the record of their class. `remote_key_name`: the
    provider's name of the field. `is_common_model_field`: a common field shows it already.
    """

    linked_account_id = models.UUIDField()
    model = models.TextField()
    object_class = models.UUIDField(null=True)
    display_name = Text()
    remote_key_name = models.TextField()
    description = Text()
    is_custom = Flag(filter="is_custom")
    is_common_model_field = Flag(filter="is_common_model_field")
    is_required = Flag()
    field_type = Choice(*KINDS)
    field_format = Choice(*KINDS)
    field_choices = Shapes(FIELD_CHOICE)
    item_schema = Nested(ITEM_SCHEMA)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "linked_account_id", "model", "remote_key_name"],
                condition=models.Q(object_class=None),
                name="remote_field_class_unique",
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "linked_account_id", "object_class", "remote_key_name"],
                name="remote_field_class_of_object",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.remote_key_name}"
