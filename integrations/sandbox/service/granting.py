"""OAuth 2 of the sandbox: who was allowed what, and the tokens for it. In the open transaction of its tenant.

    application ─▶ (who has the sandbox's key allows it) ─▶ code ─▶ access and refresh token ─▶ … ─▶ …

A refresh token is good once, and for a moment more in case its answer was lost. One that was replaced earlier is a
thief's, or its owner's: nobody knows, so the whole grant ends (RFC 9700, 4.14).
"""

from __future__ import annotations

import datetime as dt
import hmac
import os
import uuid
from typing import Final, NamedTuple

from django.db.models import Q

from integrations.kit.oauth import challenge
from integrations.sandbox.models import Sandbox, SandboxApplication, SandboxGrant
from integrations.sandbox.service import behaviour
from tenants import audit, door
from tenants.tokens import Prefix, digest, new_token
from tenants.vault import Randomness, Secret

APPLICATION: Final = "sandbox application"
CODE: Final = "sandbox code"
ACCESS: Final = "sandbox access token"
REFRESH: Final = "sandbox refresh token"
_SECRET: Final = "sandbox application secret"  # noqa: S105 - the kind of a digest
#: What a code, a refresh token, and one that was just replaced are good for.
CODE_LASTS: Final = dt.timedelta(minutes=1)
REFRESH_LASTS: Final = dt.timedelta(days=30)
GRACE: Final = dt.timedelta(minutes=10)


class Registered(NamedTuple):
    """A new application, and its secret."""

    application: SandboxApplication
    secret: Secret


class Tokens(NamedTuple):
    """What an application gets."""

    access: Secret
    refresh: Secret
    seconds: int


def register(redirect_uri: str, *, randomness: Randomness = os.urandom) -> Registered:
    """A new application of the tenant in scope."""
    secret = new_token(Prefix.SANDBOX, randomness)
    made = SandboxApplication(
        client_id=f"sandbox-{uuid.UUID(bytes=randomness(16), version=4)}",
        secret=digest(_SECRET, secret),
        redirect_uri=redirect_uri,
    )
    made.save(force_insert=True)
    door.open_door(APPLICATION, Secret(made.client_id), reference=made.id)
    return Registered(made, secret)


def is_proved(application: SandboxApplication, secret: Secret) -> bool:
    """Whether this is the application's secret."""
    return hmac.compare_digest(bytes(application.secret), digest(_SECRET, secret))


def allow(
    application: SandboxApplication,
    sandbox_id: uuid.UUID,
    bound_to: str,
    now: dt.datetime,
    *,
    randomness: Randomness = os.urandom,
) -> Secret:
    """Let an application in, as who has the key of the sandbox wants; the code for it."""
    grant = SandboxGrant(
        sandbox_id=sandbox_id, application_id=application.id, challenge=bound_to, created_at=now
    )
    grant.save(force_insert=True)
    code = new_token(Prefix.SANDBOX, randomness)
    door.open_door(CODE, code, reference=grant.id, expires_at=now + CODE_LASTS)
    audit.record("sandbox.allowed", subject=str(sandbox_id), application=application.client_id)
    return code


def exchange(
    application: SandboxApplication, code: Secret, verifier: str, redirect_uri: str, now: dt.datetime
) -> Tokens | None:
    """The first tokens, for a code; None where it is no good. It is used up, whoever brings it."""
    entered = door.enter(CODE, code, now=now)
    if entered is None or not door.use_up(CODE, code, now=now):
        return None
    grant = SandboxGrant.objects.filter(id=entered.reference, application_id=application.id).first()
    is_bound = grant is not None and hmac.compare_digest(grant.challenge, challenge(verifier))
    return _give(grant, now) if grant and is_bound and redirect_uri == application.redirect_uri else None


def refresh(application: SandboxApplication, token: Secret, now: dt.datetime) -> Tokens | None:
    """New tokens in the place of these; None where the token is no good. One that was replaced a while ago ends all."""
    entered = door.enter(REFRESH, token, now=now)
    mine = SandboxGrant.objects.filter(
        id=entered.reference if entered else None, application_id=application.id
    )
    grant: SandboxGrant | None = mine.select_for_update().first()
    if grant is None:
        return None
    shown = digest(REFRESH, token)
    if shown == bytes(grant.current):
        grant.replaced, grant.replaced_at = grant.current, now
    elif shown != bytes(grant.replaced) or grant.replaced_at is None or now - grant.replaced_at > GRACE:
        end(grant)
        return None
    return _give(grant, now)


def revoke(application: SandboxApplication, token: Secret) -> None:
    """End the grant of a token of either kind; nothing where it is of no grant of this application's."""
    for kind in (ACCESS, REFRESH):
        entered = door.enter(kind, token)
        mine = SandboxGrant.objects.filter(
            application_id=application.id, id=entered.reference if entered else None
        )
        for grant in mine:
            end(grant)


def sandbox_of(grant_id: uuid.UUID | None) -> uuid.UUID | None:
    """Which sandbox a token opens."""
    return SandboxGrant.objects.filter(id=grant_id).values_list("sandbox_id", flat=True).first()


def end(grant: SandboxGrant) -> None:
    """Nothing opens the sandbox by it any more."""
    if (
        SandboxGrant.objects.select_for_update().filter(id=grant.id).first()
    ):  # before its doors, as a renewal does
        door.close_doors(grant.id)
        SandboxGrant.objects.filter(id=grant.id).delete()
        audit.record("sandbox.grant_ended", subject=str(grant.sandbox_id))


def forget(application: SandboxApplication) -> None:
    """End an application, and all that it was allowed."""
    for grant in SandboxGrant.objects.filter(application_id=application.id):
        end(grant)
    door.close_doors(application.id)
    SandboxApplication.objects.filter(id=application.id).delete()


def end_all(sandbox: Sandbox) -> int:
    """End every grant of a sandbox, as its owner can at any time; how many there were."""
    grants = list(SandboxGrant.objects.filter(sandbox_id=sandbox.id))
    for grant in grants:
        end(grant)
    return len(grants)


def forget_unused(sandbox: Sandbox, now: dt.datetime) -> None:
    """End what was allowed and never asked for, and what nobody has renewed for as long as a refresh token is good."""
    unasked = Q(current=b"", created_at__lt=now - CODE_LASTS)
    unrenewed = Q(created_at__lt=now - REFRESH_LASTS) & (
        Q(replaced_at=None) | Q(replaced_at__lt=now - REFRESH_LASTS)
    )
    for grant in SandboxGrant.objects.filter(unasked | unrenewed, sandbox_id=sandbox.id):
        end(grant)


def _give(grant: SandboxGrant, now: dt.datetime) -> Tokens:
    door.close_doors(grant.id, expired=now)
    access, renewed = new_token(Prefix.SANDBOX), new_token(Prefix.SANDBOX)
    seconds = behaviour.shown(Sandbox.objects.get(id=grant.sandbox_id))["tokenSeconds"]
    door.open_door(ACCESS, access, reference=grant.id, expires_at=now + dt.timedelta(seconds=seconds))
    door.open_door(REFRESH, renewed, reference=grant.id, expires_at=now + REFRESH_LASTS)
    grant.current = digest(REFRESH, renewed)
    grant.save(update_fields=["current", "replaced", "replaced_at"])
    return Tokens(access, renewed, seconds)
