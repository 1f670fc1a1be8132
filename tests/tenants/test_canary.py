"""A planted secret is searched everywhere that people and machines look, and found nowhere."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from django.conf import settings as django_settings
from django.core import serializers
from django.db import connection
from django.forms import model_to_dict
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.views.debug import ExceptionReporter
from kombu.exceptions import EncodeError
from kombu.serialization import dumps
from pytest_django import Settings

from tenants import accounts, apikeys, audit, door, vault
from tenants.models import LinkedAccount
from tenants.vault import Secret
from tests.canary import CANARY, every_row, found
from tests.people import Person
from tests.tenants.switches import Owner


def plant(person: Person, **more: Any) -> tuple[LinkedAccount, Secret]:
    """Link an account whose credential is the canary."""
    return person.link(credential={"password": Secret(CANARY)}, **more)


def broken(*_: Any, **__: Any) -> Any:
    """Fail, with nothing of our own in the frame."""
    raise ArithmeticError("broken on purpose")


def test_the_search_finds_what_is_there(alice: Person, database: Owner) -> None:
    """A canary in a column that is not sealed would be found, in any of its spellings."""
    alice.link(end_user_origin_id=CANARY)
    alice.link(end_user_origin_id=CANARY.encode().hex())

    assert len(found(CANARY, every_row(database))) >= 2
    assert len(found("wonder of wonders", ["d29uZGVyIG9mIHdvbmRlcnM=", "eHdvbmRlciBvZiB3b25kZXJzeA=="])) == 2


def test_no_row_tells_a_secret(alice: Person, bob: Person, database: Owner) -> None:
    """Neither the credential nor a token nor a key is in any row of any table."""
    account, token = plant(alice)
    with alice.at_work():
        account.credential()
        accounts.by_token(token)
    apikeys.authenticate(bob.api_key)
    rows = every_row(database)

    assert rows
    for secret in (CANARY, token.reveal(), alice.api_key.reveal(), bob.api_key.reveal()):
        assert found(secret, rows) == []


def test_no_log_and_no_statement_tells_a_secret(
    alice: Person, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """With every logger at its most talkative, and every statement noted, nothing of it is written."""
    caplog.set_level(logging.DEBUG)
    with CaptureQueriesContext(connection) as statements:
        account, token = plant(alice)
        plant(alice)
        with alice.at_work():
            credential = account.credential()
    structlog.get_logger("test").warning("linked", account=account, credential=credential, token=token)
    logging.getLogger("test").error("linked %s %r %s", account, credential, token)
    told = [caplog.text, *capsys.readouterr(), *(query["sql"] for query in statements)]
    log = django_settings.HOME / "postgres.log"
    if django_settings.EMBEDDED:
        told.append(log.read_text(errors="replace"))

    assert len(statements) > 5
    assert "Secret(...)" in caplog.text
    assert found(CANARY, told) == []
    assert found(token.reveal(), told) == []


def test_no_copy_of_an_account_tells_a_secret(alice: Person) -> None:
    """Not its representation, its fields, a pickle, a serialized or copied row, even after it was opened."""
    account, token = plant(alice)
    with alice.at_work():
        account.credential()
        account.token()
        copies = [
            repr(account),
            str(account),
            repr(vars(copy.deepcopy(account))),
            repr(model_to_dict(account)),
            serializers.serialize("json", [account]),
            pickle.dumps(account).decode("latin-1"),
            json.dumps(vars(account), default=str),
        ]

    assert found(CANARY, copies) == []
    assert found(token.reveal(), copies) == []


def test_no_task_carries_a_secret() -> None:
    """Celery's serializers refuse it."""
    for serializer in ("json", "pickle"):
        with pytest.raises((EncodeError, TypeError)) as caught:
            dumps({"credential": Secret(CANARY)}, serializer=serializer)
        assert found(CANARY, [str(caught.value)]) == []


def _broken_at(patch: pytest.MonkeyPatch, place: Any, name: str) -> Callable[[Person], Any]:
    patch.setattr(place, name, broken)
    return plant


FAILURES: dict[str, Callable[[pytest.MonkeyPatch], Callable[[Person], Any]]] = {
    "the vault": lambda patch: _broken_at(patch, vault.Key, "cipher"),
    "the door": lambda patch: _broken_at(patch, door, "open_door"),
    "the trail": lambda patch: _broken_at(patch, audit, "record"),
    "the row": lambda patch: _broken_at(patch, LinkedAccount, "save"),
    "the relink": lambda _: lambda p: (plant(p, remote_identity="a"), plant(p, remote_identity="b")),
    "the database": lambda _: lambda p: plant(p, end_user_origin_id="\x00"),
    "a detail": lambda _: _detail,
    "an envelope": lambda _: _moved,
    "a request": lambda _: _signing,
}


def _moved(person: Person) -> None:
    account, _ = plant(person)
    account.id = person.tenant_id
    with person.at_work():
        account.credential()


def _detail(person: Person) -> None:
    with person.at_work():
        audit.record("account.linked", secret=Secret(CANARY))


def _signing(person: Person) -> None:
    account, token = plant(person)
    with person.at_work():
        credential = account.credential()
        raise ArithmeticError(f"no request is signed with {credential} or {token!r}")


def _fail(person: Person, fail: Callable[[Person], Any]) -> list[str]:
    """All that is ever shown of a failure: tracebacks with variables, Django's debug page, structlog's output."""
    try:
        fail(person)
    except Exception:  # noqa: BLE001 - whatever it is, it is looked at
        kind, error, trace = sys.exc_info()
    else:
        pytest.fail("it did not fail")
    assert kind is not None
    assert error is not None
    request = RequestFactory().get("/", headers=person.headers | {"X-Account-Token": "none"})
    reporter = ExceptionReporter(request, kind, error, trace)
    tracers = [structlog.tracebacks.ExceptionDictTransformer(show_locals=shown) for shown in (True, False)]
    shown = [
        "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()),
        reporter.get_traceback_html(),
        reporter.get_traceback_text(),
        *(json.dumps(tracer((kind, error, trace)), default=repr) for tracer in tracers),
    ]
    assert all(kind.__name__ in text for text in shown)
    return shown


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_no_failure_tells_a_secret(
    failure: Callable[[pytest.MonkeyPatch], Callable[[Person], Any]],
    debug: bool,  # noqa: FBT001 - a parameter
    alice: Person,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    """Wherever linking breaks, the traceback with its variables and the debug page do not show it."""
    settings.DEBUG = debug
    fail = failure(monkeypatch)
    shown = _fail(alice, fail)
    monkeypatch.undo()

    assert found(CANARY, shown) == []
    assert found(settings.MASTER_KEYS.partition(":")[2], shown) == []
    assert found(settings.DATABASES["default"]["OWNER_PASSWORD"], shown) == []
    assert found(settings.DATABASES["default"]["PASSWORD"], shown) == []
