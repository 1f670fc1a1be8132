"""Files of two desks' tickets: copied with a cap, linked, or left where they are; each choice said by the bridge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest
from django.db import transaction

from integrations.kit.endpoints import POST
from integrations.kit.mapping import Mapping
from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from tests import stub
from tests.unified_api.sync.bridge import files
from tests.unified_api.sync.bridge.conftest import PLAIN, Bridged, link
from unified_api import registry
from unified_api.models.ticketing import Attachment
from unified_api.sync.bridge import exporting, plans
from unified_api.sync.bridge.file import FileRefused
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan, PlanItem

ATTACHMENTS: Final = f"""\
{files.TICKETS}
  ticketing.Attachment:
    winner: a
    content: copy
    cap: 1 kB
    fields:
      file_name:
      ticket:
      content_type:
"""


#: A desk that keeps addresses, and no files.
KEEPING = replace(
    stub.FILES,
    mapping=Mapping(Attachment, remote_id="id", file_name="name", ticket="ticket", file_url="address"),
    create=POST("/files", answer=""),
    download=None,
)


class Desks:
    """Two desks with files, and both bridges."""

    def __init__(self, desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desks, self.a, self.b = desks, desks.a, desks.b
        self.monkeypatch = monkeypatch

    def apply(self, text: str = ATTACHMENTS) -> None:
        """Make the bridges, or change them."""
        files.apply(text, live=True)
        with transaction.atomic():
            self.bridges = {one.model: one.id for one in Bridge.objects.all()}

    def round(self, *, at_rest: bool = True) -> None:
        """Read both sides, and settle both bridges. at_rest: as far as there is anything to settle."""
        for model in ("ticketing.Ticket", "ticketing.Attachment"):
            patience = 30 if at_rest or model == "ticketing.Ticket" else 1
            turn = Round(self.desks.tenant, self.bridges[model], patience=patience, sleep=lambda _: None)
            turn.read(lambda: None)
            assert turn.settle() or not at_rest

    def writing(self) -> set[str]:
        """The states of the writes of files."""
        with transaction.atomic():
            return set(Write.objects.filter(model="ticketing.Attachment").values_list("state", flat=True))

    def files(self) -> list[Pair]:
        """The pairs of files."""
        with transaction.atomic():
            return list(Pair.objects.filter(bridge_id=self.bridges["ticketing.Attachment"]))

    def problems(self) -> set[str]:
        """Kinds of the problems that pairs of files have."""
        return {one["kind"] for pair in self.files() for one in pair.problems}

    def give(self, side: str, resource: Resource) -> None:
        """Have a side's adapter know files in another way."""
        provider = stub.PROVIDER if side == "a" else PLAIN
        known = replace(provider, resources=(*provider.resources, resource))
        self.monkeypatch.setitem(registry._providers, provider.slug, known)


@pytest.fixture
def desks(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> Desks:
    """The desks of the other tests, with files, and a ticket at desk a."""
    for provider, desk in ((stub.PROVIDER, desks.a), (PLAIN, desks.b)):
        with_files = replace(provider, resources=(*provider.resources, stub.FILES))
        monkeypatch.setitem(registry._providers, provider.slug, with_files)
        link(with_files, desk)
    desks.a.add(title="Printer", text="It is on fire", state="open", priority="p2")
    return Desks(desks, monkeypatch)


@pytest.fixture
def elsewhere() -> Iterator[stub.Desk]:
    """A store of files on another host than the desks."""
    with stub.running() as store:
        yield store


def blobs(desk: stub.Desk) -> dict[str, tuple[str, bytes]]:
    """What is in the files of a desk, by name, with their media types."""
    table = desk.tables["files"]
    return {row["name"]: (row["type"], desk.blobs[remote_id]) for remote_id, row in table.items()}


def test_a_file_is_copied_as_it_is(desks: Desks) -> None:
    """Name, media type and every byte; on the ticket's counterpart, and once."""
    odd = bytes(range(256))
    desks.a.attach("1", 'log "of" today.bin', odd, type="application/x-log")
    desks.apply()
    desks.round()
    before = len(desks.b.writes())
    desks.round()

    assert blobs(desks.b) == {'log "of" today.bin': ("application/x-log", odd)}
    (ticket,) = desks.b.tables["tickets"]
    assert [row["ticket"] for row in desks.b.tables["files"].values()] == [ticket]
    assert len(desks.b.writes()) == before


def test_a_file_over_the_cap_is_a_problem(desks: Desks) -> None:
    """Nothing of it arrives, the pair says so, and a higher cap brings it over."""
    desks.a.attach("1", "film", bytes(1001))
    desks.apply()
    desks.round()

    assert (desks.problems(), blobs(desks.b)) == ({"too_large"}, {})

    desks.apply(files.changed("cap: 1 kB", "cap: 1001", ATTACHMENTS))
    desks.round()

    assert (desks.problems(), list(blobs(desks.b))) == (set(), ["film"])


def test_files_on_another_host_are_fetched_without_the_credential(desks: Desks, elsewhere: stub.Desk) -> None:
    """The account's own host is told who asks; another one is not."""
    elsewhere.blobs["7"] = b"over there"
    desks.a.attach("1", "here", b"here")
    desks.a.attach("1", "there", b"over there", address=f"{elsewhere.url}/blobs/7")
    desks.apply()
    desks.round()

    assert {name: blob for name, (_, blob) in blobs(desks.b).items()} == {
        "here": b"here",
        "there": b"over there",
    }
    assert (desks.a.signatures, elsewhere.signatures) == ([f"Bearer {stub.TOKEN}"], [None])


def test_no_file_leads_into_the_operators_network(desks: Desks, elsewhere: stub.Desk) -> None:
    """An address that the operator has not allowed is not called, and the pair says why."""
    port = elsewhere.url.rpartition(":")[2]
    desks.a.attach("1", "secrets", b"", address=f"http://localhost:{port}/blobs/7")
    desks.apply()
    desks.round()

    (pair,) = desks.files()
    assert {one["kind"] for one in pair.problems} == {"refused"}
    assert "private network" in pair.problems[0]["reason"]
    assert (elsewhere.log, blobs(desks.b)) == ([], {})


def test_files_of_private_messages_stay(desks: Desks) -> None:
    """What is private on one side is not shown to everybody on the other."""
    desks.a.attach("1", "internal", b"internal", private=True)
    desks.a.attach("1", "open", b"open")
    desks.apply()
    desks.round()

    assert list(blobs(desks.b)) == ["open"]


def test_files_that_both_sides_have_are_not_doubled(desks: Desks) -> None:
    """They are the same by ticket, name and size, where the bridge is told to look at it; else a new one is made."""
    desks.b.add(title="Printer", text="It is on fire", state="open", priority="p2")
    desks.a.attach("1", "same", b"1234")
    desks.b.attach("1", "same", b"1234")
    desks.a.attach("1", "other", b"1234")
    desks.b.attach("1", "other", b"12345")
    sized = files.changed(
        "      content_type:\n", "      content_type:\n      size: {direction: never}\n", ATTACHMENTS
    )
    desks.apply(sized)
    desks.round()

    for desk in (desks.a, desks.b):
        names = sorted((row["name"], row["size"]) for row in desk.tables["files"].values())
        assert names == [("other", 4), ("other", 5), ("same", 4)]


def test_files_that_are_skipped_stay_until_somebody_decides(desks: Desks) -> None:
    """None is made on the other side; told to copy, the bridge brings over all that are there."""
    desks.a.attach("1", "log", b"log")
    skipping = files.changed("    content: copy\n    cap: 1 kB\n", "    content: skip\n", ATTACHMENTS)
    desks.apply(skipping)
    desks.round()
    assert blobs(desks.b) == {}

    desks.apply()
    desks.round()
    assert list(blobs(desks.b)) == ["log"]


def test_a_link_is_the_address_and_nothing_else(desks: Desks) -> None:
    """A side that keeps addresses is given the one that the other side shows; no bytes move."""
    desks.give("a", replace(KEEPING, create=None))
    desks.give("b", KEEPING)
    desks.a.attach("1", "log", b"log", address="https://desk.example.com/files/log")
    linking = files.changed(
        "    content: copy\n    cap: 1 kB\n", "    content: link\n    creates: [b]\n", ATTACHMENTS
    )
    desks.apply(files.changed("content_type:", "file_url:", linking))
    desks.round()

    assert [row["address"] for row in desks.b.tables["files"].values()] == [
        "https://desk.example.com/files/log"
    ]
    assert (desks.a.signatures, desks.b.signatures) == ([], [])


def test_a_plan_shows_what_becomes_of_files_and_what_that_costs(desks: Desks) -> None:
    """Way and cap stand at each create; the cost of either side has what is called to bring and to make it."""
    desks.apply()
    desks.round()
    with transaction.atomic():
        Bridge.objects.filter(model="ticketing.Attachment").update(mode=Bridge.Mode.PLAN)
    remote_id = desks.a.attach("1", "log", b"log")
    desks.round()
    with transaction.atomic():
        plan = Plan.objects.get(bridge_id=desks.bridges["ticketing.Attachment"], state=Plan.State.OPEN)
        (item,) = PlanItem.objects.filter(plan_id=plan.id, action="create")
        plans.approve(plan.id, plan.hash)
    desks.round()

    assert item.fields["content"] == {"files": "copy", "cap": 1000}
    assert blobs(desks.b) == {"log": ("text/plain", b"log")}
    brought = [path for _, path in desks.a.log if path in {f"/files/{remote_id}", f"/blobs/{remote_id}"}]
    made = ["search for its counterpart", "upload", "read"]
    assert (plan.cost["a"]["calls"], plan.cost["b"]["calls"]) == (len(brought), len(made))


def test_a_download_that_fails_for_now_is_tried_again(desks: Desks) -> None:
    """Nothing was sent, so nothing is uncertain; once it works, the file arrives."""
    desks.a.attach("1", "log", b"log")
    blob = desks.a.blobs.pop(next(iter(desks.a.blobs)))
    desks.apply()
    desks.a.refuse_blobs = 503
    desks.round(at_rest=False)
    assert (desks.writing(), blobs(desks.b)) == ({"journalled"}, {})

    desks.a.blobs["2"], desks.a.refuse_blobs = blob, None
    desks.round()
    assert blobs(desks.b) == {"log": ("text/plain", b"log")}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("    content: copy\n    cap: 1 kB\n", ""), "content: say what becomes of the files: copy"),
        (("content: copy", "content: move"), "'move' is none of skip, link, copy"),
        (("cap: 1 kB", "cap: 1 TB"), "cap: '1 TB' is no size such as 10 MB, up to 100 MB"),
        (("content: copy\n", "content: skip\n"), "cap: goes with files that are copied"),
        (("content_type:", "file_url:"), "stub has no file_url"),
        (("content: copy\n    cap: 1 kB\n", "content: link\n"), "a link travels as file_url"),
        (("content: copy\n    cap: 1 kB\n", "content: link\n"), "plain takes no file by its address"),
        (
            (
                "    winner: a\n    fields:\n      name:",
                "    winner: a\n    content: copy\n    fields:\n      name:",
            ),
            "no file",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(desks: Desks, change: tuple[str, str], sentence: str) -> None:
    """With the sentence that says what would do."""
    with pytest.raises(FileRefused, match=".*" + sentence.replace("(", "\\(")):
        files.apply(files.changed(*change, ATTACHMENTS))


def test_a_side_without_files_is_named(desks: Desks) -> None:
    """Who can neither take nor show files is not given any."""
    desks.give("b", KEEPING)
    with pytest.raises(FileRefused) as caught:
        files.apply(files.changed("      content_type:\n", "", ATTACHMENTS))

    assert "plain takes no files; say link or skip" in str(caught.value)
    assert "plain does not show what is in a file; say link or skip" in str(caught.value)


def test_an_exported_file_says_what_becomes_of_files(desks: Desks) -> None:
    """Applied again, it changes nothing."""
    desks.apply()
    with transaction.atomic():
        text = exporting.export(list(Bridge.objects.order_by("created_at")), LinkedAccount.objects.in_bulk())

    assert "content: copy" in text
    assert "cap: 1 kB" in text
    assert files.whats(files.apply(text)) == ["unchanged", "unchanged"]
