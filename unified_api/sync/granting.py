"""Who asks a token endpoint for an account: the tenant's OAuth application, or the account's own client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import transaction

from integrations.kit import errors
from integrations.kit.auth import OAuth2
from integrations.kit.oauth import OAuthClient, TokenEndpoint
from integrations.kit.provider import Provider
from tenants import applications
from tenants.models import OAuthApplication
from tenants.vault import Secret
from unified_api.sync import connect


class Asking(NamedTuple):
    """A token endpoint, and who asks there. application: None where each account has a client of its own."""

    endpoint: TokenEndpoint
    client: OAuthClient
    application: OAuthApplication | None

    @property
    def scopes(self) -> Sequence[str]:
        """Those that the tenant's application asks for in place of the adapter's."""
        return self.application.scopes if self.application else ()


def oauth_of(provider: Provider) -> OAuth2 | None:
    """How the accounts of a provider get tokens; None where they do not."""
    return provider.auth if isinstance(provider.auth, OAuth2) and provider.auth.is_renewable else None


def oauth_for(
    provider: Provider, settings: Mapping[str, str], secrets: Mapping[str, Secret]
) -> OAuth2 | None:
    """The same for an account with these: None, too, where it has a key of its own instead."""
    auth = oauth_of(provider)
    return None if auth is None or auth.is_signed_otherwise(settings, secrets) else auth


def site_of(auth: OAuth2, settings: Mapping[str, str]) -> str:
    """The site at which an application of these accounts is registered; empty for that of the vendor."""
    return settings.get(auth.site, "") if auth.site else ""


def application_of(
    provider: Provider, settings: Mapping[str, str], secrets: Mapping[str, Secret]
) -> OAuthApplication | None:
    """The tenant's application that an account with these is linked by; None where it is linked otherwise."""
    auth = oauth_for(provider, settings, secrets)
    if auth is None or auth.client:
        return None
    with transaction.atomic():
        return applications.find(provider.slug, site_of(auth, settings))


def asking(
    provider: Provider,
    auth: OAuth2,
    settings: Mapping[str, str],
    secrets: Mapping[str, Secret],
    *,
    briefly: bool = False,
) -> Asking:
    """For an account of the tenant in scope; outside of transactions. Raises ApplicationRefused, Misconfigured.

    briefly: once, for a few seconds.
    The application is looked up by the site of the account, so that its secret goes to no other.
    """
    client, application = (
        _own(auth.client, settings, secrets) if auth.client else _tenants(provider, site_of(auth, settings))
    )
    endpoint = TokenEndpoint(
        auth,
        client,
        provider.placed(settings),
        guard=connect.guard(),
        clock=connect.OUTSIDE.clock,
        sleep=connect.OUTSIDE.sleep,
        wire=connect.OUTSIDE.wire,
        at_home=provider.is_sandbox,
        briefly=briefly,
    )
    return Asking(endpoint, client, application)


def _own(
    names: tuple[str, str], settings: Mapping[str, str], secrets: Mapping[str, Secret]
) -> tuple[OAuthClient, None]:
    told = [settings[name] if name in settings else _revealed(secrets, name) for name in names]
    return OAuthClient(*told), None


def _revealed(secrets: Mapping[str, Secret], name: str) -> str:
    if name not in secrets:
        raise errors.Misconfigured(f"the account has no {name}; link it again")
    return secrets[name].reveal()


def _tenants(provider: Provider, site: str) -> tuple[OAuthClient, OAuthApplication]:
    with transaction.atomic():
        application = applications.find(provider.slug, site)
        client = applications.client(application) if application else None
    if application is None or client is None:
        where = f"{provider.name} at {site}" if site else provider.name
        raise errors.ApplicationRefused(
            f"the tenant has no OAuth application at {where}; register one: manage.py oauth_app set"
        )
    return OAuthClient(client.id.reveal(), client.secret.reveal()), application


def first_token(
    provider: Provider, settings: Mapping[str, str], secrets: dict[str, Secret]
) -> dict[str, Secret]:
    """Secrets at hand, with an access token that has not ended; it is asked for where there is none.

    For an account that is about to be linked; outside of transactions. NeedsReauthorisation: an end user has to allow
    it first. A refresh token that is replaced by this is lost if the account is not linked then.
    """
    auth = oauth_for(provider, settings, secrets)
    if auth is None or (auth.is_dance and _is_usable(secrets)):
        return secrets
    if auth.is_dance and "refresh_token" not in secrets:
        raise errors.NeedsReauthorisation(
            "its accounts are linked by OAuth, and neither a refresh token was given nor an access token that goes on"
        )
    asked = asking(provider, auth, settings, secrets)
    granted = (
        asked.endpoint.refresh(secrets["refresh_token"].reveal())
        if auth.is_dance
        else asked.endpoint.by_client(asked.scopes)
    )
    told = granted.secrets(connect.OUTSIDE.clock())
    return {**secrets, **{name: Secret(text) for name, text in told.items()}}


def _is_usable(secrets: Mapping[str, Secret]) -> bool:
    """Whether there is an access token that nobody knows to have ended."""
    ends = secrets["expires_at"].reveal() if "expires_at" in secrets else "inf"
    return "access_token" in secrets and float(ends) > connect.OUTSIDE.clock().timestamp()
