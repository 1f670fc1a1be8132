"""Who said what on which ticket, and what became of it on the other side.

Of the product it asks nothing but what that has stored.

Texts are unique, so what a comment says tells whose it is: of the one that held it on the other side, if a bridge made
it. What both sides edit in tickets is judged by the books of tickets; here it is judged that what is said stands on
the other side once, behind the right ticket, and that nothing stands there which nobody has said.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from tests.simulation.approved import Approved
from tests.simulation.belonging import told
from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.comments import Comments
from tests.simulation.remote import Cell, Row, State
from tests.simulation.stored import Stored, has_said, nothing
from unified_api.engine.policy import DeleteRule, Policy
from unified_api.engine.values import Side, Value


class Threads:
    """The books of the comments of one history. tickets: the books of what they belong to."""

    def __init__(self, policy: Policy, tickets: Bookkeeper, clock: Callable[[], float]) -> None:
        self.policy, self.tickets, self.clock = policy, tickets, clock
        self.remotes: dict[Side, Comments] = {}
        self.wrongs: list[str] = []
        self.told = tickets.told
        self.on_the_way = tickets.on_the_way
        self.since = float("inf")
        self.arrived = 0
        #: What a person has approved, where the bridge plans; None where it never had to ask.
        self.plan: Approved | None = None
        #: By a comment: the one that was made for it, or that it was made for.
        self.partner: dict[Row, Row] = {}
        #: By a comment that was made: for which one.
        self.made: dict[Row, Row] = {}
        self.stored: Stored = nothing
        #: Comments of which a write was not answered.
        self.doubts: set[Row] = set()
        #: Comments that have to be read back, and those that a worker wrote in what it is doing, by thread.
        self.unread: dict[Row, int] = {}
        self.written: dict[int, list[Row]] = defaultdict(list)

    # --- what people do ---------------------------------------------------------------------------------

    def number(self) -> int:
        """The number of a new edit."""
        return self.tickets.number()

    def text(self, form: str) -> str:
        """What nobody has said yet."""
        return form.format(self.number() + 100)

    def said(self, ticket: Row, body: str) -> Row:
        """Somebody says something on a ticket."""
        row = self.remotes[ticket.side].add({"body": Cell(body)}, whole=ticket)
        self.told.append(f"somebody says {body!r} on {told(ticket)}: {named(row)}")
        return row

    def edit(self, row: Row, body: str) -> None:
        """Somebody says it otherwise."""
        self.told.append(f"somebody makes {named(row)} say {body!r}")
        self.remotes[row.side].change(row, {"body": Cell(body)})

    def remove(self, row: Row) -> None:
        """Somebody takes it back."""
        self.told.append(f"somebody removes {named(row)}")
        self.remotes[row.side].remove(row)

    def approved(self, items: Iterable[tuple[Side, dict[str, Value]]]) -> None:
        """A person approves a plan."""
        self.told.append("somebody approves a plan of comments")
        if self.plan is not None:
            self.plan.items += [(side, _told(fields)) for side, fields in items]

    # --- what the product sees --------------------------------------------------------------------------

    def served(self, shown: Iterable[tuple[Row, State]]) -> None:
        """An answer has arrived."""
        for row, state in shown:
            self.told.append(f"{named(row)} is shown: {state.cells['body'].value!r}")
            if self.unread.get(row) == threading.get_ident():
                del self.unread[row]

    def unanswered(self, row: Row) -> None:
        """A write landed, and its answer did not arrive."""
        self.told.append(f"the answer about {named(row)} is lost")
        self.unread.pop(row, None)
        self.doubts.add(row)

    def broke_off(self, row: Row | None) -> None:
        """A worker gets no further with a comment."""
        if row is not None and row in self.written[threading.get_ident()]:
            self.unanswered(row)

    def silenced(self, thread: int) -> None:
        """A worker died, or somebody else has its job by now: the answers that it had do not count."""
        for row in self.written.pop(thread, []):
            self.unanswered(row)

    def forget(self, thread: int) -> None:
        """A worker is done: what it has not read back by now is as a lost answer."""
        self.written.pop(thread, None)
        for row in [row for row, reader in self.unread.items() if reader == thread]:
            self.unanswered(row)

    # --- what the product writes ------------------------------------------------------------------------

    def landed(
        self, row: Row, sent: Mapping[str, Value], stored: Mapping[str, Value], *, create: bool
    ) -> dict[str, Cell]:
        """A write arrives; what it says was said on the other side, on the counterpart of its ticket."""
        body = sent["body"]
        self.told.append(f"{named(row)} is {'created' if create else 'written'}: {body!r}")
        self.written[threading.get_ident()].append(row)
        self._note_arrival(row, sent)
        if self.remotes[row.side].manners.answers == "none":
            self.unread[row] = threading.get_ident()
        source = self.source(row, body)
        if source is None:
            self.wrongs.append(f"{named(row)} says {body!r}, which nobody has said on the other side")
        elif create:
            self._made_for(row, source)
        else:
            self._blame(
                self.partner.get(row, source) is not source, f"{named(row)} says what {named(source)} does"
            )
            self._join(row, source)
        return {"body": Cell(stored["body"])}

    def deleted(self, row: Row) -> None:
        """A delete arrives: its rule wants it, and the counterpart is gone."""
        self.told.append(f"{named(row)} is deleted")
        self._note_arrival(row, {})
        partner = self.partner.get(row)
        wanted = self.policy.deletes[row.side] is DeleteRule.PROPAGATE
        self._blame(not wanted, f"{named(row)} was deleted, which no rule wants")
        self._blame(
            partner is not None and not partner.now.gone,
            f"{named(row)} was deleted, and its counterpart is there",
        )

    def source(self, row: Row, body: Value) -> Row | None:
        """Who said this on the other side; where several did, on the counterpart of its ticket."""
        others = self.remotes[row.side.other].rows.values()
        found = [one for one in others if body in texts(one)]
        beside = [one for one in found if self._are_beside(one, row)]
        return next(iter(beside or found), None)

    def _made_for(self, row: Row, source: Row) -> None:
        before = self.partner.get(source)
        if before is not None and not self._is_unknowable(source, before):
            self._blame(
                not before.now.gone, f"a second counterpart of {named(source)} was made, {named(row)}"
            )
            rule, returned = self.policy.deletes[source.side], any(state.gone for _, state in source.past)
            restores = rule is DeleteRule.RESTORE or (rule is DeleteRule.PROPAGATE and returned)
            again = before.now.gone and not restores and not {before, source} & self.doubts
            self._blame(again, f"{named(source)} was made again, {named(row)}, which no rule wants")
        self._blame(
            not self._are_beside(row, source), f"{named(row)} was made for {named(source)}, of another ticket"
        )
        self.made[row] = source
        self._join(row, source)

    def _are_beside(self, one: Row, other: Row) -> bool:
        """Whether their tickets may be counterparts."""
        return bool(one.whole and other.whole and self.tickets.may_be_pair(one.whole, other.whole))

    def _join(self, one: Row, other: Row) -> None:
        self.partner[one], self.partner[other] = other, one

    def _is_unknowable(self, one: Row, other: Row) -> bool:
        """Whether nobody can know that the one was made for the other, or the other for the one."""
        both = [(one, other), (other, one)]
        return any(self.made.get(made) is row and self._is_unrecognisable(made) for made, row in both)

    def _is_unrecognisable(self, made: Row) -> bool:
        """Whether no answer came to its create, and it was edited before it was stored as it was made."""
        given = texts(made)[0]
        edited = made in self.doubts and given != texts(made)[-1]
        return edited and not has_said(self.stored(made), "body", given)

    def _note_arrival(self, row: Row, sent: Mapping[str, Value]) -> None:
        self.arrived += 1
        unasked = self.plan is not None and self.plan.forbids(row, sent)
        self._blame(unasked, f"{named(row)} was written, {dict(sent)}, which no approved plan shows")

    def _blame(self, wrong: bool, sentence: str) -> None:  # noqa: FBT001 - reads as: blame if
        if wrong:
            self.wrongs.append(sentence)


def texts(row: Row) -> list[Value]:
    """All that a comment ever said."""
    return [said for _, state in row.past if (said := state.cells["body"].value) is not None]


def named(row: Row) -> str:
    """A comment, in a word."""
    return f"comment {told(row)}"


def _told(fields: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in fields.items() if name == "body"}
