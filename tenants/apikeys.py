"""API keys: issued once, kept as a digest, recognised before the tenant is known, revocable at once."""

from __future__ import annotations

import os
import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from tenants import audit, door
from tenants.events import EventType
from tenants.models import ApiKey
from tenants.scope import current_tenant, scope
from tenants.tokens import Prefix, digest, new_token
from tenants.vault import Randomness, Secret

DOOR = "api key"
_PREFIXES = {ApiKey.Kind.PRODUCTION: Prefix.PRODUCTION_KEY, ApiKey.Kind.TEST: Prefix.TEST_KEY}

_ISSUED = {
    ApiKey.Kind.PRODUCTION: EventType.CREATED_REMOTE_PRODUCTION_API_KEY,
    ApiKey.Kind.TEST: EventType.CREATED_TEST_API_KEY,
}
_REVOKED = {
    ApiKey.Kind.PRODUCTION: EventType.DELETED_REMOTE_PRODUCTION_API_KEY,
    ApiKey.Kind.TEST: EventType.DELETED_TEST_API_KEY,
}

#: `last_used_at` is this exact, so that a busy key does not write with each request.
NOTED_EVERY = timedelta(minutes=1)


class NoSuchKey(ValueError):
    """The tenant has no key of this name and kind."""


class NameTaken(ValueError):
    """The tenant has a key of this name and kind."""


class MayNotReadSensitive(PermissionError):
    """A key that may read sensitive fields is replaced by one that may read them too, or by nobody."""


def issue(
    name: str,
    kind: str = ApiKey.Kind.PRODUCTION,
    *,
    may_read_sensitive: bool = False,
    randomness: Randomness = os.urandom,
) -> tuple[ApiKey, Secret]:
    """A new key of the tenant in scope, with its text, which is shown now and never again.

    kind: `production` or `test`; ValueError for any other. may_read_sensitive: it opens sensitive fields, too.
    """
    text = new_token(_PREFIXES[ApiKey.Kind(kind)], randomness)
    with transaction.atomic():
        key: ApiKey = ApiKey.objects.create(
            name=name,
            kind=kind,
            may_read_sensitive=may_read_sensitive,
            digest=digest(DOOR, text),
            hint=text.reveal()[-4:],
        )
        door.open_door(DOOR, text, reference=key.id)
        audit.record(
            "api_key.issued",
            subject=str(key.id),
            event_type=_ISSUED[ApiKey.Kind(kind)],
            name=name,
            kind=str(kind),
            may_read_sensitive=may_read_sensitive,
        )
    return key, text


def issue_first(name: str, kind: str) -> tuple[ApiKey, Secret]:
    """A new key under a name that no other of its kind has; NameTaken if one has. Who asks at the same time waits."""
    with transaction.atomic():
        same = "\x1f".join([DOOR, str(current_tenant()), kind, name])
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [same])
        if in_force(name, kind).exists():
            raise NameTaken("there is a key of this name; regenerate it, or choose another name")
        return issue(name, kind)


def in_force(name: str, kind: str) -> QuerySet[ApiKey]:
    """The keys of the tenant in scope that have this name and kind, and are not revoked."""
    found: QuerySet[ApiKey] = ApiKey.objects.filter(name=name, kind=kind, revoked_at=None)
    return found


def replace(
    name: str, by: ApiKey, *, now: datetime | None = None, randomness: Randomness = os.urandom
) -> tuple[ApiKey, Secret]:
    """A new key in the place of all that have this name, and the kind of the one that asks for it; these end at once.

    It may read what each of them may. Raises NoSuchKey if none has the name, and MayNotReadSensitive where one of them
    may read what `by` may not.
    """
    kind = by.kind
    with transaction.atomic():
        former = list(in_force(name, kind).select_for_update().order_by("id"))
        if not former:
            raise NoSuchKey(f"There is no {kind} key named {name!r}.")
        if any(key.may_read_sensitive for key in former) and not by.may_read_sensitive:
            raise MayNotReadSensitive(
                f"The key named {name!r} may read sensitive fields, the one that asks to replace it may not. Ask with"
                " one that may, made with `manage.py tenant key create TENANT --may-read-sensitive`."
            )
        for key in former:
            revoke(key, now=now)
        sensitive = all(key.may_read_sensitive for key in former)
        key, text = issue(name, kind, may_read_sensitive=sensitive, randomness=randomness)
        if kind == ApiKey.Kind.PRODUCTION:
            event_type = EventType.REGENERATED_PRODUCTION_API_KEY
            audit.record("api_key.replaced", subject=str(key.id), event_type=event_type, name=name)
    return key, text


def authenticate(text: str | Secret, *, now: datetime | None = None) -> tuple[uuid.UUID, ApiKey] | None:
    """The tenant and the key of this text; None if unknown or revoked. Opens a scope of its own."""
    now = now or timezone.now()
    entered = door.enter(DOOR, text if isinstance(text, Secret) else Secret(text), now=now)
    if entered is None:
        return None
    with scope(entered.tenant_id), transaction.atomic():
        key: ApiKey | None = ApiKey.objects.filter(pk=entered.reference, revoked_at=None).first()
        if key is None:
            return None
        note_use(key, now)
    return entered.tenant_id, key


def note_use(key: ApiKey, now: datetime) -> None:
    """Note that a key of the tenant in scope was used, once a minute."""
    if is_to_note(key, now):
        key.last_used_at = now
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)


def is_to_note(key: ApiKey, now: datetime) -> bool:
    """Whether the use of a key at this moment is to be noted."""
    return key.last_used_at is None or now - key.last_used_at >= NOTED_EVERY


def revoke(key: ApiKey, *, now: datetime | None = None) -> None:
    """End a key of the tenant in scope: its next request is refused. Revoking again changes nothing."""
    moment = now or timezone.now()
    with transaction.atomic():
        changed = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=moment)
        door.close_doors(key.pk)
        if changed:
            key.revoked_at = moment
            event_type = _REVOKED[ApiKey.Kind(key.kind)]
            audit.record("api_key.revoked", subject=str(key.pk), event_type=event_type, name=key.name)
