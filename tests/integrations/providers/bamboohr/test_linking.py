"""By what an account signs: the key of a user, or a token that was allowed."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.kit.auth import OAuth2
from integrations.kit.client import Client
from integrations.kit.errors import NeedsReauthorisation
from integrations.kit.oauth import address, authorize_address
from tests.emulators.engine import Emulator
from tests.emulators.vendors.bamboohr import KEY, TOKEN
from tests.integrations.lines import connection
from tests.integrations.providers.bamboohr.company import PROVIDER

PAGE = Path(__file__).resolve().parents[4] / "docs" / "integrations" / "bamboohr.md"
ACME = {"base_url": "https://acme.bamboohr.com"}


def _checked(company: Emulator, **secrets: str) -> str:
    """The signature with which an account is checked."""
    with Client(PROVIDER, connection({"base_url": company.url}, secrets)) as client:
        assert client.check() == company.url
    return company.exchanges[-1].request.headers["authorization"]


def test_a_key_is_the_user_and_its_password_is_the_same_for_everybody(company: Emulator) -> None:
    """HTTP Basic, as the documents have it."""
    signed = _checked(company, api_key=KEY)

    assert base64.b64decode(signed.removeprefix("Basic ")) == f"{KEY}:x".encode()


def test_a_token_signs_where_there_is_one(company: Emulator) -> None:
    """Also beside a key."""
    assert _checked(company, access_token=TOKEN) == f"Bearer {TOKEN}"
    assert _checked(company, access_token=TOKEN, api_key=KEY) == f"Bearer {TOKEN}"


def test_another_key_is_told_as_such(company: Emulator) -> None:
    """So that the account pauses until it is linked again."""
    line = connection({"base_url": company.url}, {"api_key": "another key"})
    with Client(PROVIDER, line) as client, pytest.raises(NeedsReauthorisation):
        client.check()


def test_who_allows_it_is_asked_at_the_account_itself() -> None:
    """Both addresses say in their query what is wanted of them, and the page names every scope."""
    auth = PROVIDER.auth
    assert isinstance(auth, OAuth2)
    told = {"client_id": "c", "redirect_uri": "https://isthmus.example/back", "state": "s", "verifier": "v"}
    url = urlsplit(authorize_address(auth, ACME, **told))
    asked = parse_qs(url.query)

    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://acme.bamboohr.com/authorize.php"
    assert (asked["request"], asked["response_type"]) == (["authorize"], ["code"])
    scopes = set(asked["scope"][0].split())
    assert {"offline_access", "employee", "training.write"} <= scopes
    assert {"public.user", "employee:compensation", "sensitive_employee:protected_info.write"} <= scopes
    assert [one for one in scopes if f"`{one}`" not in PAGE.read_text(encoding="utf-8")] == []
    assert address(auth.token_url, ACME) == "https://acme.bamboohr.com/token.php?request=token"
