"""Deliveries of webhooks: proved in the ways that vendors document, and what they name."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.kit.signatures import AnyOf, Carried, Delivery, Header, Hmac, Proof, Unsigned
from integrations.kit.webhooks import Hint, Webhooks
from tenants.vault import Secret
from tests.integrations.kit.test_strict import JSON
from unified_api.models.ticketing import Comment, Ticket

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECONDS, MILLIS = str(int(NOW.timestamp())), str(int(NOW.timestamp() * 1000))
BODY = b'{"webhookTimestamp": %s}' % MILLIS.encode()
URL = "https://isthmus.example.com/webhooks/abc?x=1"
STAMPED = Header("X-Time")


def signed(key: bytes, base: bytes, algorithm: str = "sha256", *, as_hex: bool = True) -> str:
    """A keyed digest, made by the library."""
    made = hmac.new(key, base, algorithm).digest()
    return made.hex() if as_hex else base64.b64encode(made).decode()


#: By vendor: the scheme as its documents tell it, the secret, and the headers of a good delivery.
VENDORS: dict[str, tuple[Proof, str, dict[str, str]]] = {
    "zendesk": (
        Hmac("X-Sig", encoding="base64", base="{timestamp}{body}", timestamp=STAMPED),
        "s3cret",
        {
            "x-time": "2026-03-01T12:00:00Z",
            "x-sig": signed(b"s3cret", b"2026-03-01T12:00:00Z" + BODY, as_hex=False),
        },
    ),
    "github": (Hmac("X-Sig", prefix="sha256="), "s3cret", {"x-sig": f"sha256={signed(b's3cret', BODY)}"}),
    "hubspot": (
        Hmac("X-Sig", encoding="base64", base="{method}{url}{body}{timestamp}", timestamp=STAMPED),
        "s3cret",
        {
            "x-time": MILLIS,
            "x-sig": signed(b"s3cret", b"POST" + URL.encode() + BODY + MILLIS.encode(), as_hex=False),
        },
    ),
    "bamboohr": (
        Hmac("X-Sig", base="{body}{timestamp}", timestamp=STAMPED),
        "s3cret",
        {"x-time": SECONDS, "x-sig": signed(b"s3cret", BODY + SECONDS.encode()).upper()},
    ),
    "close": (
        Hmac("X-Sig", base="{timestamp}{body}", key="hex", timestamp=STAMPED),
        "00ff10",
        {"x-time": SECONDS, "x-sig": signed(b"\x00\xff\x10", SECONDS.encode() + BODY)},
    ),
    "linear": (
        Hmac("X-Sig", timestamp="webhookTimestamp", tolerance=60),
        "s3cret",
        {"x-sig": signed(b"s3cret", BODY)},
    ),
    "intercom": (
        Hmac("X-Sig", algorithm="sha1", prefix="sha1="),
        "s3cret",
        {"x-sig": f"sha1={signed(b's3cret', BODY, 'sha1')}"},
    ),
    "hibob": (
        Hmac("X-Sig", algorithm="sha512", encoding="base64"),
        "s3cret",
        {"x-sig": signed(b"s3cret", BODY, "sha512", as_hex=False)},
    ),
    "deel": (Hmac("X-Sig", base="POST{body}"), "s3cret", {"x-sig": signed(b"s3cret", b"POST" + BODY)}),
    "gitlab": (Carried("X-Token"), "s3cret", {"x-token": "s3cret"}),
    "pipedrive": (
        Carried("Authorization", user="isthmus"),
        "s3cret",
        {"authorization": f"Basic {base64.b64encode(b'isthmus:s3cret').decode()}"},
    ),
}
each_vendor = pytest.mark.parametrize(("proof", "secret", "headers"), VENDORS.values(), ids=VENDORS)


def test_a_signature_is_the_one_that_a_vendor_prints() -> None:
    """GitHub's documents have a secret, a body and what comes of them."""
    told = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    delivery = Delivery({"x-hub-signature-256": told}, b"Hello, World!")

    secrets = [Secret("It's a Secret to Everybody")]
    assert Hmac("X-Hub-Signature-256", prefix="sha256=").holds(delivery, secrets, NOW)


@each_vendor
def test_a_good_delivery_is_taken(proof: Proof, secret: str, headers: dict[str, str]) -> None:
    """Also where another secret is known beside it; not by another one, by an empty one, or by none."""
    delivery = Delivery(headers, BODY, URL)

    for others, holds in ((["other", secret], True), (["other"], False), ([""], False), ([], False)):
        assert proof.holds(delivery, [Secret(one) for one in others], NOW) is holds


@each_vendor
@settings(max_examples=15)
@given(data=st.data())
def test_what_was_tampered_with_is_not(
    proof: Proof, secret: str, headers: dict[str, str], data: st.DataObject
) -> None:
    """Another body, or any other text in the place of what proves it, also one that is no digest at all."""
    name = "x-sig" if "x-sig" in headers else next(iter(headers))
    other = data.draw(st.text(max_size=90).filter(lambda text: text.strip().lower() != headers[name].lower()))
    assert not proof.holds(Delivery({**headers, name: other}, BODY, URL), [Secret(secret)], NOW)
    assert not proof.holds(Delivery({}, BODY, URL), [Secret(secret)], NOW)
    if isinstance(proof, Hmac):
        at = data.draw(st.integers(0, len(BODY) - 1))
        body = BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]
        assert not proof.holds(Delivery(headers, body, URL), [Secret(secret)], NOW)


@each_vendor
def test_a_delivery_of_yesterday_is_refused(proof: Proof, secret: str, headers: dict[str, str]) -> None:
    """Where it says when it was sent; a clock that is ahead by as much is refused as well."""
    dated = isinstance(proof, Hmac) and proof.timestamp is not None
    for away in (-301, 301):
        then = NOW + timedelta(seconds=away)
        assert proof.holds(Delivery(headers, BODY, URL), [Secret(secret)], then) is not dated


@pytest.mark.parametrize("stamp", ["", "soon", "9" * 40, "-1", "2026-13-01", "\u0663\u0663"])
def test_a_time_that_is_none_is_refused(stamp: str) -> None:
    """Whatever the digest says."""
    proof = Hmac("X-Sig", base="{timestamp}{body}", timestamp=STAMPED)
    headers = {"x-time": stamp, "x-sig": signed(b"key", stamp.encode() + BODY)}

    assert not proof.holds(Delivery(headers, BODY), [Secret("key")], NOW)


def test_where_sources_disagree_a_signature_may_be_missing() -> None:
    """Then the delivery counts as unsigned; one that is there has to be right."""
    proof = Hmac("X-Sig", optional=True)

    assert proof.holds(Delivery({}, BODY), [], NOW)
    assert not proof.holds(Delivery({"x-sig": "0" * 64}, BODY), [Secret("key")], NOW)
    assert Unsigned().holds(Delivery({}, BODY), [], NOW)


@pytest.mark.parametrize(
    ("scheme", "told"),
    [
        ({"base": "{timestamp}", "timestamp": STAMPED}, "body"),
        ({"base": "{body}{colour}"}, "colour"),
        ({"base": "{timestamp}{body}"}, "timestamp="),
        ({"timestamp": STAMPED}, "proves nothing"),
    ],
)
def test_a_scheme_that_proves_nothing_is_no_scheme(scheme: dict[str, Any], told: str) -> None:
    """One that leaves the body or the time open to strangers fails when the adapter is imported."""
    with pytest.raises(TypeError, match=told):
        Hmac("X-Sig", **scheme)


MODELS = {"ticket": Ticket, "comment": Comment}
WHOLE = Webhooks(proof=Unsigned(), models=MODELS, word="type", until=".", remote_id="data.id", event_id="id")


def of(told: Webhooks, body: Any, **headers: str) -> list[Hint]:
    """What a delivery names."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return told.hints(Delivery(names, json.dumps(body).encode()))


def test_a_delivery_names_records() -> None:
    """By a word and an id; a word that nobody knows, and an id that is not said, are told as such."""
    assert of(WHOLE, {"type": "ticket.created", "data": {"id": 5}}) == [Hint("ticket.created", Ticket, "5")]
    assert of(WHOLE, {"type": "ticket", "data": {"id": ["5", 6, None]}}) == [
        Hint("ticket", Ticket, "5"),
        Hint("ticket", Ticket, "6"),
    ]
    assert of(WHOLE, {"type": "comment.made"}) == [Hint("comment.made", Comment, None)]
    assert of(WHOLE, {"type": "robot.made", "data": {"id": True}}) == [Hint("robot.made", None, None)]
    assert WHOLE.name_of(Delivery({}, b'{"id": "e1"}')) == "e1"


def test_several_events_may_come_at_once() -> None:
    """As items of a list, each with its own word and id; the word may as well stand in a header."""
    batch = Webhooks(proof=Unsigned(), models=MODELS, word="subscriptionType", remote_id="objectId", items="")
    by_header = Webhooks(proof=Unsigned(), models=MODELS, word=Header("X-Event"), remote_id=Header("X-Id"))
    told = [{"subscriptionType": "ticket", "objectId": 1}, {"subscriptionType": "comment", "objectId": 2}]

    assert of(batch, told) == [Hint("ticket", Ticket, "1"), Hint("comment", Comment, "2")]
    assert of(by_header, {}, x_event="ticket", x_id="7") == [Hint("ticket", Ticket, "7")]
    assert by_header.headers == ("content-type", "x-event", "x-id")
    assert of(batch, told * 501) == []


def test_forms_are_understood() -> None:
    """Some vendors send the fields of a form, whose names are no paths."""
    form = Webhooks(proof=Unsigned(), models=MODELS, word=("type",), remote_id=("data[id]",))
    delivery = Delivery({"content-type": "application/x-www-form-urlencoded"}, b"type=ticket&data%5Bid%5D=9")

    assert form.hints(delivery) == [Hint("ticket", Ticket, "9")]


def test_a_function_tells_ids_where_facts_end() -> None:
    """Of two fields, for one."""
    told = Webhooks(
        proof=Unsigned(),
        models=MODELS,
        word="type",
        remote_id=lambda event, _headers: [f"{event['repository']}#{event['number']}"],
    )

    assert of(told, {"type": "ticket", "repository": "a/b", "number": 3}) == [Hint("ticket", Ticket, "a/b#3")]
    assert of(told, {"type": "ticket"}) == []


@settings(max_examples=60)
@given(body=st.binary(max_size=200) | JSON.map(lambda told: json.dumps(told).encode()))
def test_nothing_in_a_body_is_an_error(body: bytes) -> None:
    """Whatever is sent, hints are what can be read of it."""
    for told in (WHOLE, Webhooks(proof=Unsigned(), models=MODELS, word="a", remote_id="b", items="c")):
        delivery = Delivery({}, body)
        assert all(
            hint.model is None or hint.word.partition(".")[0] in MODELS for hint in told.hints(delivery)
        )
        assert told.name_of(delivery) is None or told.event_id


def test_digests_are_compared_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the library's comparison, with every secret there is, whichever of them fits: time tells nothing."""
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr("integrations.kit.signatures.hmac.compare_digest", watched)
    headers = {"x-sig": signed(b"first", BODY)}
    assert Hmac("X-Sig").holds(Delivery(headers, BODY), [Secret(one) for one in ("first", "second")], NOW)

    assert len(compared) == 2
    assert {len(one) for pair in compared for one in pair} == {hashlib.sha256().digest_size}


def test_where_the_order_is_not_certain_either_is_taken() -> None:
    """One that neither makes is refused; and who takes unsigned ones as well proves nothing."""
    bases = ("{body}{timestamp}", "{timestamp}{body}")
    proof = AnyOf(tuple(Hmac("X-Sig", base=base, timestamp=STAMPED) for base in bases))
    made = {
        told: signed(b"s3cret", told)
        for told in (BODY + SECONDS.encode(), SECONDS.encode() + BODY, BODY, SECONDS.encode())
    }
    held = [
        proof.holds(Delivery({"x-time": SECONDS, "x-sig": digest}, BODY), [Secret("s3cret")], NOW)
        for digest in made.values()
    ]

    assert held == [True, True, False, False]
    assert (proof.signed, AnyOf((proof, Unsigned())).signed) == (True, False)
