"""Linking an account with settings and secrets that are at hand.

    accept (known settings, right form) ─▶ check (a live call, outside any transaction) ─▶ store and read

Nothing is stored before the provider has accepted the credential, and no transaction is open while it is
asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.db import transaction

from integrations.kit import errors
from integrations.kit.client import Client
from integrations.kit.guard import Blocked
from integrations.kit.observation import Connection
from integrations.kit.provider import Provider
from integrations.kit.session import fill
from tenants import accounts
from tenants.models import LinkedAccount
from tenants.vault import Secret
from unified_api import registry
from unified_api.events import addresses, outbox, subscribing
from unified_api.sync import (
    connect,
    granting,
    imported_ids,
    issues,
    journal,
    renewing,
    replacing,
    streams,
)

_WHAT_TO_DO: tuple[tuple[type[errors.ProviderError], str], ...] = (
    (errors.NeedsReauthorisation, "Check user name, password or key, and link again."),
    (errors.Forbidden, "Give this user the right to use the API, or link with another one."),
    (errors.RetryLater, "Check that the server is up and the address right, and link again."),
    (errors.Misconfigured, "Correct the address or the setting, and link again."),
)


#: Who paused what a link token has not read.
_UNREAD = "link token"


class LinkRefused(ValueError):
    """The account was not linked, and nothing was stored; the sentence says why and what to do."""


@dataclass(frozen=True)
class Request:
    """What is to be linked.

    values: settings and secrets together, as the adapter declares them. category: needed where the integration has
    several. categories: in which it may be linked, where not in all. are_syncs_disabled: nothing is read until a person
    resumes it. replaces_remote_account: the account that was linked is lost at the provider, and this credential opens
    another one, which takes its place. is_renamed: it is the same account, whose address or name was changed there.
    told: what of the values the provider told itself, when an end user allowed it.
    """

    integration: str
    end_user_origin_id: str
    values: Mapping[str, str] = field(repr=False)
    category: str = ""
    end_user_organization_name: str = ""
    end_user_email_address: str = ""
    is_test: bool = False
    replaces_remote_account: bool = False
    is_renamed: bool = False
    categories: tuple[str, ...] = ()
    are_syncs_disabled: bool = False
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Linked:
    """A linked account, its token (the same after a relink), whether it was one, and the models now read.

    paused: the names of bridges that wait for a person, as another remote account has taken the place of the old one.
    """

    account: LinkedAccount
    token: Secret
    relinked: bool
    models: tuple[str, ...]
    paused: tuple[str, ...] = ()


def link(request: Request, *, stored: Callable[[LinkedAccount], object] | None = None) -> Linked:
    """Check and link for the tenant in scope, and have everything read; raises LinkRefused.

    stored: called within the transaction that stores the account, before anything of it is read.
    """
    provider, settings, secrets = examine(request)
    _refuse_other_kind(provider, request)
    _refuse_unfinished(provider, request)
    secrets = _with_token(provider, settings, secrets)
    identity = check(provider, settings, secrets)
    if request.replaces_remote_account:
        replacing.retire(_replaced(provider, request, settings, identity))
    with transaction.atomic(durable=True):
        account, token, relinked = _store(provider, request, settings, secrets, identity)
        _refuse_unfinished(provider, request)  # an import may have begun while the provider was asked
        if request.replaces_remote_account:
            replacing.take_over(account)
            addresses.begin_anew(account)
        if stored:
            stored(account)
        begun = streams.start(account)
        subscribing.begin(account)
        renewing.begin(account, provider, secrets)
        if relinked:
            journal.take_up_again(account)
            issues.resolve_of_account(account.id)
        elif request.are_syncs_disabled:
            for stream in begun:
                streams.pause(stream, _UNREAD)
        outbox.tell(outbox.LINKED, account.id, of=account.id, details={"is_relink": relinked})
        paused = _names(account) if request.replaces_remote_account else ()
    return Linked(account, token, relinked, tuple(stream.model for stream in begun), paused)


def examine(request: Request) -> tuple[Provider, dict[str, str], dict[str, Secret]]:
    """Provider, settings and secrets of what is to be linked; nobody is asked. Raises LinkRefused."""
    if not request.end_user_origin_id.strip():
        raise LinkRefused("The end user's id is empty; give the id that your own product knows it by.")
    provider = _within(_provider(request.integration), request)
    if request.is_test and not provider.rehearses:
        raise LinkRefused(
            f"{provider.name} is no sandbox. Test accounts are linked at sandboxes; link this one without test."
        )
    return provider, *_accepted(provider, request.values)


def check(provider: Provider, settings: Mapping[str, str], secrets: Mapping[str, Secret]) -> str | None:
    """Prove a credential by a live call; the provider's own name of the account. Raises LinkRefused.

    A hosted one has neither.
    """
    if provider.hosted:
        return None
    _refuse_address(provider, settings)
    connection = Connection(settings=settings, secrets=secrets, guard=connect.guard())
    try:
        with Client(provider, connection) as client:
            return client.check()
    except errors.ProviderError as error:
        raise refusal(provider, error) from error


def refusal(provider: Provider, error: errors.ProviderError) -> LinkRefused:
    """What a provider's error is to who links, with what to do."""
    return LinkRefused(f"{provider.name} was asked, and {error}. {_advice(provider, error)}")


def _advice(provider: Provider, error: errors.ProviderError) -> str:
    if provider.home and isinstance(error, errors.RetryLater | errors.Misconfigured):
        return (
            f"It is called at {provider.home()}, which is SANDBOX_URL: have the web server up and reached there, or"
            " give SANDBOX_URL the address under which it is (with another --port, that port), and link again."
        )
    return next((told for kind, told in _WHAT_TO_DO if isinstance(error, kind)), "Link again later.")


def _with_token(
    provider: Provider, settings: Mapping[str, str], secrets: dict[str, Secret]
) -> dict[str, Secret]:
    """The secrets, with an access token where the provider's accounts have one. Raises LinkRefused."""
    try:
        return granting.first_token(provider, settings, secrets)
    except errors.NeedsReauthorisation as error:
        raise LinkRefused(
            f"{provider.name} cannot be linked like this: {error}. Have the end user allow it: manage.py link --oauth,"
            " or /oauth/begin/ with a link token."
        ) from error
    except errors.ProviderError as error:
        raise refusal(provider, error) from error


def _provider(slug: str) -> Provider:
    try:
        provider: Provider = registry.by_slug(slug)
    except registry.UnknownIntegration as error:
        raise LinkRefused(str(error)) from error
    return provider


def _within(provider: Provider, request: Request) -> Provider:
    """The provider in the category that was asked for, or the only one that it has and that may be."""
    category = request.category
    known = [c for c in provider.categories if c in (request.categories or provider.categories)]
    if category in known or (not category and len(known) == 1):
        return provider.within(category or known[0])
    if not known:
        raise LinkRefused(f"{provider.name} has no accounts of {', '.join(request.categories)}.")
    told = f"has no accounts of category {category!r}" if category else "has accounts of several categories"
    raise LinkRefused(f"{provider.name} {told}; name one of {', '.join(known)}.")


def _accepted(provider: Provider, values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Secret]]:
    try:
        settings, secrets = provider.accept(values)
    except errors.InvalidSettings as error:
        raise LinkRefused(f"{provider.name} cannot be linked like this: {error}.") from error
    return settings, {name: Secret(value) for name, value in secrets.items()}


def _refuse_address(provider: Provider, settings: Mapping[str, str]) -> None:
    """One that nobody said, or a private one: the kit refuses it as well; here it can be said which setting to give."""
    if provider.home:
        return
    where = provider.host_setting
    if where and not settings.get(where.name):
        raise LinkRefused(
            f"{provider.name} did not say where the account is, and nobody else did: it has no {where.name}."
            " Give it with a key; by OAuth, link again later."
        )
    url = urlsplit(fill(provider.base_url, settings))
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    if _is_private(host, port):
        raise LinkRefused(
            f"{host} leads into a private network, which is closed to linked accounts. If it is yours, add"
            f" the name or its range to ALLOW_PRIVATE_HOSTS (for example ALLOW_PRIVATE_HOSTS={host}),"
            " restart, and link again."
        )


def _is_private(host: str, port: int) -> bool:
    try:
        connect.guard().targets(host, port)
    except Blocked:
        return True
    except OSError:
        return False  # a name that is not known is for the live call to report
    return False


def _replaced(
    provider: Provider, request: Request, settings: Mapping[str, str], identity: str | None
) -> LinkedAccount:
    """The linked account whose remote account is lost; raises LinkRefused where there is none, or it is not."""
    with transaction.atomic():
        account = _linked(provider, request)
    if account is None or provider.hosted:
        raise LinkRefused(
            f"{request.end_user_origin_id} has no account at {provider.name} that could be replaced; link it without."
        )
    known = identity, provider.check.formerly(settings, request.told)
    if identity is not None and account.remote_identity in known:
        raise LinkRefused(
            f"This credential opens {identity!r}, the very account that is linked: nothing is to be replaced."
            " Link it again without saying so; what is gone there is found by reading."
        )
    return account


def _refuse_other_kind(provider: Provider, request: Request) -> None:
    """Before the provider is asked, and anything of the account that is linked is touched."""
    with transaction.atomic():
        account = _linked(provider, request)
    try:
        if account is not None:
            accounts.refuse_other_kind(account, is_test=request.is_test)
    except accounts.OtherKind as error:
        raise LinkRefused(str(error)) from error


def _refuse_unfinished(provider: Provider, request: Request) -> None:
    """Records that are read before all ids of an import are here would have other ids for ever."""
    with transaction.atomic():
        account = _linked(provider, request)
        if account is not None and imported_ids.is_unfinished(account.id):
            raise LinkRefused(
                f"Ids of {account} are still to be imported, and records that were read now would have others. Run"
                f" manage.py import_merge to its end, or do without the rest of them: --give-up {account.id}."
            )


def _linked(provider: Provider, request: Request) -> LinkedAccount | None:
    return accounts.linked(
        category=provider.category,
        integration=provider.slug,
        end_user_origin_id=request.end_user_origin_id,
    )


def _names(account: LinkedAccount) -> tuple[str, ...]:
    return tuple(bridge.name or str(bridge.id) for bridge in replacing.bridges_of(account))


def _other_remote(error: accounts.OtherRemoteAccount, account: LinkedAccount | None) -> LinkRefused:
    """Why a credential of another account is refused, and what hangs on the account that is linked."""
    names = _names(account) if account else ()
    ended = f" Deleting the link instead would end its bridges for good: {', '.join(names)}." if names else ""
    return LinkRefused(f"{error}{ended}")


def _store(
    provider: Provider,
    request: Request,
    settings: Mapping[str, str],
    secrets: Mapping[str, Secret],
    identity: str | None,
) -> tuple[LinkedAccount, Secret, bool]:
    try:
        return accounts.link(
            category=provider.category,
            integration=provider.slug,
            end_user_origin_id=request.end_user_origin_id,
            end_user_organization_name=request.end_user_organization_name,
            end_user_email_address=request.end_user_email_address,
            settings=settings,
            credential=secrets,
            remote_identity=identity,
            former_identity=provider.check.formerly(settings, request.told),
            is_test=request.is_test,
            replaces_remote_account=request.replaces_remote_account,
            is_renamed=request.is_renamed,
        )
    except accounts.OtherKind as error:  # linked while the provider was asked
        raise LinkRefused(str(error)) from error
    except accounts.OtherRemoteAccount as error:
        raise _other_remote(error, _linked(provider, request)) from error
