"""`manage.py rotate_keys`: bring every tenant's key under the newest master key; make new keys."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from tenants import giveup, rekey, rotation
from tenants.masters import master_keys, source
from tenants.rotation import Shut
from unified_api.management.answering import AnsweringCommand, Document, table, tenant_id
from unified_api.management.keys import require_master_keys
from unified_api.serve.home import MASTER, new_master_key, put_on_top

REASON = "manage.py rotate_keys"
#: Seconds between two lines that tell how it goes.
TELL_EVERY = 2.0

HELP = """Bring the key of every tenant under the newest master key, the first line of MASTER_KEYS, while everything
goes on being served. A run that ended half-way is gone on with by the next. See docs/operations.md, Rotating keys.
"""


class Command(AnsweringCommand):
    """Re-wraps keys, and says which master keys are not used any more."""

    help = HELP
    called = "rotate_keys"

    def take(self, parser: CommandParser) -> None:
        """What to rotate, or which key to make."""
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--dry-run", action="store_true", help="only show what is under which master key")
        what.add_argument(
            "--generate", action="store_true", help="only print a line for MASTER_KEYS with a fresh key"
        )
        what.add_argument(
            "--new-key",
            action="store_true",
            help="embedded mode: first put a fresh master key on top of the ring",
        )
        what.add_argument(
            "--tenant-keys",
            action="store_true",
            help="also give tenants new keys of their own, and seal every secret anew",
        )
        what.add_argument(
            "--give-up",
            metavar="KEY_ID",
            help="erase what is sealed under this master key, which is lost for good; accounts are to be linked again",
        )
        parser.add_argument("--tenant", metavar="T", help="with --tenant-keys: only this one, by name or id")
        parser.add_argument(
            "--older-than",
            metavar="MOMENT",
            type=_moment,
            help="with --tenant-keys: only keys made before, as 2026-01-31T12:00:00Z; to go on with a run that ended",
        )

    def answer(self, **options: Any) -> Document:
        """Make a key, or show, or rotate."""
        if (options["tenant"] or options["older_than"]) and not options["tenant_keys"]:
            raise CommandError("--tenant and --older-than go with --tenant-keys.")
        if options["generate"]:
            return {"line": new_master_key(_fresh_id(datetime.now(UTC)))}
        if options["give_up"]:
            require_master_keys(self.called, may_lack=True)
            return _give_up(options["give_up"])
        require_master_keys(self.called)
        if options["dry_run"]:
            return _standing(rotation.in_use(f"{REASON} --dry-run"))
        made = _put_new_key() if options["new_key"] else None
        self._warn_of_a_new_one()
        done, shut = rotation.rotate(REASON, self._teller("re-wrapped"))
        document = {"new_key": made, "rewrapped": done}
        if options["tenant_keys"]:
            options["older_than"] = options["older_than"] or datetime.now(UTC)
            document["tenant_keys_since"] = options["older_than"].isoformat()
            shut += self._rekey(options["tenant"], options["older_than"])
        document |= _standing(rotation.in_use(REASON))
        return document | _failure(shut)

    def _rekey(self, tenant: str | None, moment: datetime) -> list[Shut]:
        wanted = [tenant_id(tenant)] if tenant else rekey.tenants(f"{REASON} --tenant-keys")
        self.progress(
            f"New keys for {_tenants(len(wanted))}. If this ends half-way, go on with --tenant-keys --older-than"
            f" {moment.isoformat()}"
        )
        return rekey.rekey_all(wanted, before=moment, told=self._teller("have a new key"))

    def _warn_of_a_new_one(self) -> None:
        newest = master_keys().primary.id
        if settings.MASTER_KEYS_FILE is None and newest not in rotation.in_use(REASON):
            self.progress(
                f"Nothing was under {newest} until now: a process whose MASTER_KEYS lacks it cannot read what comes"
                " under it. Every process has to be started with it beforehand."
            )

    def _teller(self, verb: str) -> rotation.Told:
        """Something that tells how it goes, now and then."""
        last = time.monotonic()

        def told(done: int, found: int) -> None:
            nonlocal last
            if time.monotonic() - last >= TELL_EVERY:
                last = time.monotonic()
                self.progress(f"{done} of {_tenants(found)} {verb}")

        return told

    def tell(self, document: Document) -> Iterable[str]:
        """How it stands, and what may be removed."""
        if "line" in document:
            return [document["line"]]
        if "given_up" in document:
            return [_given_up(document["given_up"], document["tenants"])]
        return _lines(document)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no moment; write it as 2026-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _fresh_id(now: datetime) -> str:
    """An id that no other key has had: it tells the second, since backups may need a key that was removed."""
    moment, known = now.strftime("k%Y%m%dT%H%M%SZ"), {key.id for key in master_keys()}
    ids = [moment, *(f"{moment}-{n}" for n in range(2, len(known) + 3))]
    return next(key_id for key_id in ids if key_id not in known)


def _give_up(key_id: str) -> Document:
    try:
        return {"given_up": key_id, "tenants": giveup.give_up(key_id, f"{REASON} --give-up {key_id}")}
    except giveup.StillThere as error:
        raise CommandError(str(error)) from error


def _given_up(key_id: str, number: int) -> str:
    if not number:
        return f"No tenant is under {key_id}, so there was nothing to give up."
    return f"Gave up {_tenants(number)} under {key_id}: their accounts are to be linked again."


def _put_new_key() -> str:
    if not settings.MASTER_KEYS_KEPT:
        raise CommandError(
            "MASTER_KEYS is given from outside, so its ring is not changed from here: make a line with"
            " `manage.py rotate_keys --generate`, and add it as docs/operations.md says (Rotating keys)."
        )
    fresh = _fresh_id(datetime.now(UTC))
    put_on_top(settings.HOME, MASTER, new_master_key(fresh))
    return fresh


def _standing(in_use: dict[str, int]) -> Document:
    ring = [key.id for key in master_keys()]
    return {
        "newest": ring[0],
        "tenants_by_master_key": in_use,
        "outdated": sum(number for key_id, number in in_use.items() if key_id != ring[0]),
        "needed": [key_id for key_id in ring if key_id in in_use or key_id == ring[0]],
        "removable": [key_id for key_id in ring[1:] if key_id not in in_use],
    }


def _failure(shut: list[Shut]) -> Document:
    if not shut:
        return {"shut": []}
    told = [{"tenant_id": str(each.tenant_id), "reason": each.reason} for each in shut]
    return {
        "shut": told,
        "failed": f"{_tenants(len(shut))} could not be brought under new keys; the others were.",
    }


def _lines(document: Document) -> Iterator[str]:
    if "rewrapped" in document:
        if document["new_key"]:
            yield f"New master key {document['new_key']}; running processes know it already."
        yield f"Re-wrapped the keys of {_tenants(document['rewrapped'])}."
    if "tenant_keys_since" in document and not document["shut"]:
        yield f"Tenants' own keys are from {document['tenant_keys_since']} or later."
    rows = document["tenants_by_master_key"].items()
    yield from table(
        [("MASTER KEY", "TENANTS"), *((key_id or "(damaged)", number) for key_id, number in rows)]
    )
    yield f"Newest: {document['newest']}. Under others: {_tenants(document['outdated'])}."
    yield from (f"{each['tenant_id']}: {each['reason']}" for each in document.get("shut", ()))
    if document["removable"]:
        yield (
            f"Not used any more: {', '.join(document['removable'])}. Once every process has {document['newest']} on"
            f" top, remove them from {source()}; keep them for as long as backups from before are kept."
        )


def _tenants(number: int) -> str:
    return f"{number} tenant" + ("" if number == 1 else "s")
