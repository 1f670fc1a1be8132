"""Zendesk's emulator, driven by a client that others wrote for Zendesk: it takes this one for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import pytest
from zendesk_sdk import ZendeskClient, ZendeskConfig
from zendesk_sdk.exceptions import ZendeskAuthException, ZendeskHTTPException, ZendeskRateLimitException

from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.zendesk import exports, vendor
from tests.emulators.vendors.zendesk.forms import API, EMAIL, TOKEN
from tests.emulators.world import Clock

Found = TypeVar("Found")
#: What its models leave open (an id of None) is none of ours to prove: they count as anything here.
Client = Any
Desk = Callable[[Callable[[Client], Awaitable[Any]]], Any]
CLEO: Final = "cleo@acme.example"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A desk."""
    with emulating(vendor, Clock(datetime(2026, 1, 31, 9, 30, tzinfo=UTC))) as running:
        yield running


@pytest.fixture
def desk(emulator: Emulator) -> Desk:
    """Runs what is asked of that desk by the client."""
    return lambda asked: use(emulator, asked)


def use(emulator: Emulator, asked: Callable[[Client], Awaitable[Found]], token: str = TOKEN) -> Found:
    """What a client of the emulator answers."""

    class Here(ZendeskConfig):
        @property
        def endpoint(self) -> str:
            return emulator.url + API

    async def run() -> Found:
        config = Here(subdomain="desk", email=EMAIL, token=token, max_retries=0)
        async with ZendeskClient(config) as client:
            return await asked(client)

    return asyncio.run(run())


def test_a_ticket_is_made_changed_commented_on_and_deleted(emulator: Emulator, desk: Desk) -> None:
    """What is read again is what was written; the first comment is the description; a note stays private."""

    async def story(client: Client) -> None:
        cleo = await client.users.by_email(CLEO)
        made = await client.tickets.create(
            "It burns.",
            subject="Printer",
            priority="high",
            requester_id=cleo.id,
            tags=["hot"],
            external_id="x",
        )
        assert (made.status, made.subject, made.tags) == ("new", "Printer", ["hot"])
        me = await client.users.me()
        changed = await client.tickets.update(made.id, status="open", assignee_id=me.id, tags=["cold"])
        assert (changed.status, changed.assignee_id, changed.tags) == ("open", me.id, ["cold"])
        await client.tickets.comments.add(made.id, "Which floor?", public=True)
        await client.tickets.comments.add(made.id, "He is new.")
        said = [(one.body, one.public) async for one in client.tickets.comments.list(made.id, per_page=2)]
        assert said == [("It burns.", True), ("Which floor?", True), ("He is new.", False)]
        assert (await client.tickets.get(made.id)).external_id == "x"
        await client.tickets.delete(made.id)
        with pytest.raises(ZendeskHTTPException) as gone:
            await client.tickets.get(made.id)
        assert gone.value.status_code == 404

    desk(story)
    assert emulator.violations == []


def test_it_pages_searches_and_finds_by_ids(emulator: Emulator, desk: Desk) -> None:
    """Pages by number and by cursor show each record once; a search finds what is a while old."""

    async def filled(client: Client) -> list[int]:
        return [(await client.tickets.create("It burns.", subject=f"Printer {n}")).id for n in range(5)]

    made = desk(filled)
    emulator.world.clock.forward(exports.WITHHELD)

    async def read(client: Client) -> None:
        assert [one.id async for one in client.tickets.list(per_page=2)] == made
        people = {one.id: one.email async for one in client.users.list(per_page=2)}
        assert CLEO in people.values()
        assert {id_: one.email for id_, one in (await client.users.get_many(list(people))).items()} == people
        assert [one.name async for one in client.organizations.list()] == ["Acme"]
        assert [one.name async for one in client.groups.list()] == ["Support"]
        assert {one.title async for one in client.ticket_fields.list()} >= {"Subject", "Product", "Seats"}
        found = [one.id async for one in client.search.tickets("Printer")]
        assert sorted(found) == made

    desk(read)
    assert emulator.violations == []


def test_a_file_comes_back_as_it_was_sent(emulator: Emulator, desk: Desk) -> None:
    """Uploaded first, then said with a comment, then downloaded from where its comment says."""

    async def story(client: Client) -> None:
        made = await client.tickets.create("It burns.", subject="Printer")
        token = await client.attachments.upload(b"\x89PNG smoke", "smoke.png", "image/png")
        await client.tickets.comments.add(made.id, "Look.", public=True, uploads=[token])
        said = [one async for one in client.tickets.comments.list(made.id)]
        (file,) = said[-1].attachments
        assert file.file_name == "smoke.png"
        assert await client.attachments.download(file.content_url) == b"\x89PNG smoke"

    desk(story)
    assert emulator.violations == []


def test_it_is_refused_as_at_the_vendor(emulator: Emulator, desk: Desk) -> None:
    """A wrong token, a status that there is none of, and a request too many are the client's own errors."""
    with pytest.raises(ZendeskAuthException):
        use(emulator, lambda client: client.tickets.get(1), token="wrong")
    with pytest.raises(ZendeskHTTPException) as refused:
        desk(lambda client: client.tickets.create("It burns.", status="burning"))
    assert refused.value.status_code == 422
    emulator.faults.refuse(429, f"GET {API}/tickets/*")
    with pytest.raises(ZendeskRateLimitException):
        desk(lambda client: client.tickets.get(1))
