"""Custom fields, as adapters read and write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.kit.lens import Lens
from integrations.kit.searching import SearchLens

if TYPE_CHECKING:
    from integrations.kit.provider import Resource


@dataclass(frozen=True)
class Target:
    """Of one field its whole name, the JMESPath at which it is read, and a path at which it is written, if it is."""

    name: str
    read: str
    write: str | None

    def lens(self, resource: Resource) -> Lens:
        """How it is read and written; where Isthmus keeps the records, under its own name."""
        if resource.hosted:
            return Lens(path=(self.name,))
        return SearchLens(path=self.read, to=self.write, read_only=self.write is None)
