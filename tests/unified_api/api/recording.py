"""What a sandbox answers about each of its models, made the same for every recording: the examples of the document."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any, Final

from tests.unified_api.api.customers import Customer
from unified_api.api.openapi.document import document
from unified_api.models.base import CommonModel, common_models, model_id

Example = dict[str, Any]
ACCOUNT_LEVEL: Final = ("account-details", "issues", "linked-accounts", "sync-status")
#: Stands for the moment of a recording, and for the installation that it was made of.
MOMENT: Final = "2026-04-01T09:30:00.000000Z"
ADDRESS: Final = "https://isthmus.example.com"
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEY: Final = re.compile(r"\biwh_[\w-]+")  # of the address to which webhooks come in
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_NEAR: Final = dt.timedelta(minutes=10)


class Recorder:
    """Asks for one customer's account. names: by id of a record what it is at the sandbox."""

    def __init__(self, customer: Customer) -> None:
        self.customer, self.account = customer, customer.account
        self.names: dict[str, str] = {}

    def examples(self) -> dict[str, Example]:
        """By operation what was answered; records as they are made, before any is written."""
        models = [m for m in common_models(self.customer.category) if m.wire.contract and m.wire.alone]
        rows = {model: self._first(model) for model in models}
        found = [*self._account_level()]
        found += [one for model, row in rows.items() for one in self._reads(model, row)]
        found += [one for model, row in rows.items() for one in self._writes(model, row)]
        return {operation: self._settled(operation, example) for operation, example in found}

    def _first(self, model: type[CommonModel]) -> Any:
        """The record of the lowest remote id."""
        rows = self.account.get(model.wire.path, page_size="100")["results"]
        self.names |= {row["id"]: f"{model_id(model)} {row['remote_id']}" for row in rows}
        return min(rows, key=lambda row: (len(row["remote_id"]), row["remote_id"]))

    def _account_level(self) -> Iterator[tuple[str, Example]]:
        for path in ACCOUNT_LEVEL:
            yield self._told("get", path), {"status": 200, "answer": self.account.get(path)}

    def _reads(self, model: type[CommonModel], row: Any) -> Iterator[tuple[str, Example]]:
        base = model.wire.path
        page = self.account.get(base, remote_id=row["remote_id"])
        yield self._told("get", base), {"status": 200, "answer": page}
        yield (
            self._told("get", f"{base}/{{id}}"),
            {"status": 200, "answer": self.account.get(f"{base}/{row['id']}")},
        )

    def _writes(self, model: type[CommonModel], row: Any) -> Iterator[tuple[str, Example]]:
        """A record like this one is made; and this one is told what it says already."""
        base = model.wire.path
        for method, path, meta in (
            ("post", base, f"{base}/meta/post"),
            ("patch", f"{base}/{{id}}", f"{base}/meta/patch/{row['id']}"),
        ):
            if operation := self._told(method, path):
                sent = self._body(row, self.account.get(meta))
                answer = self.account.send(method, path.replace("{id}", row["id"]), sent)
                assert answer.json()["errors"] == [], (operation, answer.content)
                yield operation, {"sent": sent, "status": answer.status_code, "answer": answer.json()}

    def _body(self, row: Any, meta: Any) -> Any:
        schema = meta["request_schema"]["properties"]["model"]["properties"]
        file = {"file_url": f"{self.customer.installation}/healthz"} if "file_url" in schema else {}
        return {"model": {name: row[name] for name in schema if row.get(name) is not None} | file}

    def _told(self, method: str, path: str) -> str:
        """The operation's id in the document; empty where there is no such operation."""
        item = document()["paths"].get(f"/api/{self.customer.category}/v1/{path}", {})
        return str(item.get(method, {}).get("operationId", ""))

    def _settled(self, operation: str, example: Example) -> Example:
        """Ids by what they name, else by their place; times of today all the same; nothing names what it came from."""
        known: dict[str, str] = {}

        def named(match: re.Match[str]) -> str:
            told = self.names.get(match[0]) or known.setdefault(match[0], f"{operation} {len(known)}")
            return str(uuid.uuid5(uuid.NAMESPACE_URL, told))

        text = _ID.sub(named, json.dumps(example).replace(self.customer.installation, ADDRESS))
        text = text.replace("sandbox", "example").replace(
            "Sandbox", "Example"
        )  # the product names no integration
        text = _KEY.sub("iwh_of_an_account", text)
        settled: Example = json.loads(_TIME.sub(_timed, text))
        return settled


def _timed(match: re.Match[str]) -> str:
    """A time of the sandbox's data as it is: those are whole minutes, and not of just now."""
    moment = dt.datetime.fromisoformat(match[0])
    is_whole = moment == moment.replace(second=0, microsecond=0)
    return match[0] if is_whole and abs(moment - dt.datetime.now(dt.UTC)) > _NEAR else MOMENT
