"""What one observation does to one row: the order of observations, and the merge.

Pure: rows are dictionaries of columns, as read under lock.

- An observation that began before the row's answer arrived is late: it is dropped, and the record read by id.
- A list answer may lag: it is late as well when its remote version is lower, or when a write has not settled.
- Answers about one record (by id, or to a write) go by `as_of` alone.
- What an answer does not speak of stays as it is.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from integrations.kit.observation import Observation
from unified_api.models.base import CUSTOM, CommonModel, sensitive
from unified_api.models.sealed import revealed
from unified_api.sync import told

Row = dict[str, Any]
#: The column of custom fields.
_CUSTOM = CUSTOM.removesuffix(".")
_MAPPED = slice(0, 12)
_SOURCE = slice(12, 14)
_RAW = slice(14, 26)


def digest(observation: Observation, mapping_version: str, key: bytes = b"") -> bytes:
    """12 bytes of what the mapping makes of the answer, 2 of where it came from, 12 of it as the provider gave it.

    key: only who has it can find out by trying what was in an answer.
    """
    head = f"{mapping_version}\x1f{observation.shape}\x1f".encode()
    mapped = orjson.dumps(observation.values, option=orjson.OPT_SORT_KEYS, default=revealed)
    raw = orjson.dumps(observation.raw, option=orjson.OPT_SORT_KEYS)
    source = _hash(observation.path.encode(), _SOURCE)
    return _hash(head + mapped, _MAPPED, key) + source + _hash(raw, _RAW, key)


@dataclass(frozen=True)
class Arrival:
    """Observations as they are landed, with those inside them: all that can be found out before the store is locked.

    own: the models of the outer ones. groups: by model, each observation with its digest.
    """

    own: frozenset[type[CommonModel]]
    groups: dict[type[CommonModel], list[tuple[Observation, bytes]]]

    @classmethod
    def of(cls, observations: Iterable[Observation], mapping_version: str = "", key: bytes = b"") -> Arrival:
        """What arrived, in the order in which models come up. key: of digests of what has sensitive fields."""
        outer = list(observations)
        groups: dict[type[CommonModel], list[tuple[Observation, bytes]]] = defaultdict(list)
        for observation in told.flat(outer):
            keyed = key if sensitive(observation.model) else b""
            groups[observation.model].append((observation, digest(observation, mapping_version, keyed)))
        return cls(frozenset(o.model for o in outer), groups)


def comparable(row: Row, seen: bytes) -> bool:
    """Whether the row's digest, if it has one, is of an answer from the same place.

    A record that stands in a list of its own and inside other records is shown in two forms: neither is news beside
    the other.
    """
    known = row["digest"]
    return known is None or len(known) != len(seen) or bytes(known)[_SOURCE] == seen[_SOURCE]


def is_from(known: bytes, path: str) -> bool:
    """Whether a digest is of an answer from this path."""
    return bytes(known)[_SOURCE] == _hash(path.encode(), _SOURCE)


def by_what_is_kept(row: Row | None, observation: Observation) -> bool:
    """Whether only answers that are kept tell if this one shows more than its common fields: no digest does."""
    return row is not None and (observation.shape != "list" or row["digest"] is None)


def raw_moved(row: Row, observation: Observation, seen: bytes, kept: Mapping[str, Any]) -> bool:
    """Whether an answer differs from what the row shows in what the mapping does not cover.

    kept: by path the answers about the record, where no digest tells. The first one from a path is none of news, but
    for a list's: what an answer about one record has told since is shown before that of the list.
    """
    if by_what_is_kept(row, observation):
        others = [body for path, body in kept.items() if path != observation.path]
        is_list = observation.shape == "list" and others
        return observation.raw not in (others if is_list else [kept.get(observation.path, observation.raw)])
    known = row["digest"]
    if len(known) != len(seen):
        return False
    return comparable(row, seen) and bytes(known)[_RAW] != seen[_RAW]


def _hash(text: bytes, part: slice, key: bytes = b"") -> bytes:
    return hashlib.blake2b(text, digest_size=part.stop - part.start, key=key).digest()


def is_late(row: Row, observation: Observation, began: dt.datetime) -> bool:
    """Whether the row shows something newer than this observation; `began`: when its request left."""
    if row["is_shell"] or row["as_of"] == observation.arrived:  # the same answer may speak of a record twice
        return False
    if observation.started < row["as_of"]:
        return True
    if observation.shape != "list":
        return False
    unsettled = row["settled_at"] is not None and began < row["settled_at"]
    older = None not in {observation.version, row["remote_version"]} and (
        str(observation.version) < row["remote_version"]
    )
    return bool(unsettled or older)


def differences(row: Row | None, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Fields that the values change: name to [old, new]. Of what was not known before, nothing was replaced."""
    if row is None or row["is_shell"]:
        return {}
    return {name: [was, value] for name, value in values.items() if (was := held(row, name)) != value}


def held(row: Row, name: str) -> Any:
    """What a row has in a field, which may be a custom one."""
    if name.startswith(CUSTOM):
        return (row.get(_CUSTOM) or {}).get(name.removeprefix(CUSTOM))
    return row.get(name)


def columns(row: Row | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by column: custom fields beside those that the row has already."""
    plain = {name: value for name, value in values.items() if not name.startswith(CUSTOM)}
    if len(plain) == len(values):
        return plain
    custom = {name.removeprefix(CUSTOM): value for name, value in values.items() if name.startswith(CUSTOM)}
    return {**plain, _CUSTOM: {**((row or {}).get(_CUSTOM) or {}), **custom}}


def kind_of_change(row: Row | None) -> str:
    """How the log calls the landing of an observation on this row."""
    if row is None or row["is_shell"]:
        return "created"
    return "restored" if row["remote_was_deleted"] else "updated"


def landed(row: Row | None, observation: Observation, values: Mapping[str, Any], seen: bytes) -> Row:
    """The row after the observation; identity, stamps and tenant are the store's to fill."""
    is_list = observation.shape == "list"
    return {
        **(row or {"settled_at": None, **dict.fromkeys(sensitive(observation.model), b"")}),
        **columns(row, values),
        "remote_id": observation.remote_id,
        "remote_was_deleted": False,
        "is_shell": False,
        # A row that something else than its list answer changed must not pass for that answer's.
        "digest": seen if is_list else None,
        "as_of": observation.arrived,
        "remote_version": observation.version
        if observation.version is not None
        else (row or {}).get("remote_version"),
    }
