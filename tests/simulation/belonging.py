"""Which records belong together, and what is remembered of each.

The product knows no more than it has stored of what answers showed. Records find each other by their names, so the
counterpart of one is whoever was shown by a name of it; from the first write on, it is whom the value was taken from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.simulation.manners import FIELDS, TEXTS, default, normal, translated
from tests.simulation.remote import Cell, Remote, Row, State
from tests.simulation.stored import Stored, has_said, nothing
from unified_api.engine.policy import DeleteRule, Policy
from unified_api.engine.values import Side, Value


@dataclass
class Memory:
    """What is remembered of a record beside what its remote does: per field."""

    partner: Row | None = None
    #: The one that a create made it for.
    made_for: Row | None = None
    #: Edits that an answer has shown.
    shown: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    #: The newest state that an answer has shown.
    version: int = 0
    #: The value that an answer showed last.
    last: dict[str, Value] = field(default_factory=dict)
    #: When answers have shown it.
    moments: list[float] = field(default_factory=list)
    #: The names by which answers have shown it.
    names: set[Value] = field(default_factory=set)
    #: Edits that are taken into account by both sides, or stand on record.
    settled: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    #: The same, for certain: a write carried them over.
    sure: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    #: The value last agreed.
    agreed: dict[str, Value] = field(default_factory=dict)
    #: Whether the product has shown that it knows of the counterpart, by a write.
    bound: bool = False
    #: Fields that both sides were seen to say alike before the product has shown that it knows of the counterpart, and
    #: whether a round of the bridge that begins now finds them so.
    alike: dict[str, bool] = field(default_factory=dict)
    #: Fields of which a write was not answered: the product cannot know what became of it.
    doubts: set[str] = field(default_factory=set)


class Belonging:
    """Whose counterpart a record is, by what the product could know of it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        #: What the bridge was told before: what had left by then still arrives.
        self.former: list[Policy] = []
        self.remotes: dict[Side, Remote] = {}
        self.stored: Stored = nothing
        self.wrongs: list[str] = []
        self.told: list[str] = []
        #: The side whose records of low priority take no part.
        self.choosy: Side | None = None
        #: Since when that is so.
        self.choosy_since = float("-inf")
        #: Seconds within which a create follows the search before it, where nothing holds it up.
        self.prompt = float("inf")
        #: By a record that was lost: the one that was made in its place.
        self.remade: dict[Row, Row] = {}
        self._books: dict[Row, Memory] = defaultdict(Memory)

    def is_outside(self, row: Row, state: State | None = None) -> bool:
        """Whether a record takes no part, as it is now or was."""
        return row.side is self.choosy and (state or row.now).cells["priority"].value == "LOW"

    @property
    def policies(self) -> list[Policy]:
        """All that the bridge has been told; what left in time may go by any of it."""
        return [*self.former, self.policy]

    def of(self, row: Row) -> Memory:
        """What is remembered of a record."""
        return self._books[row]

    def maybe(self, row: Row) -> Row | None:
        """The counterpart of a record, or else the one record that answers have shown by a name of it."""
        if partner := self.of(row).partner:
            return partner
        others = self.remotes[row.side.other].rows.values()
        found = [other for other in others if self.of(other).names & self.of(row).names]
        return found[0] if len(found) == 1 and self.of(found[0]).partner is None else None

    def _source(self, row: Row, sent: Mapping[str, Value]) -> Row | None:
        """Where a write came from: the counterpart, or a namesake that was shown as one and held all of it.

        A counterpart that was removed before a bridge had met it may have been taken the place of.
        """
        partner = self.of(row).partner
        if self._is_paired(row):
            return partner
        found = [one for one in self._namesakes(row) if not self._is_paired(one)]
        found = [one for one in found if self.of(one).names & self.of(row).names] or found
        held = {one: [bool(self._writer(one, row.side, *each)) for each in sent.items()] for one in found}
        found = [one for one in found if all(held[one])] or [one for one in found if any(held[one])]
        if len(found) > 1:
            now = normal(self.of(row).last.get("name"))
            found = [one for one in found if normal(self.of(one).last.get("name")) == now]
        return found[0] if len(found) == 1 else partner

    def _find_source(self, made: Row, sent: Mapping[str, Value]) -> None:
        """The record whose counterpart was created; what had no reason to travel is agreed as it stands."""
        others = self.remotes[made.side.other].rows.values()
        named = [row for row in others if had(row, sent.get("name"))]
        free = [row for row in named if not self._is_paired(row) or self._lost_its_own(row)]
        self._blame(not named, f"{sent.get('name')!r} was created, which the other side never held")
        self._blame(bool(named) and not free, f"a second counterpart of {sent.get('name')!r} was created")
        self._blame(
            self._was_found(made, sent), f"{sent.get('name')!r} was created, which its search had shown"
        )
        self._blame(
            self._would_be_found(made, sent),
            f"{sent.get('name')!r} was created, which a search would have shown",
        )
        if len(free) > 1:  # no answer has shown the others by this name
            free = [row for row in free if normal(sent.get("name")) in self.of(row).names]
        if len(free) > 1:
            free = [row for row in free if not row.now.gone]
        if len(free) > 1:
            free = [row for row in free if all(self._writer(row, made.side, *each) for each in sent.items())]
        if len(free) != 1:
            return
        (source,) = free
        outside = all(self.is_outside(source, state) for _, state in source.past)
        self._blame(
            outside and self.choosy_since == float("-inf"),
            f"a counterpart of {told(source)} was created, which never took part",
        )
        if (lost := self.of(source).partner) is not None:
            self._part(lost) if self._is_unknowable(source) else self.remade.update({lost: made})
        self._pair(source, made)
        for name in FIELDS:
            cell = source.now.cells[name]
            if name not in sent and (normal(cell.value) is None or not self._reaches(name, made.side)):
                self._settle(source, name, cell.known)
                self.of(source).agreed[name], self.of(made).agreed[name] = cell.value, default(name)

    def _lost_its_own(self, row: Row) -> bool:
        """Whether the counterpart of a record is gone, and a rule has it made again."""
        partner = self.of(row).partner
        rules, returned = self._rules(row.side), any(state.gone for _, state in row.past)
        restores = DeleteRule.RESTORE in rules or (DeleteRule.PROPAGATE in rules and returned)
        return restores and partner is not None and partner.now.gone

    def _is_unknowable(self, row: Row) -> bool:
        """Whether nobody can know of its counterpart: one was made for the other, and cannot be recognised."""
        partner = self.of(row).partner
        both = [] if partner is None else [(row, partner), (partner, row)]
        return any(self.of(made).made_for is one and self._is_unrecognisable(made) for made, one in both)

    def _is_unrecognisable(self, made: Row) -> bool:
        """Whether no answer to its create came, it was renamed, and by the name it was given not it alone was stored.

        If it never was, nobody knows of it; if another free record was, too, a person has to tell which one it is.
        """
        given, now = (made.past[at][1].cells["name"].value for at in (1, -1))
        if normal(given) == normal(now) or not self.of(made).doubts:
            return False
        rows = self.remotes[made.side].rows.values()
        free = [row for row in rows if row is made or self.of(row).partner is None]
        return [row for row in free if has_said(self.stored(row), "name", given)] != [made]

    def _part(self, row: Row) -> None:
        """A record is on its own from now on, as one that somebody has made."""
        self.of(row).partner, self.of(row).bound = None, False

    def _was_found(self, made: Row, sent: Mapping[str, Value]) -> bool:
        """Whether the search before a create has shown a record that it doubles."""
        name = normal(sent.get("name"))
        return any(self._doubles(row, name) for row in self.remotes[made.side].found.get(str(name), []))

    def _would_be_found(self, made: Row, sent: Mapping[str, Value]) -> bool:
        """Whether a search would have shown one, had there been any: it was there since well before."""
        remote, name = self.remotes[made.side], normal(sent.get("name"))
        since = remote.clock() - remote.manners.search_lag - self.prompt
        return any(row.at(since) is not None and self._doubles(row, name) for row in remote.living())

    def _doubles(self, row: Row, name: Value) -> bool:
        """Whether it is free and has this name. One that was renamed may be paired by its old name, and is left out."""
        return (
            not row.now.gone
            and not self._is_paired(row)
            and not self._may_be_taken(row)
            and all(normal(state.cells["name"].value) == name for _, state in row.past)
        )

    def _may_be_taken(self, row: Row) -> bool:
        """Whether it may be the counterpart of another one by now, which was shown by its name as well."""
        others = self.remotes[row.side.other].rows.values()
        return sum(bool(self.of(other).names & self.of(row).names) for other in others) > 1

    def _is_paired(self, row: Row) -> bool:
        """Whether a record has a counterpart as far as the product can know; a removed one may never have been seen."""
        partner = self.of(row).partner
        if partner is None or self._is_unknowable(row):
            return False
        return not partner.now.gone or (self.of(row).bound and not self.of(row).doubts)

    def _pair(self, one: Row, other: Row) -> None:
        for mine in (self.of(one), self.of(other)):
            if not mine.bound:  # what no answer shows alike any more, and no round has met, never was agreed
                for name in [name for name, alike in mine.alike.items() if not alike]:
                    mine.agreed.pop(name, None)
        self.of(one).partner, self.of(other).partner = other, one
        self.of(one).bound = self.of(other).bound = True

    def is_new(self, row: Row, name: str) -> bool:
        """Whether the product may still meet this field for the first time.

        Both sides may have been seen alike in it before a bridge had looked at the two, and then it never knew.
        """
        mine = self.of(row)
        return name not in mine.agreed or (not mine.bound and name in mine.alike)

    def alike(self) -> list[tuple[Row, str]]:
        """The fields that a round of the bridge that begins now finds alike on both sides."""
        return [
            (row, name) for row, mine in self._books.items() for name, found in mine.alike.items() if found
        ]

    def met(self, fields: list[tuple[Row, str]]) -> None:
        """A round that found these fields alike has come to its end: they are agreed."""
        for row, name in fields:
            self.of(row).alike.pop(name, None)

    def may_be_pair(self, one: Row, other: Row) -> bool:
        """Whether two records can be counterparts: known as such, or shown by one name."""
        partner = self.of(one).partner
        return partner is other or (partner is None and bool(self.of(one).names & self.of(other).names))

    def _rules(self, side: Side) -> set[DeleteRule]:
        return {policy.deletes[side] for policy in self.policies}

    def _reaches(self, name: str, side: Side) -> bool:
        return self.policy.fields[name].direction.reaches(side)

    def _namesakes(self, row: Row) -> list[Row]:
        others = self.remotes[row.side.other].rows.values()
        names = {normal(state.cells["name"].value) for _, state in row.past}
        return [other for other in others if any(had(other, name) for name in sorted(names, key=str))]

    def _is_ambiguous(self, row: Row) -> bool:
        return len(self._namesakes(row)) != 0

    def _settle(self, row: Row, name: str, known: frozenset[int]) -> None:
        for one in (row, self.maybe(row)):
            if one is not None:
                self.of(one).settled[name] |= known

    def _writer(self, source: Row, to: Side, name: str, sent: Value) -> Cell | None:
        """The state of the source that the value was taken from, with all edits that it may have known."""
        cells = [state.cells[name] for _, state in source.past]
        exact = [cell for cell in cells if translated(name, cell.value, to) == sent]
        found = exact or [cell for cell in cells if normal(cell.value) == normal(sent) and name in TEXTS]
        if not found:
            return None
        return Cell(found[-1].value, frozenset[int]().union(*(cell.known for cell in found)))

    def _blame(self, wrong: bool, sentence: str) -> None:  # noqa: FBT001 - reads as: blame if
        if wrong:
            self.wrongs.append(sentence)


def had(row: Row, name: Value) -> bool:
    """Whether the record ever had this name."""
    return any(normal(state.cells["name"].value) == normal(name) for _, state in row.past)


def told(row: Row) -> str:
    """A record, in a word."""
    return f"{row.side}/{row.id}"
