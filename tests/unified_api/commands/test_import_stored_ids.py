"""`manage.py import_merge`: somebody comes from another unified API, and what they stored keeps working."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from tenants.models import Door, LinkedAccount
from tests.integrations.sandbox.conftest import Account, linked, sandbox_of
from tests.people import Person
from tests.unified_api.api.conftest import on_loopback
from tests.unified_api.commands.conftest import Call
from unified_api.models import base
from unified_api.models.base import CommonModel, common_models, model_id, record_id, relations
from unified_api.sync import job

pytestmark = pytest.mark.timeout(180)
Rows = dict[str, dict[str, Any]]


@pytest.fixture
def live(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that has the API and the sandboxes."""
    monkeypatch.setattr(job, "wake", lambda *_args: None)
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    with on_loopback() as address:
        settings.SANDBOX_URL = f"{address}/sandbox"
        yield address


@dataclass
class There:
    """Charlie's account elsewhere: an installation like this one, that computes other ids from the same accounts."""

    account: Account
    id: uuid.UUID
    url: str
    folder: Path

    @property
    def category(self) -> str:
        """Of the account."""
        return self.account.remote.category

    def words(self, alice: Person, *more: str) -> tuple[str, ...]:
        """The words of the command that brings it to Alice."""
        (self.folder / "key").write_text(self.account.person.api_key.reveal() + "\n")
        token = {"linked_account_id": str(self.id), "account_token": self.account.token.reveal()}
        (self.folder / "tokens").write_text(json.dumps(token) + "\n")
        files = ("--key-file", str(self.folder / "key"), "--accounts", str(self.folder / "tokens"))
        return (
            "import_merge",
            "--tenant",
            str(alice.tenant_id),
            "--url",
            f"{self.url}/api",
            *files,
            "--json",
            *more,
        )

    def credentials(self, alice: Person) -> tuple[str, ...]:
        """The words of the command that brings its credential."""
        entry = {"linked_account_id": str(self.id), "credential": {"key": self.account.remote.key.reveal()}}
        (self.folder / "credentials").write_text(json.dumps(entry))
        return (
            "import_credentials",
            str(self.folder / "credentials"),
            "--tenant",
            str(alice.tenant_id),
            "--json",
        )

    def as_alice(self, alice: Person) -> Account:
        """The account here, called by its token from there."""
        return replace(self.account, person=alice)


MakeThere = Callable[[str], There]


@pytest.fixture
def there(charlie: Person, live: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeThere:
    """Link a sandbox of a category elsewhere, and have it read there."""

    def make(category: str) -> There:
        remote = sandbox_of(charlie, f"{live}/sandbox", category)
        with monkeypatch.context() as patch:
            patch.setattr(base, "NAMESPACE", uuid.UUID(int=42))
            base._named.cache_clear()
            account = linked(charlie, remote)
            account.work()
        base._named.cache_clear()
        with charlie.at_work():
            account_id = LinkedAccount.objects.get().id
        # It stands for another installation: here, nobody knows its id and its token.
        Door.objects.filter(tenant_id=charlie.tenant_id, reference=account_id).delete()
        return There(account, account_id, live, tmp_path)

    return make


def listed(account: Account, model: type[CommonModel]) -> Rows:
    """All records of a model as the API lists them, by id."""
    found: Rows = {}
    cursor: dict[str, str] = {}
    while True:
        page = account.get(model.wire.path, page_size="100", **cursor)
        found |= {row["id"]: row for row in page["results"]}
        if not page["next"]:
            return found
        cursor = {"cursor": page["next"]}


def everything(account: Account) -> dict[type[CommonModel], Rows]:
    """Of each model with a list of its own."""
    models = common_models(account.remote.category)
    return {m: listed(account, m) for m in models if m.wire.contract and m.wire.alone}


def told(rows: Rows, model: type[CommonModel]) -> dict[str, Any]:
    """By id, what says which record it is, and which others it names."""
    names = ["remote_id", *(name for name in relations(model) if name in next(iter(rows.values()), {}))]
    return {record: {name: row[name] for name in names} for record, row in rows.items()}


@pytest.mark.parametrize("category", ["hris", "crm", "ticketing"])
def test_stored_ids_keep_working(call: Call, alice: Person, there: MakeThere, category: str) -> None:
    """After import, credentials and a first read, each record has the id that it had, in lists and in relations."""
    old = there(category)
    before = everything(old.account)

    report = call(*old.words(alice)).document
    call(*old.credentials(alice))
    here = old.as_alice(alice)
    here.work()
    after = everything(here)

    assert [one["state"] for one in report["accounts"]] == ["imported"], report
    for model, rows in before.items():
        assert rows, model
        assert told(after[model], model) == told(rows, model), model_id(model)
        computed = {str(record_id(old.id, model, row["remote_id"])) for row in rows.values()}
        assert not computed & set(rows), "the ids there are others than ours would be"
