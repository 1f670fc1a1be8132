"""The vault: what is sealed opens in its place and nowhere else, and a Secret does not show itself."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import logging
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.vault import (
    BadKeyRing,
    Key,
    KeyRing,
    Malformed,
    Secret,
    Tampered,
    UnknownKey,
    binding,
    seal,
    sealed_under,
    unseal,
)

CANARY = "canary-7f3a"
RING = KeyRing(Key("k1", b"1" * 32))
OTHER = KeyRing(Key("k1", b"2" * 32))
parts = st.lists(st.text(), max_size=4)


def sealed(text: str = CANARY, *, ring: KeyRing = RING, place: tuple[str, ...] = ("here",)) -> bytes:
    """An envelope with a foreseeable nonce."""
    return seal(Secret(text), ring=ring, bound_to=binding(*place), randomness=lambda size: b"n" * size)


@given(text=st.text(), place=parts, key=st.binary(min_size=32, max_size=32))
def test_what_was_sealed_opens_in_its_place(text: str, place: list[str], key: bytes) -> None:
    """Any text comes back, under any key, bound to any place."""
    ring = KeyRing(Key("a", key))
    envelope = seal(Secret(text), ring=ring, bound_to=binding(*place))

    assert unseal(envelope, ring=ring, bound_to=binding(*place)).reveal() == text


@given(place=parts, elsewhere=parts)
def test_it_never_opens_elsewhere(place: list[str], elsewhere: list[str]) -> None:
    """An envelope that is moved to another tenant, row or purpose stays shut."""
    if place == elsewhere:
        elsewhere = [*elsewhere, "further"]

    with pytest.raises(Tampered):
        unseal(sealed(place=tuple(place)), ring=RING, bound_to=binding(*elsewhere))


@given(left=parts, right=parts)
def test_places_do_not_run_into_each_other(left: list[str], right: list[str]) -> None:
    """Two bindings are equal only if their parts are."""
    assert (binding(*left) == binding(*right)) == (left == right)


def test_each_flipped_bit_is_refused() -> None:
    """No bit of an envelope can be changed: not of the header, the nonce, the ciphertext or the tag."""
    envelope = sealed()
    for position in range(len(envelope) * 8):
        damaged = bytearray(envelope)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises((Tampered, Malformed, UnknownKey)):
            unseal(bytes(damaged), ring=RING, bound_to=binding("here"))


def test_each_shortened_envelope_is_refused() -> None:
    """An envelope that is cut short, down to nothing, does not open."""
    envelope = sealed()
    for length in range(len(envelope)):
        with pytest.raises((Tampered, Malformed, UnknownKey)):
            unseal(envelope[:length], ring=RING, bound_to=binding("here"))


def test_another_key_with_the_same_id_does_not_open() -> None:
    """The id of a key is a name, not the key."""
    with pytest.raises(Tampered, match="not the one it was sealed with"):
        unseal(sealed(), ring=OTHER, bound_to=binding("here"))


def test_two_seals_of_one_text_differ() -> None:
    """Nonces are fresh, so equal secrets do not look equal."""
    first, second = (seal(Secret(CANARY), ring=RING, bound_to=b"") for _ in range(2))

    assert first != second


def test_a_missing_key_is_named() -> None:
    """Whoever lost a key learns which one it was, and which ones are there."""
    ring = KeyRing(Key("new", b"3" * 32))

    with pytest.raises(UnknownKey, match=r"'k1'.*it holds: new.*Put that key back") as caught:
        unseal(sealed(), ring=ring, bound_to=binding("here"))
    assert caught.value.key_id == "k1"


def test_an_older_key_opens_and_the_primary_seals() -> None:
    """With two keys, what was sealed under the older one opens, and new envelopes name the newer."""
    ring = KeyRing(Key("new", b"3" * 32), Key("k1", b"1" * 32))

    assert unseal(sealed(), ring=ring, bound_to=binding("here")).reveal() == CANARY
    assert sealed_under(sealed(ring=ring)) == "new"


def test_a_ring_is_read_from_lines_or_commas() -> None:
    """The first key is primary; blank lines and remarks do not count; both spellings of base64 are read."""
    standard, url_safe = "+" * 43 + "=", "-" * 43 + "="
    ring = KeyRing.parse(f"\n# newest first\nb:{standard},\n  a : {url_safe}\n")

    assert ring.primary.id == "b"
    assert ring["a"].text() == ring["b"].text()
    assert repr(ring) == "KeyRing(b, a)"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("# nothing", "empty"),
        (f"{CANARY}", "Line 1"),
        (f"a:{CANARY}!", "not base64"),
        ("a:aGVsbG8=", "5 bytes; 32 are needed"),
        (f"two words:{'A' * 43}=", "no key id"),
        (
            f"{base64.b64encode(CANARY.encode() * 3).decode()}:k1",
            "Line 1 of the key ring is the wrong way round",
        ),
        (f"a:{'A' * 43}=\na:{'B' * 42}A=", "same id"),
    ],
)
def test_a_bad_ring_is_refused_without_showing_it(text: str, words: str) -> None:
    """The sentence says what is wrong, and never repeats what may be a key."""
    with pytest.raises(BadKeyRing, match=words) as caught:
        KeyRing.parse(text)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


@dataclasses.dataclass
class Holder:
    """Something that holds a secret."""

    secret: Secret


def test_a_secret_shows_itself_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """Printing, formatting, logging and copying give no character of it."""
    secret = Secret(CANARY)
    logging.getLogger("test").warning("%s %r", secret, secret)
    shown = [
        str(secret),
        repr(secret),
        f"{secret:>40}",
        f"{secret!r}",
        "%s" % secret,  # noqa: UP031 - this spelling is the test
        repr({"a": [secret]}),
        repr(Holder(secret)),
        repr(dataclasses.asdict(Holder(secret))),
        repr(copy.deepcopy([secret])),
        repr(copy.copy(secret)),
        json.dumps({"a": secret}, default=str),
        caplog.text,
    ]

    assert not [text for text in shown if CANARY in text]
    assert all("Secret(...)" in text for text in shown)


def test_a_secret_cannot_be_pickled_or_put_into_json() -> None:
    """Task queues and caches refuse it instead of carrying it."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(Secret(CANARY), protocol)
    with pytest.raises(TypeError, match="not JSON serializable") as caught:
        json.dumps(Secret(CANARY))
    assert CANARY not in str(caught.value)


def test_a_key_does_not_show_itself_either() -> None:
    """Keys hold their material as a Secret."""
    key = Key("k1", CANARY.ljust(32).encode())

    assert repr(key) == "Key('k1', ...)"
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(key)


def test_secrets_are_equal_to_secrets_only() -> None:
    """A Secret equals another of the same text, not the text; it has no hash and does not change."""
    secret = Secret(CANARY)

    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    assert secret != CANARY
    assert not Secret("")
    with pytest.raises(TypeError):
        hash(secret)
    with pytest.raises(AttributeError):
        secret._value = "other"
    with pytest.raises(TypeError, match="not bytes"):
        Secret(b"bytes")  # type: ignore[arg-type]
