"""What is odd in Mailchimp, each in a test of its own."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

import pytest

from integrations.kit.auth import OAuth2
from integrations.kit.client import Client
from integrations.kit.errors import Exists, Gone, NeedsReauthorisation, Rejected, Uncertain
from integrations.kit.oauth import authorize_address
from integrations.kit.signatures import Delivery
from integrations.kit.webhooks import Callback
from integrations.providers.mailchimp.paging import ByChange
from tests.emulators.engine import Emulator
from tests.emulators.vendors.mailchimp import LIST, members
from tests.emulators.vendors.mailchimp import audience as parts
from tests.emulators.vendors.mailchimp.members import LISTS_WITHOUT_ARCHIVED
from tests.integrations import metered
from tests.integrations.lines import Key
from tests.integrations.providers.mailchimp.account import (
    MEMBERS,
    PROVIDER,
    START,
    account_at,
    addressed,
    contacts,
    everybody,
    own,
    pages_of,
)

ADA = "ada@acme.example"


def test_another_address_is_another_hash_and_the_same_contact(audience: Emulator, client: Client) -> None:
    """Whoever changes it: the member is read as it is now, there is no second one, and none has gone."""
    ada = members.add(audience.world, ADA, FNAME="Ada")
    first = pages_of(client)[-1]
    audience.world.clock.forward(600)
    members.change(audience.world, ada, email_address="augusta@acme.example")
    changes = everybody(client, first.cursor)
    written = client.update(
        contacts(), ada["contact_id"], {"email_addresses": addressed("third@acme.example")}
    )

    assert list(changes) == list(everybody(client)) == [ada["contact_id"]]
    assert changes[ada["contact_id"]].values["email_addresses"] == addressed("augusta@acme.example")
    assert written.remote_id == ada["contact_id"]
    assert client.read(contacts(), ada["contact_id"]).values["first_name"] == "Ada"


def test_who_changes_while_a_list_is_read_makes_nobody_be_skipped(audience: Emulator, client: Client) -> None:
    """Also among those that changed: who changes meanwhile moves to the end."""
    made = []
    for number in range(6):
        made.append(members.add(audience.world, f"{number}@acme.example")["contact_id"])
        audience.world.clock.forward(1)
    first = audience.world.rows("member")[0]
    audience.faults.meanwhile(
        f"GET {MEMBERS}", lambda world: members.change(world, first, merge_fields={"FNAME": "Ada"}), every=2
    )
    people = contacts()
    assert people.list is not None
    small = replace(people, list=replace(people.list, paging=ByChange(size=2)))
    cursor = {"since": "2026-01-31T08:00:00+00:00"}
    shown = {one.remote_id for page in client.pages(small, cursor) for one in page.observations}

    assert shown == {*made}


def test_of_those_who_signed_up_at_one_moment_none_is_skipped(audience: Emulator, client: Client) -> None:
    """Or of whom it is not known, as after an import: they have no order by that, and come in another one each time."""
    for number in range(40):
        members.add(audience.world, f"{number}@acme.example")["timestamp_signup"] = START.isoformat()
        audience.world.clock.forward(1)
    people = contacts()
    assert people.list is not None
    small = replace(people, list=replace(people.list, paging=ByChange(size=7)))
    pages = list(client.pages(small, None))

    assert len({one.remote_id for page in pages for one in page.observations}) == 40
    assert (pages[-1].complete, len(pages) < 10) == (True, True)


@pytest.mark.parametrize("hidden", [False, True])
def test_who_is_archived_is_gone_whether_lists_show_them_or_not(
    audience: Emulator, client: Client, *, hidden: bool
) -> None:
    """Archived by us or by anybody: no record any more, by its id nor in a list."""
    if hidden:
        audience.world.table("quirk")[LISTS_WITHOUT_ARCHIVED] = {}
    ada, ben = (members.add(audience.world, f"{name}@acme.example") for name in ("ada", "ben"))
    members.archive(audience.world, ben)
    client.delete(contacts(), ada["contact_id"])
    shown = pages_of(client)

    assert [one.remote_id for page in shown for one in page.observations if not one.gone] == []
    assert [one.gone for page in shown for one in page.observations] == [] if hidden else [True, True]
    assert shown[-1].complete
    for member in (ada, ben):
        with pytest.raises(Gone):
            client.read(contacts(), member["contact_id"])


def test_who_was_deleted_for_good_is_absent_and_never_comes_back(audience: Emulator, client: Client) -> None:
    """The complete list does not have them, and the address is refused."""
    ada = members.add(audience.world, ADA)
    members.forget(audience.world, ada)

    assert everybody(client) == {}
    with pytest.raises(Gone):
        client.read(contacts(), ada["contact_id"])
    with pytest.raises(Rejected, match="permanently deleted"):
        client.create(contacts(), {"email_addresses": addressed(ADA)})


def test_a_new_contact_is_written_to_only_if_the_account_says_so(audience: Emulator, client: Client) -> None:
    """Nobody has agreed to anything by being copied."""
    made = metered.create(client, contacts(), {"email_addresses": addressed(ADA)}, spare=2)
    with account_at(audience, new_status="pending") as asking:
        other = asking.create(contacts(), {"email_addresses": addressed("ben@acme.example")})
    statuses = {one["contact_id"]: one["status"] for one in audience.world.rows("member")}

    assert statuses == {made.remote_id: "transactional", other.remote_id: "pending"}


def test_an_address_is_one_members(audience: Emulator, client: Client) -> None:
    """A second one is refused by the name of the field; one that was archived comes back, with what it had."""
    ada = members.add(audience.world, ADA, FNAME="Ada", PHONE="+1")
    new = {"first_name": "Augusta", "email_addresses": addressed(ADA)}
    with pytest.raises(Exists) as caught:
        client.create(contacts(), new)
    members.archive(audience.world, ada)
    back = client.create(contacts(), new)

    assert set(caught.value.fields) == {"email_addresses"}
    assert (back.remote_id, back.values["first_name"], back.values["phone_numbers"]) == (
        ada["contact_id"],
        "Augusta",
        [{"phone_number": "+1"}],
    )
    assert len(audience.world.rows("member")) == 1


def test_a_create_whose_answer_is_lost_is_found_by_its_address(audience: Emulator, client: Client) -> None:
    """Among those that changed last."""
    for number in range(3):
        members.add(audience.world, f"{number}@acme.example")
    audience.faults.lose(f"POST {MEMBERS}")
    values = {"email_addresses": addressed(ADA)}
    with pytest.raises(Uncertain):
        client.create(contacts(), values)
    found = client.recent(contacts(), values)

    assert [one.remote_id for one in found] == [audience.world.rows("member")[-1]["contact_id"]]


def test_merge_fields_are_written_singly_and_read_by_their_kinds(audience: Emulator, client: Client) -> None:
    """The account says which there are; what is not sent stays."""
    parts.add_field(audience.world, "SEATS", "number", "Seats")
    parts.add_field(audience.world, "PLAN", "dropdown", "Plan", options={"choices": ["Free", "Paid"]})
    ada = members.add(audience.world, ADA, FNAME="Ada", SEATS=7)
    known = {one.key: one for one in client.field_classes(contacts())}
    client.update(contacts("PLAN", "status"), ada["contact_id"], own(PLAN="Paid", status="unsubscribed"))

    assert (known["SEATS"].kind, known["PLAN"].choices) == ("number", (("Free", "Free"), ("Paid", "Paid")))
    assert (ada["merge_fields"]["SEATS"], ada["merge_fields"]["PLAN"], ada["status"]) == (
        7,
        "Paid",
        "unsubscribed",
    )
    with pytest.raises(Rejected) as caught:
        client.update(contacts("PLAN"), ada["contact_id"], own(PLAN="Other"))
    assert set(caught.value.fields) == {"remote_fields.PLAN"}


def test_what_is_emptied_is_an_empty_text_there_and_nothing_here(audience: Emulator, client: Client) -> None:
    """Names, the number and the postal address; the e-mail address cannot be emptied."""
    place = {"addr1": "1", "addr2": "", "city": "London", "state": "LND", "zip": "SW1", "country": "GB"}
    ada = members.add(audience.world, ADA, FNAME="Ada", PHONE="+1", ADDRESS=place)
    read = client.read(contacts(), ada["contact_id"]).values
    assert read["addresses"][0]["street_1"] == "1"
    client.update(contacts(), ada["contact_id"], {"first_name": None, "phone_numbers": [], "addresses": []})
    with pytest.raises(Rejected) as caught:
        client.update(contacts(), ada["contact_id"], {"email_addresses": []})

    assert {ada["merge_fields"][tag] for tag in ("FNAME", "PHONE", "ADDRESS")} == {""}
    assert set(caught.value.fields) == {"email_addresses"}


def test_more_than_ten_connections_are_waited_for(audience: Emulator, client: Client) -> None:
    """The refusal says nothing of when; it is asked again, for reads and writes, and nothing is done twice."""
    members.add(audience.world, "ben@acme.example")
    for on in (f"GET {MEMBERS}", f"POST {MEMBERS}"):
        audience.faults.refuse(HTTPStatus.TOO_MANY_REQUESTS, on)
    made = client.create(contacts(), {"email_addresses": addressed(ADA)})

    assert made.remote_id in everybody(client)
    assert len(audience.world.rows("member")) == 2


def test_another_data_center_refuses_the_key(audience: Emulator) -> None:
    """Which is told as what it is: a credential that does not fit; an audience is known by its id."""
    with account_at(audience) as client:
        assert client.check() == LIST
    with account_at(audience, key="other-us20") as client, pytest.raises(NeedsReauthorisation):
        client.check()


def test_oauth_asks_at_one_address_for_all_data_centers() -> None:
    """And its token is sent to that of the account."""
    auth = PROVIDER.auth
    assert isinstance(auth, OAuth2)
    asked = {"client_id": "isthmus", "redirect_uri": "https://us.example/oauth/callback", "state": "s"}
    address = authorize_address(auth, {}, **asked, verifier="v" * 43)

    assert address.startswith("https://login.mailchimp.com/oauth2/authorize?")
    assert "code_challenge" not in address


def test_webhooks_are_asked_for_and_are_hints_alone(audience: Emulator, client: Client) -> None:
    """One address once; nothing of a form is believed, and it names nobody: what changed is read."""
    callback = Callback("http://127.0.0.1:9/hook", Key("unused"))
    first = client.subscribe(callback)
    second = client.subscribe(callback)
    assert [hook["id"] for hook in audience.world.rows("webhook")] == [second.id] != [first.id]
    ada = members.add(audience.world, ADA)
    members.change(audience.world, ada, email_address="augusta@acme.example")
    told = PROVIDER.webhooks
    assert told is not None
    sent = [Delivery({n.lower(): v for n, v in one.headers.items()}, one.body) for one in audience.packed()]
    hints = [hint for one in sent for hint in told.hints(one)]

    assert [(hint.word, hint.remote_id) for hint in hints] == [("upemail", None), ("profile", None)]
    assert not told.proof.signed
    client.unsubscribe(second.id)
    assert audience.world.rows("webhook") == []
