"""The way of an end user to a provider and back, at whose end an account is linked.

    link token ─▶ begin ─▶ (the provider asks the end user) ─▶ finish ─▶ code ─▶ tokens ─▶ tokens.complete

What each step of a stranger meets: the state that comes back cannot be guessed, is kept as a digest, is good for ten
minutes and once, and only in the browser that began, which holds a second secret in a cookie. The code is bound to a
verifier that never leaves the server, and is taken to the token endpoint that was meant when it began. The link token
says for whom the account is; nothing that comes back does.
"""

from __future__ import annotations

import datetime as dt
import hmac
import os
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import structlog
from django.db import transaction

from integrations.kit import errors, oauth
from integrations.kit.auth import HOME, OAuth2
from integrations.kit.provider import Provider
from integrations.kit.token_answers import Granted
from tenants import door, secrets
from tenants.models import LinkToken, OAuthAttempt
from tenants.tokens import Prefix, digest, new_token
from tenants.vault import Randomness, Secret
from unified_api import registry
from unified_api.events import addresses
from unified_api.link import tokens
from unified_api.link.linking import LinkRefused, refusal
from unified_api.sync import clock, connect, granting, revoking

STATE_DOOR: Final = "oauth state"
#: Where providers send end users back to, below the address of this installation.
CALLBACK: Final = "/oauth/callback"
#: Where they begin, followed by a link token.
BEGIN: Final = "/oauth/begin/"
#: How long an end user may take.
LASTS: Final = dt.timedelta(minutes=10)
#: Ways back that are open for one link token; the oldest gives way.
MOST_OPEN: Final = 5
_BROWSER: Final = "oauth browser"
_WORD: Final = re.compile(r"[a-z_]{1,60}")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Begun:
    """An attempt: where the browser goes, the name and content of its cookie."""

    url: str
    cookie: str
    browser: Secret


@dataclass(frozen=True)
class Finished:
    """A linked account: the name of the integration, and the public token by which the tenant gets hold of it."""

    name: str
    public_token: Secret


def begin(
    text: Secret, values: Mapping[str, str], *, integration: str = "", randomness: Randomness = os.urandom
) -> Begun:
    """Send an end user to a provider, by a link token of the tenant in scope. Raises LinkRefused.

    values: the settings of the account that the token leaves open, such as its subdomain. integration: where the token
    names none.
    """
    token = tokens.named_by(text)
    slug = tokens.integration_of(token, integration)
    provider, auth, settings, asking = prepared(slug, values, token.settings)
    state, browser, verifier = (
        new_token(prefix, randomness)
        for prefix in (Prefix.OAUTH_STATE, Prefix.OAUTH_BROWSER, Prefix.OAUTH_VERIFIER)
    )
    attempt = OAuthAttempt(
        link_token_id=token.id,
        integration=provider.slug,
        settings=settings,
        redirect_uri=redirect_uri(),
        browser=digest(_BROWSER, browser),
        created_at=clock.now(),
        expires_at=clock.now() + LASTS,
    )
    url = oauth.authorize_address(
        auth,
        _seen(provider, settings),
        client_id=asking.client.id,
        redirect_uri=attempt.redirect_uri,
        state=state.reveal(),
        verifier=verifier.reveal(),
        scopes=asking.scopes,
    )
    with transaction.atomic(durable=True):
        _make_room(token)
        secrets.put(secrets.pack({"link_token": text, "verifier": verifier}), attempt, "sealed_secrets")
        attempt.save(force_insert=True)
        door.open_door(STATE_DOOR, state, reference=attempt.id, expires_at=attempt.expires_at)
    log.info("oauth.begun", link_token=str(token.id), integration=provider.slug)
    return Begun(url, cookie_of(attempt), browser)


def prepared(
    slug: str, values: Mapping[str, str], invited: Mapping[str, str]
) -> tuple[Provider, OAuth2, dict[str, str], granting.Asking]:
    """All that is needed to begin, of the tenant in scope; raises LinkRefused for what is missing or wrong.

    invited: the settings that an invitation says, and nobody else. values: those that it leaves open.
    """
    provider, auth = _allowed(slug)
    settings = _settings(provider, auth, {**values, **invited})
    wanted = _settings(provider, auth, {**invited, **values})
    if other := sorted(name for name in invited if wanted.get(name) != settings[name]):
        raise LinkRefused(
            f"The invitation says another {', '.join(other)} than this address; leave that out."
        )
    return provider, auth, settings, _asking(provider, auth, settings)


def cookie_of(attempt: OAuthAttempt) -> str:
    """The name of an attempt's cookie: several may be under way in one browser."""
    return f"isthmus_oauth_{attempt.id.hex}"


def tenant_of(state: Secret) -> uuid.UUID | None:
    """The tenant of an attempt; None for a state that is unknown, used up or too old. Needs no scope."""
    entered = door.enter(STATE_DOOR, state, now=clock.now())
    return entered.tenant_id if entered else None


def redirect_uri() -> str:
    """Where providers send end users back to; raises LinkRefused where nobody could reach it."""
    base = addresses.known_base()
    if not base:
        raise LinkRefused("Nobody knows where to come back to: set PUBLIC_URL, and begin again.")
    return f"{base}{CALLBACK}"


def finish(query: Mapping[str, Sequence[str]], cookies: Mapping[str, str]) -> Finished:
    """End an attempt of the tenant in scope with what came to the callback, and link. Raises LinkRefused.

    query: every value of each parameter.
    """
    state = Secret(_only(query, "state") or "")
    attempt = _ended(state, cookies)
    provider, auth = _allowed(attempt.integration)
    if not oauth.is_from(auth, _seen(provider, attempt.settings), _only(query, "iss")):
        log.warning("oauth.other_issuer", integration=provider.slug)
        raise LinkRefused("Another server answered than the one that was asked; nothing was linked.")
    if "error" in query:
        raise LinkRefused(
            f"{provider.name} was not opened ({_word(_only(query, 'error'))}); nothing was linked."
        )
    code = _only(query, "code")
    if not code:
        raise LinkRefused(f"{provider.name} came back without a code; begin again.")
    kept = secrets.unpack(secrets.opened(attempt, "sealed_secrets"))
    endpoint = _asking(provider, auth, attempt.settings).endpoint
    granted = _exchanged(provider, endpoint, attempt, code, kept["verifier"])
    try:
        granted = _found(provider, endpoint, granted)
        values = _values(attempt, granted)
        public = tokens.complete(kept["link_token"], values, integration=provider.slug, told=granted.told)
    except LinkRefused:
        revoking.give_back(provider, auth, attempt.settings, _secrets(granted))
        raise
    return Finished(provider.name, public)


def _exchanged(
    provider: Provider, endpoint: oauth.TokenEndpoint, attempt: OAuthAttempt, code: str, verifier: Secret
) -> Granted:
    """What the code is exchanged for."""
    try:
        return endpoint.exchange(code, verifier=verifier.reveal(), redirect_uri=attempt.redirect_uri)
    except errors.NeedsReauthorisation as error:
        raise LinkRefused(f"{provider.name} does not know the code that came back; begin again.") from error
    except errors.ProviderError as error:
        raise refusal(provider, error) from error


def _found(provider: Provider, endpoint: oauth.TokenEndpoint, granted: Granted) -> Granted:
    """The same, with the settings that are asked for with the new token."""
    try:
        return endpoint.found(granted)
    except errors.ProviderError as error:
        raise refusal(provider, error) from error


def _values(attempt: OAuthAttempt, granted: Granted) -> dict[str, str]:
    """Settings and secrets of the account: what was given when it began, and what was granted."""
    secret = {name: one.reveal() for name, one in _secrets(granted).items()}
    return {**attempt.settings, **granted.told, **secret}


def _secrets(granted: Granted) -> dict[str, Secret]:
    """What was granted, as an account keeps it."""
    told = granted.secrets(connect.OUTSIDE.clock())
    return {one.name: Secret(told[one.name]) for one in oauth.TOKENS if one.name in told}


def _seen(provider: Provider, settings: Mapping[str, str]) -> dict[str, str]:
    """The settings, with where browsers see what this installation itself serves: that is not where workers call it."""
    placed = provider.placed(settings)
    if provider.is_sandbox:
        placed[HOME] = f"{addresses.known_base()}{urlsplit(placed[HOME]).path}"
    return placed


def _allowed(slug: str) -> tuple[Provider, OAuth2]:
    """The integration, whose accounts are linked like this; raises LinkRefused."""
    if not slug:
        raise LinkRefused("This link token leaves open what is linked; name it: ?integration=SLUG.")
    try:
        provider: Provider = registry.by_slug(slug)
    except registry.UnknownIntegration as error:
        raise LinkRefused(str(error)) from error
    auth = granting.oauth_of(provider)
    if auth is None or not auth.is_dance:
        raise LinkRefused(f"Accounts of {provider.name} are not linked by OAuth; use manage.py link.")
    return provider, auth


def _settings(provider: Provider, auth: OAuth2, values: Mapping[str, str]) -> dict[str, str]:
    """What was given, as it is kept; raises LinkRefused. Secrets have no place in an address.

    Nor has the host that the token goes to, but where the application is registered for it.
    """
    if not all(value.isprintable() for value in values.values()):
        raise LinkRefused(f"A setting of {provider.name} holds a character that cannot be stored.")
    try:
        settings, told = provider.accept(values)
    except errors.InvalidSettings as error:
        raise LinkRefused(f"{provider.name} cannot be linked like this: {error}.") from error
    if told:
        raise LinkRefused(f"{', '.join(sorted(told))} is secret, and has no place in an address.")
    host = provider.host_setting
    if host and host.name != auth.site and settings.get(host.name) != host.default:
        raise LinkRefused(
            f"{host.name} would say where the token goes, which {provider.name} says itself: leave it out. An account"
            " anywhere else is linked with a key or token of its own, where the integration takes one: manage.py link."
        )
    return settings


def _asking(provider: Provider, auth: OAuth2, settings: Mapping[str, str]) -> granting.Asking:
    try:
        return granting.asking(provider, auth, settings, {})
    except errors.ProviderError as error:
        raise LinkRefused(f"{provider.name} cannot be linked now: {error}.") from error


def _make_room(token: LinkToken) -> None:
    """End attempts that nobody can finish, and the oldest of this token, within the open transaction."""
    over = OAuthAttempt.objects.filter(expires_at__lte=clock.now())
    mine = OAuthAttempt.objects.filter(link_token_id=token.id).order_by("-created_at", "id")
    for attempt in [*over, *mine[MOST_OPEN - 1 :]]:
        _end(attempt)


def _end(attempt: OAuthAttempt) -> None:
    door.close_doors(attempt.id)
    OAuthAttempt.objects.filter(id=attempt.id).delete()


def _ended(state: Secret, cookies: Mapping[str, str]) -> OAuthAttempt:
    """The attempt behind a state, which is good for nothing from now on, if this is the browser that began it."""
    entered = door.enter(STATE_DOOR, state, now=clock.now())
    with transaction.atomic(durable=True):
        found = OAuthAttempt.objects.select_for_update().filter(id=entered.reference if entered else None)
        attempt: OAuthAttempt | None = found.first()
        if attempt is None:
            raise LinkRefused("This way back is unknown, was used, or is too old; begin again.")
        browser = Secret(cookies.get(cookie_of(attempt), ""))
        if not hmac.compare_digest(bytes(attempt.browser), digest(_BROWSER, browser)):
            raise LinkRefused("This was begun in another browser; begin in this one.")
        _end(attempt)
    return attempt


def _only(query: Mapping[str, Sequence[str]], name: str) -> str | None:
    """The value of a parameter, which may be there once; raises LinkRefused."""
    told = query.get(name, [])
    if len(told) > 1:
        raise LinkRefused(f"What came back names {name} more than once; begin again.")
    return told[0] if told else None


def _word(text: str | None) -> str:
    """An error as RFC 6749 has it; nothing else of what came with the address is shown."""
    return text if text and _WORD.fullmatch(text) else "no reason given"
