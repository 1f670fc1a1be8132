"""Who asks: the tenant's key with every request, and the token of the account that a path is about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from tests.fuzz.stage import Stage

#: Whatever is sent to these ends the token that it is sent with.
CONSUMING: Final = re.compile(r"/(delete-account|account-token/regenerate)$")
_OF_MODEL: Final = re.compile(r"^/api/sync/v1/records/(\w+)\.")
_OF_CATEGORY: Final = re.compile(r"^/api/(hris|crm|ticketing)/")
#: Our own models, which accounts of the product have.
_OURS: Final = {"training": "hris"}


@dataclass
class Caller:
    """Puts credentials into requests. spares: by category, an account that may be lost."""

    stage: Stage
    spares: dict[str, str] = field(default_factory=dict)

    def get(self, case: Any, _context: Any) -> dict[str, str]:
        """What a request to the path of a case carries."""
        token = self.token(case.operation.path)
        return {
            "Authorization": f"Bearer {self.stage.key}",
            **({"X-Account-Token": token} if token else {}),
        }

    def set(self, case: Any, data: dict[str, str], _context: Any) -> None:
        """Add it."""
        case.headers = {**(case.headers or {}), **data}

    def token(self, path: str) -> str | None:
        """The token of the account that a path is about; None where it is about none."""
        if found := _OF_CATEGORY.match(path):
            category = found[1]
            return self._spare(category) if CONSUMING.search(path) else self.stage.sandboxes[category]
        if found := _OF_MODEL.match(path):
            return self.stage.products[_OURS.get(found[1], found[1])]
        return self.stage.products["hris"] if path.startswith("/api/sync/v1/training-") else None

    def _spare(self, category: str) -> str:
        if category not in self.spares:
            self.spares[category] = self.stage.another(category)
        return self.spares[category]

    def note(self, path: str, status: int) -> None:
        """Forget a token that was used up."""
        found = _OF_CATEGORY.match(path)
        if found and CONSUMING.search(path) and status == HTTPStatus.OK:
            self.spares.pop(found[1], None)
