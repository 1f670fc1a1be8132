"""`manage.py import_merge` from a whole installation elsewhere: ids that somebody has stored keep working."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from merge.client import Merge
from pytest_django import Settings

from tenants.models import Door, LinkedAccount
from tenants.permissions import Say
from tests.integrations.sandbox.conftest import Account, linked, sandbox_of
from tests.people import Person
from tests.unified_api.api.loopback import on_loopback
from tests.unified_api.commands.conftest import Call
from unified_api.models import base
from unified_api.models.base import CommonModel, common_models, model_id, record_id, relations
from unified_api.models.crm import CustomObject, CustomObjectClass
from unified_api.models.hris import Employee
from unified_api.sync import job
from unified_api.sync.permissions import set_of_all

#: The models that may be read there. The others are closed, which comes along with the import.
READ = {
    "hris": {"Employee", "Employment", "Team", "TimeOff"},
    "crm": {"Account", "Contact", "CustomObjectClass", "CustomObject"},
}


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
        names = [model_id(m) for m in common_models(category) if m.__name__ not in READ[category]]
        with charlie.at_work():
            set_of_all({name: Say(reads=False) for name in names})
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


def listed(resource: Any, *above: str) -> list[Any]:
    """All records of a list, by paging."""
    found: list[Any] = []
    cursor = None
    while True:
        page = resource(*above, page_size=100, cursor=cursor)
        found += page.results
        if page.next is None:
            return found
        cursor = page.next


def told(client: Any, category: str) -> dict[str, dict[str, dict[str, Any]]]:
    """By model and id, what says which record it is, and which others it names."""
    rows: dict[type[CommonModel], list[Any]] = {}
    for model in common_models(category):
        if model.__name__ in READ[category] and model.wire.alone:
            rows[model] = listed(getattr(client, model.wire.path.replace("-", "_")).list)
    for one in rows.get(CustomObjectClass, ()):
        objects = client.custom_objects.custom_object_classes_custom_objects_list
        rows.setdefault(CustomObject, []).extend(listed(objects, one.id))
    return {model_id(model): {row.id: _named(row, model, category) for row in rows[model]} for model in rows}


def _named(row: Any, model: type[CommonModel], category: str) -> dict[str, Any]:
    """Its remote id, and the records that it names; ids of what may not be read there cannot be known here."""
    open_ = {name for name, field in relations(model).items() if field.to.split(".")[1] in READ[category]}
    return {name: getattr(row, name) for name in ("remote_id", *open_)}


@pytest.fixture
def client(live: str) -> Iterator[Callable[[Person, Account], Any]]:
    """The official client, as a person for an account."""
    with httpx.Client(timeout=120) as http:

        def of(person: Person, account: Account) -> Any:
            token, key = account.token.reveal(), person.api_key.reveal()
            made = Merge(base_url=f"{live}/api", api_key=key, account_token=token, httpx_client=http)
            return getattr(made, account.remote.category)

        yield of


def test_ids_of_people_keep_working(
    call: Call, alice: Person, charlie: Person, there: MakeThere, client: Callable[..., Any]
) -> None:
    """In lists, in retrieve, in filters, in relations and expanded; what was closed there is closed here."""
    old = there("hris")
    before = told(client(charlie, old.account), "hris")
    report = call(*old.words(alice)).document
    call(*old.credentials(alice))
    old.as_alice(alice).work()
    here = client(alice, old.account)

    assert [one["state"] for one in report["accounts"]] == ["imported"], report
    assert told(here, "hris") == before
    computed = {
        str(record_id(old.id, Employee, row["remote_id"])) for row in before["hris.Employee"].values()
    }
    assert not computed & set(before["hris.Employee"]), "ids there are others than ours would be"

    of, off = next((row["employee"], i) for i, row in before["hris.TimeOff"].items() if row["employee"])
    assert off in {row.id for row in here.time_off.list(employee_id=of).results}
    assert here.time_off.retrieve(off, expand=["employee"]).employee.id == of
    team = next(row["team"] for row in before["hris.Employee"].values() if row["team"])
    assert {row.team for row in here.employees.list(team_id=team).results} == {team}
    scopes = {one.model_name: one for one in here.scopes.linked_account_scopes_retrieve().common_models}
    assert {name for name, one in scopes.items() if one.model_permissions["READ"].is_enabled} == READ["hris"]


def test_ids_of_custom_objects_keep_working(
    call: Call, alice: Person, charlie: Person, there: MakeThere, client: Callable[..., Any]
) -> None:
    """Those of records that are listed below others too, and again when what is here is imported a second time."""
    old = there("crm")
    before = told(client(charlie, old.account), "crm")
    call(*old.words(alice))
    call(*old.credentials(alice))
    old.as_alice(alice).work()

    assert before["crm.CustomObject"]
    assert told(client(alice, old.account), "crm") == before
    [again] = call(*old.words(alice)).document["accounts"]
    assert {(c["kept"], c["refused"]) for c in again["models"].values()} == {(0, 0)}
