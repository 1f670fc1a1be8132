"""Sensitive fields: a number that opens somebody's account or identity, such as a social security number.

What one holds is sealed in its column, under its tenant's key and bound to its row. Within the product it is a
`Secret`, which shows itself nowhere. It is left out of the change log, the provider's raw answers and the logs, no
bridge carries it, and it is shown to who asks for it with an API key that may read it.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.db import models

from tenants.sealed import SealedField
from tenants.vault import Secret
from unified_api.models.fields import Text, WireField

T = TypeVar("T")


class Sensitive(WireField, SealedField):
    """A text that is sealed at rest; the column of a record without one is empty."""

    schema: ClassVar = {"type": "string"}
    plain = models.BinaryField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        told: dict[str, Any] = {"null": False, "default": b"", **kwargs, "sensitive": True, "pii": True}
        super().__init__(*args, **told)

    def contribute_to_class(self, cls: type[models.Model], name: str, *args: Any, **kwargs: Any) -> None:
        """Its envelopes open for this field of this model only."""
        super().contribute_to_class(cls, name, *args, **kwargs)
        self.purpose = f"{cls._meta.app_label}.{cls.__name__}.{name}"

    def parse(self, value: Any) -> Secret:
        """A string, which nobody sees from here on."""
        return Secret(Text().parse(value))


def revealed(value: T) -> T | str:
    """The text of a secret, for the request that needs it; anything else as it is."""
    return value.reveal() if isinstance(value, Secret) else value
