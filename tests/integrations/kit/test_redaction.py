"""What is secret is found in whatever spelling it comes back, and nothing else is cut."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.kit.redaction import Redaction

SECRET = 'pä/ss +wörd~"&<\\77'
WAYS = {
    "as it is": SECRET,
    "in an address": quote(SECRET, safe=""),
    "in a path": quote(SECRET),
    "in lower case": quote(SECRET, safe="~").lower(),
    "in a form": quote_plus(SECRET),
    "in an address in an address": quote(quote(SECRET)),
    "in JSON": json.dumps(SECRET),
    "in JSON in UTF-8": json.dumps(SECRET, ensure_ascii=False).replace("/", "\\/"),
    "in JSON in JSON": json.dumps(json.dumps(SECRET)),
    "in a web page": html.escape(SECRET),
}


@pytest.mark.parametrize("spelled", WAYS.values(), ids=WAYS)
def test_a_secret_is_cut_out_however_it_is_escaped(spelled: str) -> None:
    """Of what stands around it nothing goes."""
    assert Redaction([SECRET]).text(f"a {spelled} b").replace("\\", "").replace('"', "") == "a [secret] b"


@given(
    st.binary(max_size=5),
    st.binary(max_size=5),
    st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]),
)
def test_of_base64_no_more_than_its_ends_are_left(before: bytes, behind: bytes, encode: object) -> None:
    """Whatever stands before and behind the secret there, as the user does in HTTP Basic."""
    secret = b"canary-Zq8/7+b?>secret"
    encoded = encode(before + secret + behind).decode()  # type: ignore[operator]
    found = Redaction([secret.decode()]).text(f"Basic {encoded}")

    left = found.removeprefix("Basic ").split("[secret]")
    assert len(left) == 2
    assert len("".join(left)) <= len(encode(before + behind)) + 4  # type: ignore[operator]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_bytes_lose_nothing_but_the_secret(encoding: str) -> None:
    """Also where they are no text at all."""
    around = b"\xff\xfe\x00\x80"
    cut = Redaction([SECRET]).body(around + SECRET.encode(encoding) + around)

    assert cut == around + "[secret]".encode(encoding) + around


def test_names_and_numbers_of_json_are_cleaned() -> None:
    """A secret of digits comes back as a number."""
    data = {"key 12345678": [12345678, 123456789, True, None, {"a": "12345678"}]}

    assert Redaction(["12345678"]).data(data) == {
        "key [secret]": ["[secret]", 123456789, True, None, {"a": "[secret]"}]
    }


def test_ordinary_text_is_left_alone() -> None:
    """What is as short as a word is not looked for."""
    assert Redaction(["abc", ""]).text("abc + def") == "abc + def"
    assert Redaction([]).text("abc") == "abc"
