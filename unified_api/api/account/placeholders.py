"""Placeholders in a passthrough: what of an account's settings stands in `path` and `data`.

`{{API_URL_SUBDOMAIN}}`, and `{{LINKED_ACCOUNT_ATTR.name}}` for a setting that is no part of the credential. What names
the credential is refused: it would be put where it can be read back, in an address, a log, an answer. So it is in a
call to another address than the account's own: nobody else learns of its settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import quote, urlsplit

from rest_framework.exceptions import NotFound

from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.api.errors import malformed
from unified_api.sync import connect, passthrough

#: Keys of the body that may hold some.
KEYS: Final = ("path", "data")
_PLACEHOLDER: Final = re.compile(
    r"\{\{\s*(API_KEY|USERNAME|PASSWORD|API_URL_SUBDOMAIN|LINKED_ACCOUNT_ATTR\.(\w+))\s*\}\}"
)
#: What needs no escaping, in whatever form the data is.
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~@:/-]+")
#: The host of an address that has a subdomain; the last part of an IP address has no letter.
_SUBDOMAIN: Final = re.compile(r"([a-z0-9-]+)(?:\.[a-z0-9-]+)+\.[a-z][a-z0-9-]+")
#: Placeholders in one text, and signs in the place of one: so a body grows to no more than memory holds.
_MOST: Final = 100
_LONGEST: Final = 500


def fill(body: Mapping[str, Any], account: LinkedAccount) -> dict[str, Any]:
    """A body of passthrough with its placeholders filled in; raises DRF's ValidationError, and NotFound."""
    texts = {key: body[key] for key in KEYS if isinstance(body.get(key), str)}
    return {**body, **{key: _filled(key, text, body, account) for key, text in texts.items()}}


def _filled(key: str, text: str, body: Mapping[str, Any], account: LinkedAccount) -> str:
    found = list(_PLACEHOLDER.finditer(text))
    if len(found) > _MOST:
        raise malformed(key, f"at most {_MOST} placeholders are expected")
    if not found:
        return text
    known = _Known(account)
    if not _is_own(body.get("base_url_override"), known.base_url):
        raise malformed(key, f"{found[0][0]} is filled in for the account's own address alone")
    spell = _in_path if key == "path" else _in_data
    return _PLACEHOLDER.sub(partial(_in_place, key, known, spell), text)


def _in_place(key: str, known: _Known, spell: Callable[[str], str], found: re.Match[str]) -> str:
    try:
        value = known.setting(found[2]) if found[2] else known.word(found[1])
        return spell(value)
    except _Refused as error:
        raise malformed(key, f"{found[0]} {error}") from None


class _Refused(Exception):
    """Why a placeholder is not filled in, as the rest of a sentence."""


class _Known:
    """What may be said of an account."""

    def __init__(self, account: LinkedAccount) -> None:
        try:
            self.provider = connect.adapter_of(account)
        except registry.UnknownIntegration as error:
            raise NotFound(str(error)) from error
        self.settings = account.settings
        self.base_url = connect.address_of(account)

    def setting(self, name: str) -> str:
        """A setting by its name; raises _Refused for what is none, or of the credential."""
        secret = {one.name for one in self.provider.settings if one.secret} | {*self.provider.auth.needs}
        if name in secret:
            raise _Refused(_CREDENTIAL)
        able = {one.name: one.default for one in self.provider.settings if one.name not in secret}
        value = self.settings.get(name) or able.get(name) if name in able else None
        if not value:
            there = ", ".join(one for one in able if self.settings.get(one) or able[one]) or "none"
            raise _Refused(f"names no setting of this account; there is {there}")
        return str(value)

    def word(self, name: str) -> str:
        """What stands for a word of the contract; raises _Refused."""
        if name != "API_URL_SUBDOMAIN":
            raise _Refused(_CREDENTIAL)
        host = _SUBDOMAIN.fullmatch(urlsplit(self.base_url).hostname or "")
        if host is None:
            raise _Refused("cannot be filled in: the account's address has no subdomain")
        return host[1]


_CREDENTIAL: Final = "is not supported: credentials are added by Isthmus, and are put nowhere else"


def _is_own(override: Any, base_url: str) -> bool:
    """Whether a call goes to the account's own address; what is no address is refused elsewhere."""
    if override is None:
        return True
    try:
        return passthrough.origin(str(override)) == passthrough.origin(base_url)
    except passthrough.NoAddress:
        return False


def _in_path(value: str) -> str:
    """One step of a path, never one up; or a value in its query."""
    if len(value) > _LONGEST or value in {".", ".."}:
        raise _Refused("holds what no part of an address can be")
    return quote(value, safe="")


def _in_data(value: str) -> str:
    if len(value) > _LONGEST or not _PLAIN.fullmatch(value):
        raise _Refused("holds signs that mean something else in some data; say it yourself")
    return value
