"""The document of a bridge has each fact, says what is true now, and takes no name for markup."""

from __future__ import annotations

import copy
import html as entities
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import load_command_class
from django.core.management.base import CommandError
from django.db import transaction

from tenants.models import LinkedAccount
from tests import stub
from tests.unified_api.commands.conftest import Call, call
from tests.unified_api.sync.bridge.conftest import Bridged, bridged, desks
from tests.unified_api.sync.bridge.test_drift import audit, forget_mark
from tests.unified_api.sync.bridge.test_scopes import disable
from tests.unified_api.sync.conftest import no_broker, tenant
from unified_api import registry
from unified_api.engine.values import Side
from unified_api.observe.documents import writing
from unified_api.observe.documents.bridge import of_bridge
from unified_api.sync.bridge import steering
from unified_api.sync.models_bridge import Bridge, BridgeVersion, Pair

__all__ = ["bridged", "call", "desks", "no_broker", "tenant"]  # fixtures

HOSTILE = "<img src=x onerror=alert(1)>|`*_[x](javascript:y)\n# & \"'"


def written(made: Bridged, form: str = "markdown") -> str:
    """The document as of now."""
    with transaction.atomic():
        return writing.write(of_bridge(Bridge.objects.get(id=made.bridge_id)), form)


def change(made: Bridged, **values: Any) -> None:
    """Change the bridge's row."""
    with transaction.atomic():
        Bridge.objects.filter(id=made.bridge_id).update(**values)


def configure(made: Bridged, **more: Any) -> None:
    """Change some of what the bridge was told."""
    with transaction.atomic():
        bridge = Bridge.objects.get(id=made.bridge_id)
        bridge.configuration = {**bridge.configuration, **more}
        bridge.save()


def line(document: str, name: str) -> str:
    """What a list of facts says under a name."""
    found = re.search(rf"^- \*\*{re.escape(name)}\*\*: (.*)$", document, re.MULTILINE)
    assert found, (name, document)
    return found.group(1)


def section(document: str, title: str) -> str:
    """What stands below a heading."""
    return document.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_it_says_what_for_whom_and_by_what(bridged: Bridged) -> None:
    """Goal, owner, state, systems with their accounts, end user, pairs, code with versions, and what to do."""
    change(
        bridged, name="Tickets", goal="Support and engineering see one list.", owner="Grace", frequency=90.0
    )
    document = written(bridged)
    with transaction.atomic():
        accounts = list(LinkedAccount.objects.all())

    assert document.startswith("# Tickets: ticketing.Ticket between Stub and Plain\n")
    assert line(document, "Goal") == "Support and engineering see one list."
    assert (line(document, "Owner"), line(document, "State")) == ("Grace", "quiet")
    assert all(
        f"| `{account.id}` | {account.remote_identity} | COMPLETE | DONE" in document for account in accounts
    )
    assert line(document, "Tenant") == "Alice's company"
    assert line(document, "End user") == "customer-1"
    assert line(document, "Records in pairs") == "1 paired"
    assert "and every 90 s" in line(document, "A round")
    assert line(document, "An audit for drift") == "every 24 h"
    assert line(document, "Creates in one run") == "50% of the pairs, and 100 in any case"
    assert (
        "| `unified_api.engine.merge` | One value, three-way, each side against its own base. |" in document
    )
    assert "The adapter of side a: Stub | `mapping 1` |" in document
    assert f"`manage.py bridge drift {bridged.bridge_id}`" in section(document, "When it fails")


def test_it_says_which_fields_travel_which_way_and_who_prevails(desks: Bridged) -> None:
    """Direction, winner, first contact, words, what cannot be written, which records, and what becomes of deletes."""
    desks.join(
        options={"description": {"direction": "a_to_b"}, "priority": {"winner": "ask", "blanks": False}}
    )
    configure(
        desks,
        filter={"a": {"tags": {"has": "engineering"}, "any": [{"priority": {"is": "URGENT"}}]}},
        leaving="stay",
        start={"from": "2026-01-31T00:00:00Z", "canary": 5},
    )
    document = written(desks)
    fields, words = section(document, "Fields"), section(document, "Words")
    taking = section(document, "Which records take part")

    assert "| `name` | both ways | Stub prevails | a blank is filled, else the winner prevails |" in fields
    assert "| `description` | Stub → Plain | there is one way only |" in fields
    assert "| `priority` | both ways | a person decides |" in fields
    assert "an emptied value empties nothing" in fields
    assert r"| `status` | Plain | OPEN, CLOSED, IN\_PROGRESS → OPEN |" in words
    assert line(taking, "At Stub") == 'tags has "engineering" and (priority is "URGENT")'
    assert line(taking, "At Plain") == "all records"
    assert line(taking, "A record that stops matching") == "its pair is kept equal all the same"
    assert line(taking, "Records from before the bridge") == "changed since 2026-01-31 00:00 UTC"
    assert line(taking, "Canary") == "5 pairs are written to at first, then a person says go on"
    assert line(taking, "Records find each other by") == "name"
    assert line(taking, "Deleted at Plain, the one at Stub") == "it stays, and a person decides"


def test_it_says_what_scopes_keep_out_and_nothing_else_of_it(bridged: Bridged) -> None:
    """A disabled field is named with its side; its words and conditions are not told, and it travels nowhere."""
    configure(bridged, filter={"a": {"status": {"is": "OPEN"}, "any": [{"status": {"is": "CLOSED"}}]}})
    disable(bridged, Side.A, "status")
    document = written(bridged)

    assert re.search(
        r"\| `status` \| not now \| *\| *\| may not be read or written at Stub", section(document, "Fields")
    )
    assert "`status`" not in section(document, "Words")
    assert "OPEN" not in document
    assert "status" not in line(document, "Edited at Stub, seen at Plain")
    assert line(document, "Kept out of it").startswith("status may not be read or written at side a")


def test_what_to_type_when_it_fails_are_commands_that_there_are(bridged: Bridged) -> None:
    """Each row is taken by the parser of `manage.py`; plans, undo, restore, conflicts and writes are among them."""
    told = section(written(bridged), "When it fails")
    typed = [one.split() for one in re.findall(r"`manage\.py ([^`]+)`", told)]
    verbs = set()
    for name, *words in typed:
        parsed = load_command_class("unified_api", name).create_parser("manage.py", name).parse_args(words)
        verbs.add(getattr(parsed, "verb", name))

    assert {"plan", "approve", "undo", "restore", "resolve", "write", "pause", "resume"} <= verbs


def test_it_says_how_it_stands(bridged: Bridged) -> None:
    """Last success per direction, last round, drift and its issue."""
    before = written(bridged)
    bridged.a.edit("1", title="Plotter")
    forget_mark(bridged)
    audit(bridged)
    after = written(bridged)

    assert line(before, "Last success Stub → Plain").endswith("UTC (create)")
    assert line(before, "Last success Plain → Stub") == "nothing was written yet"
    assert line(before, "Drift") == "not audited yet"
    assert "No issue is open." in before
    assert (line(after, "Drift to Stub"), line(after, "Drift to Plain")) == (
        "0 pairs, 0 records without a counterpart there",
        "1 pairs, 0 records without a counterpart there",
    )
    assert "1 pairs compared" in line(after, "Last audit")
    assert "| drift | " in after


def test_it_speaks_the_words_of_file_and_commands(bridged: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """The priority of the file, the bridge by what every tenant can type, which pairs have problems."""
    trouble = {
        "kind": "unmapped",
        "side": "b",
        "field": "status",
        "value": "ODD",
        "reason": "",
        "is_hidden": False,
    }
    with transaction.atomic():
        Pair.objects.update(problems=[trouble])
    change(bridged, name="tickets")
    hosted = copy.copy(stub.PROVIDER)
    object.__setattr__(hosted, "hosted", True)
    monkeypatch.setitem(registry._providers, "stub", hosted)
    document = written(bridged)

    assert line(document, "Priority") == "normal (5, from 0, the most urgent, to 9)"
    assert line(document, "Pairs with problems") == "1: Printer (status unmapped at side b)"
    assert line(document, "Stub is read") == "never: its records are pushed here"
    assert line(document, "Plain is read").startswith("every ")
    assert f"`manage.py bridge join {bridged.bridge_id} PAIR PAIR`" in document
    assert f"`manage.py bridge separate {bridged.bridge_id} PAIR`" in document


def test_it_is_never_stale(bridged: Bridged) -> None:
    """What is changed shows in the next document: who stopped it, another version, another account's state."""
    before = written(bridged)
    with transaction.atomic():
        steering.pause(bridged.bridge_id)
        now = Bridge.objects.get()
        BridgeVersion.objects.create(
            bridge_id=now.id, version=2, configuration={}, actor="Grace", at=now.created_at
        )
        LinkedAccount.objects.filter(id=now.account_b).update(status="RELINK_NEEDED", status_detail="401")
    change(bridged, version=2)
    configure(bridged, audit=6)
    after = written(bridged)

    assert line(before, "Configuration").startswith("version 1, since ")
    assert re.match(r"version 2, since .* UTC by Grace$", line(after, "Configuration"))
    assert line(after, "State") == "paused"
    assert line(after, "Paused by") == "system "
    assert line(after, "An audit for drift") == "every 6 h"
    assert r"RELINK\_NEEDED: 401" in after


def test_hostile_names_stay_text(bridged: Bridged) -> None:
    """In HTML everything is escaped, in Markdown nothing begins a heading, a cell, a link or a tag."""
    change(bridged, name=HOSTILE, goal=HOSTILE, owner=HOSTILE, reason=HOSTILE)
    configure(bridged, filter={"a": {"name": {"is": HOSTILE}}})
    page, plain = written(bridged, "html"), written(bridged)

    assert "<img" not in page
    assert entities.escape(HOSTILE, quote=True) in page
    assert "<img" not in plain.replace(r"\<", "")
    assert [at for at in plain.splitlines() if at.startswith("# &")] == []
    assert plain.splitlines()[0].startswith(r"# \<img src=x onerror=alert(1)\>\|\`\*\_\[x\](javascript:y) \#")


def test_the_page_stands_alone(bridged: Bridged) -> None:
    """No script, nothing that is fetched from anywhere, a title, and a link to each of its sections."""
    page = written(bridged, "html")

    assert page.startswith("<!doctype html>")
    assert re.findall(r"<(?:script|link|img|iframe)|https?:|url\(|@import", page) == []
    assert set(re.findall(r'href="#(\w+)"', page)) == set(re.findall(r'id="(\w+)"', page))
    assert "<title>Bridge: ticketing.Ticket between Stub and Plain</title>" in page


def test_accounts_that_are_gone_are_said_to_be(bridged: Bridged) -> None:
    """The document of a bridge whose account was deleted says so, and does not fail."""
    with transaction.atomic():
        LinkedAccount.objects.filter(id=bridged.accounts[1].id).update(deleted_at="2026-01-31T00:00:00Z")

    assert "between Stub and a deleted account" in written(bridged)


def test_a_command_prints_it_or_writes_a_file(call: Call, bridged: Bridged, tmp_path: Path) -> None:
    """By name or id, Markdown by default; a file that cannot be written is named."""
    bridge, file = str(bridged.bridge_id), tmp_path / "bridge.html"
    with transaction.atomic():
        Bridge.objects.filter(id=bridge).update(name="tickets")
    printed = call("bridge", "document", "tickets").out
    told = call("bridge", "document", bridge, "--format", "html", "--out", str(file)).out

    assert printed.startswith("# tickets: ticketing.Ticket between Stub and Plain")
    assert told == f"Written to {file}.\n"
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(CommandError, match="cannot be written"):
        call("bridge", "document", bridge, "--out", str(tmp_path))
