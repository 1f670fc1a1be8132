"""What the models of the HRIS category share."""

from __future__ import annotations

from unified_api.models.base import CommonModel


class HrisModel(CommonModel):
    """A model of the HRIS category."""

    class Meta(CommonModel.Meta):
        abstract = True
        app_label = "hris"
