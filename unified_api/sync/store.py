"""One way in: observations of a linked account become records, changes and shells, in one transaction.

    with entry(account_id) as store:        the account's advisory lock
        store.land(observations, cause)     digests first; differing rows are locked in id order and merged
        ...                                 the caller's own rows: cursor, write, job
                                            on leaving: the feed head, then one upsert a model, then the log

Work grows with what changed: a page on which nothing changed writes nothing. The rules for what is late and how
rows merge are in `landing`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from integrations.kit.observation import Observation
from tenants.scope import current_tenant
from unified_api.models.base import CUSTOM, CommonModel, model_id, referring, sensitive
from unified_api.sync import clock, feed, landing, moments, sealing, tables, told
from unified_api.sync.identity import Identities, Key
from unified_api.sync.models import Merged

_LOCK_ACCOUNT = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


@dataclass(frozen=True)
class Cause:
    """Why records change: `source` as in the change log, and the run or write behind it.

    shown_anew: records that are equal are told as well, as they could not be read before.
    """

    source: str
    run_id: uuid.UUID | None = None
    write_id: uuid.UUID | None = None
    shown_anew: bool = False


@dataclass
class Tally:
    """What came of the observations of one transaction, those of models that only stand inside others not counted.

    `late`: to be read by id; `ids`: of the records landed; both of all models.
    """

    seen: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    late: list[Key] = field(default_factory=list)
    ids: dict[Key, uuid.UUID] = field(default_factory=dict)
    nulls: Counter[str] = field(default_factory=Counter)


@dataclass
class _Entry:
    """What one transaction has gathered and not yet written."""

    rows: dict[type[CommonModel], dict[uuid.UUID, landing.Row]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    fresh: set[uuid.UUID] = field(default_factory=set)
    log: list[dict[str, Any]] = field(default_factory=list)
    shells: dict[Key, uuid.UUID] = field(default_factory=dict)
    raw: dict[str, dict[uuid.UUID, Any]] = field(default_factory=lambda: defaultdict(dict))
    kept: dict[uuid.UUID, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    confirmed: dict[type[CommonModel], dict[uuid.UUID, bytes]] = field(
        default_factory=lambda: defaultdict(dict)
    )


class Store:
    """The records of one linked account, within one transaction."""

    def __init__(self, linked_account_id: uuid.UUID, began: Callable[[int], dt.datetime] | None) -> None:
        self.linked_account_id = linked_account_id
        self._identities = Identities(linked_account_id)
        self._began = began
        self._entry = _Entry()
        self._sealing = sealing.Sealing()

    def adopt(self, model: type[CommonModel], remote_id: str, record: uuid.UUID, cause: Cause) -> None:
        """A record that was lost has been made again under another remote id: it stays the record that it was.

        What was read of it meanwhile, as of a stranger, gives way; its old remote id, should that come back, is another
        record from now on.
        """
        row = tables.locked(model, [record]).get(record)
        former = row["remote_id"] if row else None
        self._identities.learn([remote_id, *([former] if former else [])])
        stranger = self._identities.of(model, remote_id)
        if stranger != record:
            self.remove(model, [stranger], cause)
        self._identities.adopt(model, remote_id, record)
        if former is not None and former != remote_id:
            self._identities.adopt(model, former, uuid.uuid4())

    def land(self, observations: Iterable[Observation], cause: Cause, *, mapping_version: str = "") -> Tally:
        """Take in what the provider said; records that show something newer are left alone and named in `late`."""
        return self.take(landing.Arrival.of(observations, mapping_version, sealing.digest_key()), cause)

    def take(self, arrival: landing.Arrival, cause: Cause) -> Tally:
        """The same for what was looked at before this transaction began."""
        tally = Tally()
        embedded = Tally(late=tally.late, ids=tally.ids)
        self._identities.learn(told.names(o for group in arrival.groups.values() for o, _ in group))
        for model, group in arrival.groups.items():
            self._land_model(model, group, cause, tally if model in arrival.own else embedded)
        return tally

    def _land_model(
        self, model: type[CommonModel], group: Sequence[tuple[Observation, bytes]], cause: Cause, tally: Tally
    ) -> None:
        ids = [self._identities.of(model, o.remote_id) for o, _ in group]
        news = tables.news(model, ids, [digest for _, digest in group])
        # A list answer whose digest is the row's says nothing new; an answer about one record always goes on.
        differing = [
            at for at, (o, _) in enumerate(group) if at in news or o.shape != "list" or cause.shown_anew
        ]
        if model.wire.ignores:
            ignored = tables.ignored({ids[at] for at in differing})
            differing = [at for at in differing if ids[at] not in ignored]
        rows = tables.locked(model, sorted({ids[at] for at in differing if news.get(at, True)}))
        rows |= self._entry.rows[model]
        told = {ids[at] for at in differing if landing.by_what_is_kept(rows.get(ids[at]), group[at][0])}
        for record, path, body in tables.kept_raw(told):
            self._entry.kept[record].setdefault(path, body)
        for at in differing:
            observation, digest = group[at]
            self._merge(rows, ids[at], digest, observation, cause, tally)
        tally.ids.update(zip([(model, o.remote_id) for o, _ in group], ids, strict=True))
        tally.nulls.update([name for o, _ in group for name, value in o.values.items() if value is None])
        tally.seen += len(group)
        tally.unchanged += len(group) - len(differing)

    def _merge(
        self,
        rows: dict[uuid.UUID, landing.Row],
        record: uuid.UUID,
        seen: bytes,
        observation: Observation,
        cause: Cause,
        tally: Tally,
    ) -> None:
        row = rows.get(record)
        model = observation.model
        if row is not None and landing.is_late(row, observation, self._time_of(observation)):
            tally.late.append((model, observation.remote_id))
            return
        if observation.gone:
            tally.removed += self.remove(model, [record], cause)
            return
        if observation.merged_into is not None:
            self.merge(model, record, observation.merged_into, cause)
            return
        values = self._resolved(observation, record, row)
        changes = landing.differences(row, values)
        kind = landing.kind_of_change(row)
        if (
            row is not None
            and kind == "updated"
            and not changes
            and not cause.shown_anew
            and not landing.raw_moved(row, observation, seen, self._entry.kept[record])
        ):
            self._confirm(row, seen, observation)
            tally.unchanged += 1
            return
        if kind == "restored":
            Merged.objects.filter(record_id=record).delete()
        rows[record] = landing.landed(row, observation, values, seen)
        self._put(model, record, rows[record], kind, changes, cause)
        self._note_raw(record, observation)
        tally.added += kind == "created"
        tally.changed += kind != "created"

    def keep_raw(self, record: uuid.UUID, answer: Observation, cause: Cause) -> None:
        """Keep an answer as the provider gave it, whose common fields have landed: its other ones are news as well."""
        self._note_raw(record, answer)
        if record not in self._entry.rows[answer.model]:
            row = tables.locked(answer.model, [record])[record]
            news = {**row, "digest": None, "as_of": answer.arrived}
            self._put(answer.model, record, news, "updated", {}, cause)

    def _confirm(self, row: landing.Row, seen: bytes, observation: Observation) -> None:
        """Note an equal answer: a list's digest, or the moment until which the row is known to be good."""
        if observation.shape != "list":
            self._note_raw(row["id"], observation)
            tables.advance_as_of(observation.model, row["id"], observation.arrived)
        elif not landing.comparable(row, seen):
            self._note_raw(row["id"], observation)
        else:
            if (
                row["digest"] is None
            ):  # a write, or a read by id, has told more than the list's answer that is kept
                self._note_raw(row["id"], observation)
            self._entry.confirmed[observation.model][row["id"]] = seen

    def _note_raw(self, record: uuid.UUID, observation: Observation) -> None:
        if observation.raw is not None:
            self._entry.raw[observation.path][record] = observation.raw
            self._entry.kept[record][observation.path] = observation.raw

    def remove(self, model: type[CommonModel], ids: Iterable[uuid.UUID], cause: Cause) -> int:
        """Mark records as deleted by the remote, and keep them; how many were not yet."""
        rows = tables.locked(model, sorted(ids)) | self._entry.rows[model]
        gone = [
            (i, r) for i in ids if (r := rows.get(i)) and not r["remote_was_deleted"] and not r["is_shell"]
        ]
        # Answers to requests that left before now may still show the records: these are late.
        mark = {"remote_was_deleted": True, "digest": None, "as_of": moments.Moments().draw()} if gone else {}
        for record, row in gone:
            self._put(model, record, {**row, **mark}, "deleted", {}, cause)
        return len(gone)

    def remove_remote(
        self, model: type[CommonModel], remote_id: str, cause: Cause, *, asked: int, into: str | None = None
    ) -> bool:
        """Mark a record as deleted that the provider does not know by its id; False if it was seen since we asked.

        into: the provider's id of the record that it was merged into.
        """
        self._identities.learn([remote_id])
        record = self._identities.of(model, remote_id)
        row = tables.locked(model, [record]).get(record)
        if row is not None and row["remote_id"] not in {None, remote_id}:
            return True  # it has been made again under another id, which nobody asked about
        if row is not None and not row["remote_was_deleted"] and row["as_of"] > asked:
            return False
        self.merge(model, record, into, cause) if into else self.remove(model, [record], cause)
        return True

    def merge(self, model: type[CommonModel], record: uuid.UUID, into: str, cause: Cause) -> None:
        """The provider has merged a record into the one that it knows as `into`: it is deleted, and that on record."""
        if self.remove(model, [record], cause):
            told = {"linked_account_id": self.linked_account_id, "model": model_id(model)}
            Merged.objects.update_or_create(
                record_id=record, defaults={**told, "into_id": self.refer(model, into)}
            )

    def blank(self, model: type[CommonModel], record: uuid.UUID, cause: Cause) -> None:
        """Leave nothing of a record but its id."""
        row = tables.locked(model, [record])[record]
        kept = {name: row[name] for name in ("id", "created_at", "remote_was_deleted")}
        sealed = dict.fromkeys(sensitive(model), b"")
        blank = {**dict.fromkeys(row), **sealed, **kept, "is_shell": True, "as_of": moments.Moments().draw()}
        self._put(model, record, blank, "deleted", {}, cause)

    def forget(self, model: type[CommonModel], ids: Iterable[uuid.UUID], name: str, cause: Cause) -> None:
        """Take a custom field out of records."""
        target = name.removeprefix(CUSTOM)
        for record, row in tables.locked(model, sorted(ids)).items():
            known = dict(row["field_mappings"] or {})
            if target in known:
                gone = {name: [known.pop(target), None]}
                self._put(
                    model, record, {**row, "field_mappings": known, "digest": None}, "updated", gone, cause
                )

    def record_of(self, model: type[CommonModel], remote_id: str) -> uuid.UUID:
        """The id of the record that the provider knows as `remote_id`, whether there is one or not."""
        self._identities.learn([remote_id])
        return self._identities.of(model, remote_id)

    def refer(self, model: type[CommonModel], remote_id: str) -> uuid.UUID:
        """The same, with a shell for a record that is not known yet."""
        self._identities.learn([remote_id])
        return self._shell(model, remote_id)

    def settle(self, model: type[CommonModel], record: uuid.UUID, lag: float) -> None:
        """Distrust list answers about this record for so many seconds: it was just seen as it is, and lists lag."""
        if lag:
            self.flush()
            tables.set_settled(model, record, clock.now() + dt.timedelta(seconds=lag))

    def settle_news(self, tally: Tally, model: type[CommonModel], remote_id: str, lag: float) -> None:
        """The same if the answer about this record said anything new; else lists are as far behind as they were."""
        if tally.added or tally.changed:
            self.settle(model, tally.ids[model, remote_id], lag)

    def _put(
        self,
        model: type[CommonModel],
        record: uuid.UUID,
        row: landing.Row,
        kind: str,
        changes: dict[str, list[Any]],
        cause: Cause,
    ) -> None:
        logged = {name: told for name, told in changes.items() if name not in sensitive(model)}
        row |= {"id": record, "tenant_id": current_tenant(), "linked_account_id": self.linked_account_id}
        self._entry.rows[model][record] = row
        if kind == "created":
            self._entry.fresh.add(record)
        self._entry.log.append(
            {
                "model": model_id(model),
                "record_id": record,
                "kind": kind,
                "fields": logged,
                "source": cause.source,
                "run_id": cause.run_id,
                "write_id": cause.write_id,
            }
        )

    def _resolved(
        self, observation: Observation, record: uuid.UUID, row: landing.Row | None
    ) -> dict[str, Any]:
        """The values with ids in place of remote ids, and what is sensitive sealed.

        What they name is noted as a shell, should it be unknown.
        """
        values = dict(observation.values)
        for name, field_ in referring(observation.model).items():
            if (named := values.get(name)) is not None:
                values[name] = told.replaced(field_, named, observation.values, self._named)
        for name in sensitive(observation.model):
            if name in values:
                values[name] = self._sealing.column(observation.model, name, record, row, values[name])
        return values

    def _named(self, to: str, remote: Any) -> uuid.UUID:
        return self._shell(tables.model_of(to), str(remote))

    def _shell(self, model: type[CommonModel], remote_id: str) -> uuid.UUID:
        record = self._identities.of(model, remote_id)
        self._entry.shells[model, remote_id] = record
        return record

    def _time_of(self, observation: Observation) -> dt.datetime:
        return self._began(observation.started) if self._began else dt.datetime.max.replace(tzinfo=dt.UTC)

    def flush(self) -> None:
        """Write everything gathered. The feed head is taken here, after all merging."""
        entry, self._entry = self._entry, _Entry()
        known = set().union(*entry.rows.values()) if entry.rows else set()
        for model, seen in entry.confirmed.items():
            tables.note_digests(model, {record: d for record, d in seen.items() if record not in known})
        shells = {key: record for key, record in entry.shells.items() if record not in known}
        shells = tables.unknown(shells) if shells else {}
        span = feed.advance(len(entry.log)) if entry.log or shells else None
        if span is not None:
            tables.insert_shells(self.linked_account_id, shells, span.stamp)
            changed = {one["model"] for one in entry.log} | {model_id(model) for model, _ in shells}
            self._stir_bridges(frozenset(changed))
            if span.is_told and entry.log:
                _stir_hooks()
        if entry.log or entry.raw:
            self._write(entry, span)

    def _write(self, entry: _Entry, span: feed.Span | None) -> None:
        """Send all that is left to do: Postgres works on one statement while the next is being prepared."""
        with tables.at_once():
            if span is not None:
                for model, rows in entry.rows.items():
                    tables.upsert(model, [_stamped(row, span.stamp, entry.fresh) for row in rows.values()])
                tables.append_log(self.linked_account_id, entry.log, span)
            for path, raw in entry.raw.items():
                tables.keep_raw(self.linked_account_id, path, raw)

    def _stir_bridges(self, models: frozenset[str]) -> None:
        from unified_api.sync.bridge.stirring import stir_after_commit

        stir_after_commit(self.linked_account_id, models)


def _stir_hooks() -> None:
    from unified_api.events import outbox

    outbox.stir_after_commit()


@contextmanager
def entry(
    linked_account_id: uuid.UUID, *, began: Callable[[int], dt.datetime] | None = None
) -> Iterator[Store]:
    """A transaction on one account's records. `began` tells when the request with a `started` moment left."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute(_LOCK_ACCOUNT, [str(linked_account_id)])
        store = Store(linked_account_id, began)
        yield store
        store.flush()


def _stamped(row: landing.Row, stamp: dt.datetime, fresh: set[uuid.UUID]) -> landing.Row:
    row["modified_at"] = stamp
    if row["id"] in fresh:
        row["created_at"] = stamp
    return row
