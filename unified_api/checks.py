"""System checks: wrong configuration is reported, with an id and what to do, before the first request."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

MIN_SECRET = 32


def _setting(name: str) -> str:
    """The setting, or an empty text: Django itself refuses to give an empty SECRET_KEY."""
    try:
        return str(getattr(settings, name))
    except ImproperlyConfigured:
        return ""


@checks.register()
def secrets_are_given(**_: Any) -> list[checks.CheckMessage]:
    """On a given server nothing is made up: each secret has to be set."""
    missing = {
        "SECRET_KEY": (
            "isthmus.E001",
            "any random text of 50 characters, kept as long as the installation lives",
        ),
        "MASTER_KEYS": (
            "isthmus.E002",
            "`id:base64 of 32 random bytes`; without it no credential can be opened",
        ),
    }
    return [
        checks.Error(
            f"{name} is not set, or empty; it is made only where neither DATABASE_URL nor DATABASE_APP_URL is set.",
            hint=f"Set {name} or {name}_FILE: {meaning}.",
            id=number,
        )
        for name, (number, meaning) in missing.items()
        if not _setting(name)
    ]


@checks.register()
def secret_key_is_long(**_: Any) -> list[checks.CheckMessage]:
    """The passwords of the database roles follow from the secret key, so it must not be guessed."""
    if 0 < len(_setting("SECRET_KEY")) < MIN_SECRET:
        hint = f"Use at least {MIN_SECRET} random characters."
        return [checks.Error("SECRET_KEY is too short.", hint=hint, id="isthmus.E003")]
    return []


@checks.register()
def master_keys_are_understood(**_: Any) -> list[checks.CheckMessage]:
    """The ring of master keys has to parse."""
    from tenants.vault import KeyRing, VaultError

    if not settings.MASTER_KEYS:
        return []
    try:
        KeyRing.parse(settings.MASTER_KEYS)
    except VaultError as error:
        return [
            checks.Error(
                f"MASTER_KEYS is not understood: {error}", hint="See docs/operations.md.", id="isthmus.E004"
            )
        ]
    return []


@checks.register()
def hosts_are_named(**_: Any) -> list[checks.CheckMessage]:
    """Without a host name every request would be answered with 400."""
    if settings.ALLOWED_HOSTS:
        return []
    hint = "Set ALLOWED_HOSTS to the names under which Isthmus is reached, separated by commas."
    return [
        checks.Warning("ALLOWED_HOSTS is empty, so no request will be served.", hint=hint, id="isthmus.W001")
    ]


@checks.register()
def public_address_is_one(**_: Any) -> list[checks.CheckMessage]:
    """Providers are told addresses below it, so it has to be one."""
    url = urlsplit(settings.PUBLIC_URL)
    if not settings.PUBLIC_URL or (
        url.scheme in {"http", "https"}
        and url.hostname
        and not (url.query or url.fragment or "@" in url.netloc)
    ):
        return []
    hint = "Write it as https://isthmus.example.com, with a path behind it if the proxy serves Isthmus below one."
    return [
        checks.Error(
            f"PUBLIC_URL is {settings.PUBLIC_URL!r}, which is no address.", hint=hint, id="isthmus.E005"
        )
    ]
