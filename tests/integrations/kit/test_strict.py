"""JSON within limits: what is refused, what is cleaned, and that nothing else happens."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.kit.strict import (
    MAX_DEPTH,
    MOST_VALUES,
    Decoded,
    NotJson,
    decode,
    fit,
    flaw,
    strictly,
    unfit,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(data=JSON)
def test_good_json_is_decoded_to_what_can_be_stored(data: Any) -> None:
    """Whatever the standard library writes is decoded, and then orjson can write it."""
    orjson.dumps(decode(json.dumps(data).encode()).data)


@given(body=st.binary(max_size=60))
def test_any_bytes_are_decoded_or_refused(body: bytes) -> None:
    """Nothing else than NotJson comes out."""
    with suppress(NotJson):
        assert orjson.dumps(decode(body).data)


def test_what_is_cleaned() -> None:
    """NUL, lone surrogates and wrong bytes are replaced; numbers that nothing holds become text."""
    for body in (b'"a\\u0000b"', b'"a\\ud800b"', b'"a\xffb"'):
        assert decode(body).data == "a\ufffdb"
        assert decode(body).dirty
    assert decode(b"[9223372036854775808, 9223372036854775807, 1e999, 1e99]").data == [
        "9223372036854775808",
        9223372036854775807,
        "1e999",
        1e99,
    ]
    assert decode(b"1" * 5000).data == "1" * 5000
    assert decode(b'{"\\u0000": 1}').data == {"\ufffd": 1}


def test_a_good_emoji_is_left_alone() -> None:
    """A surrogate pair is one character."""
    assert decode(b'"\\ud83d\\ude00"').data == "\U0001f600"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nan", b"[" * 100_000, b"<html>", b"[" + b"1," * (MOST_VALUES + 1) + b"1]"]
)
def test_what_is_refused(body: bytes) -> None:
    """No JSON, no nesting that does not end, not more than memory can take."""
    with pytest.raises(NotJson):
        decode(body)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"NaN", "NaN"),
        (b"-Infinity", "-Infinity"),
        (b'{"a":1,"b":[{"c":2,"c":2}]}', "same key twice"),
        (b"[" * 2_000 + b"]" * 2_000, "deeper than 64"),
        (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, "deeper than 64"),
    ],
)
def test_what_is_flawed(bad: bytes, reason: str) -> None:
    """No number that is none, no key twice, nothing nested deep: each costs its own record, not the others."""
    decoded = decode(b'[{"id":1},' + bad + b',{"id":3}]')

    assert (decoded.flawed, decoded.data[0], decoded.data[2]) == (True, {"id": 1}, {"id": 3})
    assert reason in (flaw(decoded.data[1]) or "")
    assert flaw(decoded.data[0]) is None
    with pytest.raises(NotJson, match=reason):
        strictly(b'[{"id":1},' + bad + b"]")


def test_a_flawed_object_keeps_what_is_not_in_doubt() -> None:
    """So that a record whose title stands twice is still known by its id; one whose id does is not."""
    assert decode(b'{"id":7,"t":1,"t":2}').data == {"id": 7}
    assert decode(b'{"id":7,"id":8,"t":2}').data == {"t": 2}


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ('["Zoë"]'.encode("utf-8-sig"), None),
        ('["Zoë"]'.encode("utf-16"), None),
        ('["Zoë"]'.encode("utf-32"), "utf-8"),
        ('["Zoë"]'.encode("latin-1"), "ISO-8859-1"),
        ('["Zoë"]'.encode(), "ISO-8859-1"),
    ],
)
def test_the_encoding_is_found(body: bytes, charset: str | None) -> None:
    """By its mark, as UTF-8, or else as the answer says."""
    assert decode(body, charset).data == ["Zoë"]


@pytest.mark.parametrize("charset", [None, "idna", "zip", "unicode_escape", "no such", "utf-8\x00"])
def test_an_encoding_that_is_none_costs_single_characters(charset: str | None) -> None:
    """They are replaced and counted; a codec that is no charset is never used."""
    assert decode(b'["Zo\xeb"]', charset) == Decoded(["Zo\ufffd"], dirty=True)


@given(data=JSON)
def test_the_quick_way_and_the_careful_way_agree(data: Any) -> None:
    """Whether a body is special or not decides about time, not about the result."""
    body = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")

    special = b"[1e999, " + body + b"]"
    assert decode(special).data[1:] == [decode(body).data]


@given(keys=st.lists(st.sampled_from(["a", ":", "b:", "\\"]), max_size=5))
def test_a_key_twice_is_found_wherever_colons_stand(keys: list[str]) -> None:
    """Colons and quotes inside keys and values do not hide it."""
    body = "{" + ",".join(f"{json.dumps(key)} :{json.dumps(key + chr(34) + ':')}" for key in keys) + "}"
    if len(set(keys)) == len(keys):
        assert decode(body.encode()).data == {key: f'{key}":' for key in keys}
    else:
        assert "twice" in (flaw(decode(body.encode()).data) or "")


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 900, 100_000])
def test_nesting_is_bounded(depth: int) -> None:
    """However deep it is, it is cut off there and nothing overflows."""
    assert "deeper" in (flaw(decode(b"[" * depth + b"]" * depth).data) or "")
    assert not decode(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH).flawed


@given(text=st.text(alphabet=st.characters()) | st.text(alphabet=st.sampled_from("a\x00\ud800\udfff")))
def test_fit_text_can_be_stored(text: str) -> None:
    """After cleaning, UTF-8 can hold it and it has no NUL; text that was fit is not touched."""
    clean = fit(text)

    assert b"\x00" not in clean.encode()
    assert unfit(text) == (clean != text)
