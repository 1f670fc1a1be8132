"""Access tokens are renewed before they end, and when they are refused: by one worker at a time for each account.

    claim the account's job ─▶ is the stored token still the one at hand? ─▶ ask ─▶ store ─▶ use ─▶ give the job back
              └─ somebody else has it: wait for what that one stores

A refresh token may be good for one time only. So what an answer brings is stored before anybody uses it, over what was
sent and nothing else; and a worker that is cut off before leaves the token that it sent, which providers take once more
for a while. The token that was replaced is kept as long, for one that was lost the other way round.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction

from integrations.kit import errors
from integrations.kit.auth import OAuth2
from integrations.kit.provider import Provider
from integrations.kit.token_answers import Granted
from tenants.models import LinkedAccount, OAuthApplication
from tenants.vault import Secret
from unified_api import registry
from unified_api.sync import clock, connect, granting, issues, job
from unified_api.sync.models import Job

log = structlog.get_logger(__name__)
KIND: Final = "oauth renewal"
#: Seconds before its end from which on a token is not used any more.
LEEWAY: Final = 10.0
#: The same for one of which nobody knows how long it lasted: then it is renewed ahead.
AHEAD: Final = 300.0
#: Seconds that a worker waits for another one that renews, or where it is to be brief; and between two looks.
WAIT: Final = 25.0
BRIEFLY: Final = 5.0
LOOK: Final = 0.1
#: What is found wrong by a renewal that nobody waits for is looked at again after so many seconds.
LATER: Final = 600.0
Credential = Mapping[str, Secret]


class Renewal:
    """Renews the secrets of one account for one line: see `Connection.renew`."""

    def __init__(
        self, account: LinkedAccount, provider: Provider, auth: OAuth2, held: Credential, *, briefly: bool
    ) -> None:
        """briefly: asked for once, and waited for a few seconds."""
        self.account, self.provider, self.auth, self.held = account, provider, auth, held
        self.briefly = briefly

    def __call__(self) -> Credential:
        """Other secrets than those held; raises ProviderError. Outside of transactions."""
        ends = connect.OUTSIDE.monotonic() + (BRIEFLY if self.briefly else WAIT)
        while (found := self._renewed()) is None:
            if connect.OUTSIDE.monotonic() > ends:
                raise errors.RetryLater(
                    "another worker renews the access token, and has not ended", after=LEEWAY
                )
            connect.OUTSIDE.sleep(LOOK)
        self.held = found
        return found

    def fresh(self) -> Credential:
        """The secrets held, renewed if their token has ended or soon will."""
        return self() if self._has_ended() else self.held

    def due_in(self) -> float | None:
        """Seconds until the token is to be renewed; None for one that has no end, or cannot be renewed."""
        ends, renew_at = _moment(self.held, "expires_at"), _moment(self.held, "renew_at")
        if ends is None or not self._can_be_renewed:
            return None
        return (ends - AHEAD if renew_at is None else renew_at) - _now()

    @property
    def _can_be_renewed(self) -> bool:
        return not self.auth.is_dance or "refresh_token" in self.held

    def _has_ended(self) -> bool:
        ends = _moment(self.held, "expires_at")
        return ends is not None and self._can_be_renewed and ends - LEEWAY < _now()

    def _renewed(self) -> Credential | None:
        """What somebody stored meanwhile, or a renewal brings; None while somebody else is at it."""
        if (stored := self._stored_meanwhile()) is not None:
            return stored
        lease = _claimed(self.account)
        return None if lease is None else self.under(lease)

    def under(self, lease: job.Lease) -> Credential:
        """Renew under the lease of the account's job, which is given back."""
        failed, delay = True, job.backoff(lease.attempts)
        try:
            self.held = self._stored_meanwhile() or self._asked()
            failed = False
        except errors.RetryLater as error:
            delay = max(delay, error.after or 0.0)
            raise
        finally:
            if failed:
                _put_off(lease, delay)
        _give_back(lease, self.due_in())
        return self.held

    def _asked(self) -> Credential:
        try:
            return self._stored(*self._granted())
        except errors.NeedsReauthorisation:
            # Another worker may have sent the same token, if this one was held up for longer than a lease.
            if (stored := self._stored_meanwhile()) is not None:
                return stored
            raise
        except errors.RetryLater as error:
            # To who waits for something else than a token, nothing of that has happened.
            raise errors.RetryLater(
                f"the access token cannot be renewed now: {error}", after=error.after
            ) from error

    def _granted(self) -> tuple[Granted, OAuthApplication | None]:
        """What the provider grants, and to which application of the tenant's."""
        asking = granting.asking(
            self.provider, self.auth, self.account.settings, self.held, briefly=self.briefly
        )
        try:
            if not self.auth.is_dance:
                return asking.endpoint.by_client(asking.scopes), asking.application
            return self._refreshed(asking), asking.application
        except errors.ApplicationRefused as error:
            if asking.application is None:
                raise errors.NeedsReauthorisation(f"the account's own client is refused: {error}") from error
            _tell_of_application(asking.application.id, self.provider, error)
            raise

    def _refreshed(self, asking: granting.Asking) -> Granted:
        if "refresh_token" not in self.held:
            raise errors.NeedsReauthorisation("the access token is over, and there is none to renew it with")
        try:
            return asking.endpoint.refresh(self.held["refresh_token"].reveal())
        except errors.NeedsReauthorisation:
            if (
                "previous_refresh_token" not in self.held
                or (_moment(self.held, "previous_until") or 0) < _now()
            ):
                raise
            return asking.endpoint.refresh(self.held["previous_refresh_token"].reveal())

    def _stored(self, granted: Granted, application: OAuthApplication | None) -> Credential:
        """What was granted, once it is stored. A database that is away is waited for: nobody else has these tokens."""
        renewed, ends = self._with(granted), connect.OUTSIDE.monotonic() + WAIT
        told = _fit(self.provider, granted.told)
        while True:
            try:
                return self._store(renewed, told, application)
            except (OperationalError, InterfaceError):
                connection.close()
                if connect.OUTSIDE.monotonic() > ends:
                    raise
                connect.OUTSIDE.sleep(LOOK)

    def _store(
        self, renewed: dict[str, Secret], told: dict[str, str], application: OAuthApplication | None
    ) -> Credential:
        """Store it if what was held is still what is stored; else what is stored counts. The application is taken."""
        with transaction.atomic(durable=True):
            row = LinkedAccount.objects.select_for_update().get(id=self.account.id)
            is_mine = bool(row.sealed_credential) and row.credential() == self.held
            if is_mine:
                row.store_credential(renewed)
                row.settings = {**row.settings, **told}
                row.save(update_fields=["sealed_credential", "settings"])
            if application:
                issues.resolve(issues.APPLICATION, application.id)
        self.account.sealed_credential, self.account.settings = row.sealed_credential, row.settings
        log.info("oauth.renewed", linked_account=str(row.id), stored=is_mine)
        return renewed if is_mine else connect.credential_of(row)

    def _with(self, granted: Granted) -> dict[str, Secret]:
        now = connect.OUTSIDE.clock()
        told = {name: Secret(text) for name, text in granted.secrets(now).items()}
        kept = {name: value for name, value in self.held.items() if name not in _OF_ONE_TOKEN}
        before = self.held.get("refresh_token")
        if before is not None and "refresh_token" in told and told["refresh_token"] != before:
            kept["previous_refresh_token"] = before
            kept["previous_until"] = Secret(str(int(now.timestamp() + self.auth.grace)))
        return {**kept, **told}

    def _stored_meanwhile(self) -> Credential | None:
        """What is stored, if that is another token than the one held."""
        with transaction.atomic():
            row = LinkedAccount.objects.filter(id=self.account.id, deleted_at=None).first()
        if row is None:
            raise errors.NeedsReauthorisation("the account was deleted")
        stored = connect.credential_of(row)
        self.account.sealed_credential = row.sealed_credential
        return stored if stored.get("access_token") != self.held.get("access_token") else None


#: What is told anew with each token.
_OF_ONE_TOKEN: Final = frozenset(
    {"access_token", "expires_at", "renew_at", "previous_refresh_token", "previous_until"}
)


def of(
    account: LinkedAccount, provider: Provider, held: Credential, *, briefly: bool = False
) -> Renewal | None:
    """The renewal of an account's secrets; None where its tokens cannot be renewed."""
    auth = granting.oauth_for(provider, account.settings, held)
    return Renewal(account, provider, auth, held, briefly=briefly) if auth else None


def begin(account: LinkedAccount, provider: Provider, held: Credential) -> None:
    """Have the token of an account renewed ahead, within the transaction that links it."""
    renewal = of(account, provider, held)
    delay = renewal.due_in() if renewal else None
    if delay is not None:
        job.forget(KIND, account.id)  # of an earlier token
        job.ask(KIND, account.id, delay=max(delay, 0.0))


@contextmanager
def withheld(account: LinkedAccount, patience: float) -> Iterator[None]:
    """Let nobody renew the account's token inside; RetryLater where somebody is at it for so many seconds still."""
    ends = connect.OUTSIDE.monotonic() + patience
    while (lease := _claimed(account, at_once=True)) is None:
        if connect.OUTSIDE.monotonic() > ends:
            raise errors.RetryLater("another worker renews the token, and has not ended", after=LEEWAY)
        connect.OUTSIDE.sleep(LOOK)
    try:
        yield
    finally:
        _give_back(lease, None)


def work(lease: job.Lease, ends: float) -> None:  # noqa: ARG001 - one token is one slice
    """Renew the token of the account that the job names, if it is time."""
    try:
        account, renewal = _named_by(lease)
    except errors.RetryLater as error:
        _put_off(lease, error.after or LATER)
        return
    delay = renewal.due_in() if renewal else None
    if account is None or renewal is None or delay is None:
        _give_back(lease, None)
    elif delay > 0:
        _give_back(lease, delay)
    else:
        _renew_ahead(lease, account, renewal)


def _renew_ahead(lease: job.Lease, account: LinkedAccount, renewal: Renewal) -> None:
    try:
        renewal.under(lease)
    except errors.NeedsReauthorisation as error:
        connect.pause(account, str(error))
    except errors.ProviderError as error:
        log.warning("oauth.not_renewed", linked_account=str(account.id), error=type(error).__name__)


def _named_by(lease: job.Lease) -> tuple[LinkedAccount | None, Renewal | None]:
    with transaction.atomic():
        account = LinkedAccount.objects.filter(id=lease.reference, deleted_at=None).first()
    if account is None or account.status == connect.PAUSED_FOR_RELINK or not account.sealed_credential:
        return None, None
    try:
        return account, of(account, connect.adapter_of(account), connect.credential_of(account))
    except registry.UnknownIntegration:
        return account, None


def _claimed(account: LinkedAccount, *, at_once: bool = False) -> job.Lease | None:
    """The account's job, made where there is none; None while another worker has it.

    RetryLater after one that failed, unless at once: it is not repeated by each that waited, but when its time has
    come.
    """
    with transaction.atomic(durable=True):
        known = Job.objects.filter(tenant_id=account.tenant_id, kind=KIND, reference=account.id).first()
        if known is None:
            job.ask(KIND, account.id, delay=LATER)
        elif not at_once and known.attempts and not known.held and (rest := _seconds_until(known.due_at)) > 0:
            raise errors.RetryLater("the access token could not be renewed just now", after=rest)
        return job.claim(KIND, account.id)


def _give_back(lease: job.Lease, delay: float | None) -> None:
    """To be renewed again in so many seconds; None: when somebody asks."""
    with transaction.atomic(durable=True):
        if delay is None:
            job.finish(lease)
        else:
            job.again(lease, max(delay, 0.0))


def _put_off(lease: job.Lease, delay: float) -> None:
    with transaction.atomic(durable=True):
        job.put_off(lease, delay)


def _tell_of_application(application_id: uuid.UUID, provider: Provider, error: errors.ProviderError) -> None:
    told = (
        f"The OAuth application at {provider.name} is refused: {error}. Until its id and secret are corrected"
    )
    told += " (manage.py oauth_app set), tokens of accounts that were linked by it are not renewed."
    with transaction.atomic(durable=True):
        issues.open_issue(issues.APPLICATION, application_id, told)


def _fit(provider: Provider, told: Mapping[str, str]) -> dict[str, str]:
    """Settings that an answer told, as they are kept; what cannot be one is left as it was."""
    known = {setting.name: setting for setting in provider.settings}
    fit = {name: text for name, text in told.items() if name in known and known[name].fault(text) is None}
    return {name: known[name].canonical(text) for name, text in fit.items()}


def _moment(held: Credential, name: str) -> float | None:
    """Seconds since 1970, as a credential says them."""
    told = held[name].reveal() if name in held else ""
    return float(told[:18]) if told.isascii() and told.isdigit() else None


def _seconds_until(moment: dt.datetime) -> float:
    return (moment - clock.now()).total_seconds()


def _now() -> float:
    return connect.OUTSIDE.clock().timestamp()
