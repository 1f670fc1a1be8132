"""A write on its way: what is known when it leaves, what it does at the remote, and what must be told of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.laws.fields import CELLS, FIELD, PARTS, composed, default, moved, normal, pieces
from tests.laws.ledger import Law, Ledger
from tests.laws.remote import Cell, Remote, Wire, fault, refusable, spelt
from unified_api.engine.events import (
    Answered,
    Create,
    Delete,
    Dropped,
    Event,
    Lost,
    Overruled,
    Push,
    Rejected,
)
from unified_api.engine.policy import DeleteRule
from unified_api.engine.values import Side, Value
from unified_api.engine.weigh import Access

__all__ = ["CELLS", "FIELD", "account", "composed", "inspect", "land", "meant", "wire"]
NOTHING = Cell(None)


def meant(wire: Wire) -> dict[str, Value]:
    """The cells that a write means to change, with what it writes there."""
    return {cell: move.value for cell, move in moved(wire.push)} if isinstance(wire.push, Push) else {}


def wire(push: Push | Delete, ledger: Ledger) -> Wire:
    """A write as it leaves."""
    if isinstance(push, Create) and push.restores:
        ledger.renew(push.to.other)
    source, target = ledger.mirror[push.to.other], ledger.mirror[push.to]
    here = source.cells if source else {}
    there = dict(target.cells) if target and not (target.gone and isinstance(push, Push)) else {}
    cells = [cell for cell, _move in moved(push)] if isinstance(push, Push) else []
    return Wire(
        push,
        {cell: here[cell].known for cell in cells},
        {cell: there.get(cell, NOTHING).known for cell in cells},
        ledger.remotes[push.to].read_at,
        dict(here),
        there,
    )


# --- when it leaves -------------------------------------------------------------------------------------


def inspect(wire: Wire, ledger: Ledger, access: Access, closed: frozenset[Side]) -> None:
    """Whether it may leave at all, and each of its cells."""
    push, to = wire.push, wire.push.to
    ledger.blame(Law.ALLOWED, to in closed, f"a write left for {to}, which is closed")
    outside = [side for side in Side if (seen := ledger.mirror[side]) and seen.outside and not seen.gone]
    ledger.blame(Law.ALLOWED, bool(outside), f"a write left for a record that {outside} does not want")
    if isinstance(push, Delete):
        _inspect_delete(push, ledger)
        return
    constants = ledger.policy.constants[to] if isinstance(push, Create) else {}
    names = set(push.fields) - set(constants)
    allowed = access.create if isinstance(push, Create) else access.update
    ledger.blame(Law.ALLOWED, not names <= allowed, f"{names} sent, only {sorted(allowed)} can be")
    lacking = set(constants) - set(push.fields)
    ledger.blame(Law.ALLOWED, bool(lacking), f"a record is made without {lacking}")
    against = [name for name in names if not ledger.policy.fields[name].direction.reaches(to)]
    ledger.blame(Law.ALLOWED, bool(against), f"{against} sent to {to} against its direction")
    if isinstance(push, Create) and push.restores:
        _inspect_restore(push, ledger)
    for cell, move in moved(push):
        ledger.judge(cell, move, to, wire)


def _inspect_restore(push: Create, ledger: Ledger) -> None:
    rule = ledger.policy.deletes[push.to.other]
    ledger.blame(Law.DELETED, rule is not DeleteRule.RESTORE, f"{push.to} is restored against the rule")
    for told in ledger.agreed.a, ledger.agreed.b:
        told.clear()
    ledger.doubts.clear()
    ledger.left.clear()
    ledger.parted.clear()


def _inspect_delete(push: Delete, ledger: Ledger) -> None:
    rule = ledger.policy.deletes[push.to]
    ledger.blame(Law.DELETED, rule is not DeleteRule.PROPAGATE, f"{push.to} is deleted against the rule")
    lost = ledger.mirror[push.to.other]
    ledger.blame(Law.DELETED, lost is None or not lost.gone, f"{push.to} is deleted, and nobody deleted")
    edited = unseen(ledger, push.to)
    ledger.blame(Law.DELETED, bool(edited), f"{push.to} is deleted with edits of {edited}")


def unseen(ledger: Ledger, left: Side) -> list[str]:
    """Cells of a survivor with an edit that its lost counterpart never took into account."""
    survivor, lost = ledger.mirror[left], ledger.mirror[left.other]
    if survivor is None or lost is None:
        return []
    return [
        cell
        for cell in ledger.cells
        if cell not in ledger.doubts
        and not _says_nothing(ledger, left, cell)
        and not survivor.cells[cell].known <= lost.cells[cell].known
        and not ledger.went_back(cell, left, survivor.cells[cell].value)
    ]


def _says_nothing(ledger: Ledger, left: Side, cell: str) -> bool:
    """Whether a cell is blank, and nothing was ever agreed of it: nobody could see that somebody emptied it."""
    seen = ledger.mirror[left]
    return (
        seen is not None and normal(cell, seen.cells[cell].value) is None and cell not in ledger.agreed[left]
    )


# --- when it lands --------------------------------------------------------------------------------------


def land(wire: Wire, ledger: Ledger) -> int:
    """What it does at the remote, and what that will answer; how many edits it overwrote unseen (rule 12)."""
    push, remote = wire.push, ledger.remotes[wire.push.to]
    if isinstance(push, Delete):
        wire.outcome = _delete(push, remote)
        return 0
    wire.outcome = fault(remote.manners, push)
    if isinstance(push, Create):
        return _create(wire, remote, ledger) if wire.outcome is None else 0
    if remote.gone or (remote.manners.conditional and remote.version != wire.version):
        wire.outcome = wire.outcome or Dropped()
    return _write(wire, remote, ledger) if wire.outcome is None else 0


def _delete(push: Delete, remote: Remote) -> Event:
    if not remote.lives:
        return Answered({})
    if remote.manners.clings:
        return Rejected("it is locked")
    if any(remote.values()[name] != value for name, value in push.expected.items()):
        return Dropped()
    remote.gone, remote.writes = True, remote.writes + 1
    return Answered({})


def _create(wire: Wire, remote: Remote, ledger: Ledger) -> int:
    to = wire.push.to
    ledger.blame(Law.SINGLE, remote.lives, "a second record was created")
    remote.creates += 1
    remote.gone = remote.outside = False
    remote.cells = {cell: Cell(default(cell, to)) for cell in ledger.cells}
    overwritten = _write(wire, remote, ledger)
    for cell, held in wire.source.items():
        if normal(cell, held.value) is None or not ledger.of(cell).direction.reaches(to):
            ledger.share(cell, to, held.known)
            ledger.agreed[to.other][cell], ledger.agreed[to][cell] = held.value, default(cell, to)
            ledger.left.add(cell)
    return overwritten


def _write(wire: Wire, remote: Remote, ledger: Ledger) -> int:
    push = wire.push
    assert remote.cells is not None
    assert isinstance(push, Push)
    remote.writes += 1
    remote.version += 1
    windows = 0
    for cell, value in meant(wire).items():
        if not (remote.manners.refusal == "silent" and refusable(value)):
            windows += _overwrite(wire, remote, ledger, cell, value)
    windows += _revert(wire, remote)
    terse = remote.manners.terse and not isinstance(push, Create)
    answered = push.fields if terse else remote.values()
    wire.outcome = Answered({name: remote.values()[name] for name in answered})
    return windows


def _revert(wire: Wire, remote: Remote) -> int:
    """A field with parts is written as a whole: what somebody did to its other parts meanwhile is gone."""
    assert remote.cells is not None
    assert isinstance(wire.push, Push)
    windows, means = 0, meant(wire)
    for name, value in wire.push.fields.items() if not isinstance(wire.push, Create) else ():
        for cell, told in pieces(name, value, wire.push.to).items() if name in PARTS else ():
            if cell not in means and normal(cell, remote.cells[cell].value) != normal(cell, told):
                remote.cells[cell] = wire.before[cell]
                windows += 1
    return windows


def _overwrite(wire: Wire, remote: Remote, ledger: Ledger, cell: str, value: Value) -> int:
    assert remote.cells is not None
    to, manners = wire.push.to, remote.manners
    held, create = remote.cells[cell], isinstance(wire.push, Create)
    late = manners.late and not create
    decided = manners.decides and value == "closed"
    stored = "waiting" if decided else value if late else spelt(manners, cell, value)
    unchanged = normal(cell, stored) == normal(cell, held.value)
    if (create and decided) or (unchanged and not create and held.known == wire.saw[cell]):
        remote.cells[cell] = replace(held, value=stored)
        return 0
    window = bool(held.known - wire.saw[cell] - wire.knows[cell]) and not unchanged
    wire.took.add(cell)
    for marks in (ledger.doubts, ledger.decided, ledger.left, ledger.parted):
        marks.discard(cell)
    ledger.decided |= {cell} if decided else set()
    remote.unspelt |= {cell} if late else set()
    known = held.known | wire.knows[cell]
    remote.cells[cell] = replace(held, value=stored, known=known | {ledger.number()} if decided else known)
    ledger.share(cell, to.other, known)
    ledger.agreed[to.other][cell] = wire.source[cell].value
    ledger.agreed[to][cell] = value if decided else stored
    return int(window)


# --- when it ends ---------------------------------------------------------------------------------------


def account(wire: Wire, outcome: Event, overruled: Iterable[Overruled], ledger: Ledger) -> None:
    """Whatever gave way was told, and nothing else."""
    told = {one.field for one in overruled}
    moves = dict(moved(wire.push)) if isinstance(wire.push, Push) else {}
    gave_way = {cell for cell, move in moves.items() if move.overrules}
    must = {FIELD[cell] for cell in gave_way & wire.took}
    unsure = isinstance(outcome, Lost) and not outcome.landed  # may say too much then, not too little
    most = {FIELD[cell] for cell in gave_way} if unsure else must
    ledger.blame(Law.KEPT, not must <= told <= most, f"{sorted(most)} gave way, told of {sorted(told)}")
    wrong = [one.field for one in overruled if one.side is not wire.push.to]
    ledger.blame(Law.KEPT, bool(wrong), f"{wrong}: overruled on the wrong side")
