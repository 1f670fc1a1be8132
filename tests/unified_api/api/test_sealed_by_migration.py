"""The migration that seals what stood in clear, on rows of two tenants as the version before it left them."""

from __future__ import annotations

import re
import uuid
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import psycopg
import pytest
from django.db import connections
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.executor import MigrationExecutor

from integrations.kit.observation import Observation
from tenants import apikeys, walls
from tenants.postgres.roles import as_owner
from tenants.scope import scope
from tenants.vault import Secret
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.pushing import Product, product_of
from unified_api.models.base import record_id
from unified_api.models.hris import Employee
from unified_api.sync import clock, landing, store
from unified_api.sync.models import Change, RemoteData, SetAside, Stream
from unified_api.sync.models_bridge import Bridge, Conflict, Overruled, Pair
from unified_api.sync.models_plan import Plan, PlanItem

ADA, GRACE, LINUS = "078-05-1120", "219-09-9999", "457-55-5462"
LOGGED = {"ssn": [ADA, GRACE], "first_name": ["A", "Ada"]}
Owner = psycopg.Connection[Any]
#: Migrates forward.
Upgrade = Callable[[], None]


def migrate(*to: tuple[str, str]) -> None:
    """Go to migrations of apps; to the latest of all without any."""
    connections.close_all()
    with as_owner():
        executor = MigrationExecutor(connections["default"])
        executor.migrate(list(to) or executor.loader.graph.leaf_nodes())
        if not to:
            walls.build("default")  # as `manage.py migrate` does at its end
    connections.close_all()


@pytest.fixture
def before(database: Owner) -> Iterator[Callable[[], Upgrade]]:
    """Take the database back to where numbers stood in clear."""

    def back() -> Upgrade:
        migrate(("hris", "0003_the_whole_contract"), ("sync", "0030_remote_field_classes"))
        return migrate

    yield back
    database.execute("TRUNCATE hris_employee, hris_dependent, hris_bankinfo")
    migrate()


@pytest.fixture
def ada(alice: Person, link: Link) -> Product:
    """Alice's product, which has pushed two employees."""
    made = product_of(alice, link)
    for name in ("ada", "grace"):
        assert made.push("hris.Employee", name, {"first_name": name}).status_code == 201
    return made


@pytest.fixture
def linus(charlie: Person, link: Link) -> Product:
    """The product of another tenant, with one employee."""
    made = product_of(charlie, link)
    assert made.push("hris.Employee", "linus", {"first_name": "linus"}).status_code == 201
    return made


def write_in_clear(database: Owner, **numbers: str) -> None:
    """Give employees their numbers as the version before did."""
    for name, number in numbers.items():
        database.execute("UPDATE hris_employee SET ssn = %s WHERE remote_id = %s", [number, name])


def everything(database: Owner) -> str:
    """All rows of all tables, with what is compressed in them, as text."""
    tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    texts = []
    for (table,) in tables:
        row = database.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t".encode()).fetchone()  # noqa: S608
        texts.append((row and row[0]) or "")
    bodies = database.execute("SELECT body FROM sync_remotedata").fetchall()
    return " ".join([*texts, *(zlib.decompress(body).decode() for (body,) in bodies)])


def found(number: str, text: str) -> int:
    """How often a number stands there, as text or as bytes of it."""
    return len(re.findall(f"{number}|{number.encode().hex()}", text))


def numbers(product: Product) -> dict[str, str]:
    """What the API shows to a key that may read numbers."""
    _, key = product.linked.stored(lambda: apikeys.issue(str(uuid.uuid4()), may_read_sensitive=True))
    headers = {"Authorization": f"Bearer {key.reveal()}"}
    answer = product.call("get", "hris/v1/employees?include_sensitive_fields=true", **headers)
    return {one["remote_id"]: one["ssn"] for one in answer.json()["results"]}


def test_numbers_in_clear_are_sealed_and_readable(
    ada: Product, linus: Product, before: Callable[[], Upgrade], database: Owner
) -> None:
    """Those of each tenant under its own key; nobody has one who had none."""
    upgrade = before()
    write_in_clear(database, ada=ADA, grace="", linus=LINUS)
    in_clear = everything(database)
    upgrade()
    text = everything(database)

    assert (found(ADA, in_clear), found(LINUS, in_clear)) == (1, 1)
    assert (found(ADA, text), found(LINUS, text)) == (0, 0)
    assert numbers(ada) == {"ada": ADA, "grace": None}
    assert numbers(linus) == {"linus": LINUS}


def test_copies_of_numbers_are_taken_out(
    ada: Product, before: Callable[[], Upgrade], database: Owner
) -> None:
    """Log, journal, raw answers, records set aside, and what a bridge kept; the rest of these stays."""
    bridge_keeps(ada)
    stream = ada.linked.stored(lambda: stream_of(ada.linked))
    upgrade = before()
    write_in_clear(database, ada=ADA)
    known = record_id(ada.linked.account.id, Employee, "ada")
    logged, said = orjson.dumps(LOGGED).decode(), orjson.dumps({"ssn": ADA, "first_name": "Ada"}).decode()
    database.execute("UPDATE sync_change SET fields = %s", [logged])
    database.execute("UPDATE sync_write SET values = %s, sent = %s, pre_image = %s", [said, said, said])
    ada.linked.stored(lambda: copies(ada.linked, known, stream))
    upgrade()
    text = everything(database)

    assert (found(ADA, text), found(GRACE, text)) == (0, 0)
    assert set(
        ada.linked.stored(lambda: list(Change.objects.values_list("fields__first_name__1", flat=True)))
    ) == {"Ada"}
    assert ada.linked.stored(lambda: SetAside.objects.get().reason) == "no name"


def stream_of(linked: Linked) -> uuid.UUID:
    """Of employees; made while its table has the columns of today."""
    stream, _ = Stream.objects.get_or_create(linked_account_id=linked.account.id, model="hris.Employee")
    known: uuid.UUID = stream.id
    return known


def copies(linked: Linked, record: uuid.UUID, stream: uuid.UUID) -> None:
    """A raw answer and a record set aside, with a number each."""
    body = zlib.compress(orjson.dumps({"tax": {"number": ADA}}))
    RemoteData.objects.create(
        linked_account_id=linked.account.id, record_id=record, path="/people", body=body
    )
    SetAside.objects.create(
        stream_id=stream,
        reason="no name",
        raw=f'{{"tax": "{ADA}"}}',
        seen_at=clock.now(),
        run_id=uuid.uuid4(),
    )


def bridge_keeps(product: Product) -> None:
    """What a bridge between two products knows of numbers."""
    now, other = clock.now(), uuid.uuid4()

    def make() -> None:
        configuration = {"policy": {"fields": {"ssn": {}, "first_name": {}}}, "match": ["first_name"]}
        bridge = Bridge.objects.create(
            account_a=product.linked.account.id,
            account_b=other,
            model="hris.Employee",
            configuration=configuration,
            created_at=now,
        )
        held = {"ssn": ADA, "first_name": "Ada"}
        refused = {"refused": [{"to": "a", "moves": [{"field": "ssn", "value": GRACE}], "reason": "no"}]}
        pair = Pair.objects.create(
            bridge_id=bridge.id, state="paired", base_a=held, base_b=held, memory=refused
        )
        about: dict[str, Any] = {"bridge_id": bridge.id, "pair_id": pair.id, "field": "ssn"}
        Overruled.objects.create(**about, side="a", value=ADA, by=GRACE, rule="winner", at=now)
        Conflict.objects.create(**about, value_a=ADA, value_b=GRACE, base_a=ADA, opened_at=now)
        plan = Plan.objects.create(bridge_id=bridge.id, hash="1", version=1, created_at=now)
        PlanItem.objects.create(
            plan_id=plan.id, ordinal=1, pair_id=pair.id, action="update", fields={"ssn": ADA}
        )

    product.linked.stored(make)


def test_a_write_that_waits_keeps_its_number(
    ada: Product, before: Callable[[], Upgrade], database: Owner
) -> None:
    """It is sealed, and carried out after the upgrade."""
    ada.call("put", "sync/v1/records/hris.Employee/ada?run_async=true", {"model": {"last_name": "Lovelace"}})
    upgrade = before()
    database.execute(
        "UPDATE sync_write SET values = values || %s WHERE state = 'journalled'", [f'{{"ssn": "{ADA}"}}']
    )
    upgrade()
    text = everything(database)
    ada.linked.work()

    assert found(ADA, text) == 0
    assert numbers(ada)["ada"] == ADA


def answer_of(linked: Linked, remote_id: str, number: str | None) -> Observation:
    """What a provider's list said, and says again."""
    values = {"first_name": remote_id, "ssn": number and Secret(number)}
    began, ended = linked.moments.draw(), linked.moments.draw()
    raw = {"id": remote_id, "first": remote_id}
    return Observation(Employee, remote_id, values, None, began, ended, raw, "/people", "list")


def land(linked: Linked, **told: str | None) -> int:
    """Land such answers; how many records changed."""
    with scope(linked.person.tenant_id):
        answers = [answer_of(linked, name, number) for name, number in told.items()]
        with store.entry(linked.account.id, began=linked.moments.time_of) as entry:
            return entry.land(answers, store.Cause("pull")).changed


def test_an_equal_answer_is_no_news_after_it(
    alice: Person, link: Link, before: Callable[[], Upgrade], database: Owner
) -> None:
    """Though digests are keyed now; but for a record whose raw answer was taken out: that is kept anew."""
    linked = link(alice, category="hris", streams=False)
    land(linked, ada=None, grace=None)
    for name, number in (("ada", ADA), ("grace", None)):
        with scope(alice.tenant_id):
            seen = landing.digest(answer_of(linked, name, number), "")
        database.execute("UPDATE hris_employee SET digest = %s WHERE remote_id = %s", [seen, name])
    upgrade = before()
    write_in_clear(database, ada=ADA)
    upgrade()
    kept = linked.stored(RemoteData.objects.count)

    assert kept == 1
    assert land(linked, ada=ADA, grace=None) == 1
    assert linked.stored(RemoteData.objects.count) == 2
    assert land(linked, ada=ADA, grace=None) == 0


@pytest.mark.usefixtures("before")
def test_there_is_no_way_back_from_sealed_numbers(ada: Product) -> None:
    """It is refused with the reason, before a number was touched; what later migrations had made is made again."""
    ada.push("hris.Employee", "ada", {"ssn": ADA})
    with pytest.raises(IrreversibleError, match="1 records of HRIS accounts hold sealed numbers"):
        migrate(("hris", "0003_the_whole_contract"))
    migrate()

    assert numbers(ada)["ada"] == ADA
