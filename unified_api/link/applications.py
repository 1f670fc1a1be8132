"""Registering the tenant's OAuth applications: checked against what the adapters know before one is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from integrations.kit.auth import OAuth2
from integrations.kit.provider import Provider
from tenants import applications
from tenants.models import OAuthApplication
from tenants.vault import Secret
from unified_api import registry
from unified_api.sync import granting, issues
from unified_api.sync.models import Throttle


class ApplicationUnfit(ValueError):
    """The application was not registered; the sentence says why and what to do."""


@dataclass(frozen=True)
class Registration:
    """What the provider gave out. site: the address of the customer's own installation, where there is one."""

    integration: str
    client_id: Secret = field(repr=False)
    client_secret: Secret = field(repr=False)
    site: str = ""
    scopes: Sequence[str] = ()


def register(registration: Registration) -> tuple[OAuthApplication, bool]:
    """Keep the application of the tenant in scope, in place of an earlier one; whether there was none.

    What was wrong with the earlier one is over. Raises ApplicationUnfit.
    """
    provider, auth = _known(registration.integration)
    client = applications.Client(registration.client_id, registration.client_secret)
    _refuse_unfit(provider, auth, client)
    site = _site(provider, auth, registration.site)
    with transaction.atomic():
        row, is_new = applications.keep(provider.slug, client, site=site, scopes=registration.scopes)
        issues.resolve(issues.APPLICATION, row.id)
    return row, is_new


def remove(application: OAuthApplication) -> None:
    """Forget an application, its budget of requests, and what was wrong with it."""
    with transaction.atomic():
        applications.remove(application)
        Throttle.objects.filter(holder_id=application.id).delete()
        issues.resolve(issues.APPLICATION, application.id)


def takers() -> list[Provider]:
    """The integrations whose accounts are linked by an application of the tenant's."""
    return [provider for provider in registry.all() if _takes(provider)]


def _takes(provider: Provider) -> bool:
    auth = granting.oauth_of(provider)
    return auth is not None and auth.client is None


def _known(slug: str) -> tuple[Provider, OAuth2]:
    try:
        provider: Provider = registry.by_slug(slug)
    except registry.UnknownIntegration as error:
        raise ApplicationUnfit(str(error)) from error
    auth = granting.oauth_of(provider)
    if auth is None or auth.client is not None:
        raise ApplicationUnfit(f"Accounts of {provider.name} are linked without an OAuth application.")
    return provider, auth


def _refuse_unfit(provider: Provider, auth: OAuth2, client: applications.Client) -> None:
    told, secret = client.id.reveal(), client.secret.reveal()
    if not told.strip():
        raise ApplicationUnfit("The client id is empty.")
    if not (told.isprintable() and secret.isprintable()):
        raise ApplicationUnfit("Client id or secret holds a line break or control character.")
    if auth.proof != "none" and not secret:
        raise ApplicationUnfit(f"{provider.name} wants a client secret.")


def _site(provider: Provider, auth: OAuth2, given: str) -> str:
    """The site in the one spelling in which accounts name it."""
    if auth.site is None:
        if given:
            raise ApplicationUnfit(f"{provider.name} has one place for all; leave the site out.")
        return ""
    setting = next(one for one in provider.settings if one.name == auth.site)
    if fault := setting.fault(given):
        raise ApplicationUnfit(
            f"Each customer runs {provider.name} at an address of their own; the site {fault}."
        )
    return setting.canonical(given)
