"""What goes over the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Refused(Exception):
    """What was asked is not done. told: a sentence, which the vendor puts into its own form, or that form itself."""

    def __init__(self, status: int, told: Any = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, told)
        self.status = status
        self.told = told
        self.headers = dict(headers or {})


@dataclass(frozen=True)
class Request:
    """A request as it arrived. headers: by their names in small letters. params: what stands in its path, by name."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    def every(self, name: str) -> list[str]:
        """All values of a query parameter."""
        return [value for key, value in self.query if key == name]

    def asked(self, name: str) -> str | None:
        """The last value of a query parameter."""
        return next(iter(reversed(self.every(name))), None)

    def number(self, name: str, usual: int) -> int:
        """The same as a whole number; raises Refused."""
        told = self.asked(name)
        if told is None:
            return usual
        if not (told.isascii() and told.isdigit()):
            raise Refused(400, f"{name} has to be a whole number")
        return int(told)

    @property
    def is_json(self) -> bool:
        """Whether it says that its body is JSON."""
        return "json" in self.headers.get("content-type", "")

    @property
    def json(self) -> Any:
        """The JSON that was sent; raises Refused."""
        try:
            return json.loads(self.raw or b"{}")
        except ValueError as error:
            raise Refused(400, f"The body is not JSON: {error}") from error

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that was sent; raises Refused."""
        found = self.json
        if not isinstance(found, dict):
            raise Refused(400, "The body has to be an object")
        return found


@dataclass(frozen=True)
class Answer:
    """An answer. body: what is sent as JSON; bytes as they are; None for nothing."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        """The body as it is sent."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()

    @property
    def is_json(self) -> bool:
        """Whether there is a body, and it is JSON."""
        return self.body is not None and not isinstance(self.body, bytes)
