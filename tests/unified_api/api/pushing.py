"""A tenant's own product in tests: what its code does with the token of its account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked, caller
from unified_api.sync.models import Write


@dataclass
class Product:
    """A product's account, and what its own code does with it."""

    linked: Linked
    category: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A request below /api/."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {} if body is None else {"data": body, "content_type": "application/json"}
        call = getattr(caller(), method)
        return call(f"/api/{path}", **sent, headers={**self.linked.headers, **more})

    def push(self, model: str, remote_id: str, values: dict[str, Any], **headers: str) -> Any:
        """PUT a record."""
        return self.call("put", f"sync/v1/records/{model}/{remote_id}", {"model": values}, **headers)

    def count(self, model: Any) -> int:
        """Rows of a table."""
        with self.linked.person.at_work():
            return int(model.objects.count())

    def writes(self) -> list[tuple[str, str, str]]:
        """The journal: operation, state, source."""
        names = ("operation", "state", "source")
        return list(
            self.linked.stored(lambda: list(Write.objects.order_by("journalled_at").values_list(*names)))
        )


def product_of(person: Person, link: Link, category: str = "hris", customer: str = "customer-1") -> Product:
    """A product account of a person's customer."""
    more: dict[str, Any] = {
        "integration": "product",
        "end_user_origin_id": customer,
        "settings": {},
        "credential": {},
        "remote_identity": None,
    }
    return Product(link(person, category=category, **more), category)
