"""What is secret is found in whatever spelling it comes back, and nothing else is cut."""

from __future__ import annotations

import base64
import html
import json
import re
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from django.utils.html import escapejs
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.kit.redaction import Redaction

SECRET = 'pä/ss +wörd~"&<\\77'
WAYS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in an address": lambda secret: quote(secret, safe=""),
    "in a path": quote,
    "in lower case": lambda secret: re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="~")),
    "in a form": quote_plus,
    "in an address in an address": lambda secret: quote(quote(secret)),
    "in JSON": json.dumps,
    "in JSON in UTF-8": lambda secret: json.dumps(secret, ensure_ascii=False).replace("/", "\\/"),
    "in JSON in JSON": lambda secret: json.dumps(json.dumps(secret)),
    "in a script": escapejs,
    "in a web page": html.escape,
}
FEW, MANY = 250, 4000


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_secret_is_cut_out_however_it_is_escaped(way: Callable[[str], str]) -> None:
    """Of what stands around it nothing goes."""
    assert _without(SECRET, way) == "a [secret] b"


@settings(max_examples=50)
@given(st.text("a5\\\\-/%2u0&;<ä😀 ", min_size=4, max_size=9).filter(lambda text: text.strip("\\")))
def test_any_secret_is(secret: str) -> None:
    """Also one that begins with what escapes others, or looks as if it were escaped already."""
    assert {_without(secret, way) for way in WAYS.values()} == {"a [secret] b"}


def _without(secret: str, way: Callable[[str], str]) -> str:
    return Redaction([secret]).text(f"a {way(secret)} b").replace("\\", "").replace('"', "")


@pytest.mark.parametrize(
    "secret", ["-secret", "\\\\secret", "s\\\\\\cret", "s-\\ä%secret", "%%25secret", "&;<secret"]
)
@pytest.mark.parametrize("sign", ["\\", "\\u002d", "\\u005c", "%25", "25", "%", "&#", "&amp;", "-"])
def test_a_text_is_looked_through_in_time_that_grows_with_its_length(secret: str, sign: str) -> None:
    """Sixteen times as long takes far less than sixteen squared times as long, whatever it begins and never ends."""
    cut = Redaction([secret])
    few, many = (_seconds(cut, f"s{sign * count}s-{sign * count}%{sign * count}") for count in (FEW, MANY))

    assert many < few * 5 * MANY / FEW


def _seconds(cut: Redaction, text: str) -> float:
    """Of this process, at best."""
    spent = []
    for _ in range(3):
        begun = time.process_time()
        cut.text(text)
        spent.append(time.process_time() - begun)
    return min(spent)


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
    assert Redaction(["abc", "", r"\\\\"]).text(r"abc + \\\\ def") == r"abc + \\\\ def"
    assert Redaction([]).text("abc") == "abc"
