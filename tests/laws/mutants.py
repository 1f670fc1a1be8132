"""Breaks the engine on purpose, and sees whether a law notices: `python -m tests.laws.mutants`.

Each mutant replaces one piece of text in a copy of the engine; the laws run against the copy, then the tests by
example. Prints a line
per mutant and ends with 1 when one survived, or when a piece of text is no longer there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
ENGINE: Final = Path("unified_api") / "engine"
LAWS: Final = Path("tests") / "laws"
#: Tests by example, for what random histories meet too seldom.
SENTENCES: Final = Path("tests") / "unified_api" / "engine"


@dataclass(frozen=True)
class Mutant:
    """What is broken, in which file, and the text that is replaced."""

    told: str
    file: str
    old: str
    new: str


MUTANTS: Final = (
    Mutant(
        "news on one side is missed",
        "merge.py",
        "if not (moved.a or moved.b):",
        "if not (moved.a and moved.b):",
    ),
    Mutant(
        "one shared base", "merge.py", "_differs(field, held.b, base.b))", "_differs(field, held.b, base.a))"
    ),
    Mutant(
        "equality across sides is not seen",
        "merge.py",
        "if field.agree(held):",
        "if field.agree(held) and not held.a:",
    ),
    Mutant(
        "the loser wins",
        "merge.py",
        "return Side(field.winner), rule",
        "return Side(field.winner).other, rule",
    ),
    Mutant(
        "a conflict is not told",
        "merge.py",
        "return Take(source, rule, overrules=True)",
        "return Take(source, rule, overrules=False)",
    ),
    Mutant(
        "a lone edit counts as a conflict",
        "merge.py",
        "return Take(source, Rule.MOVED, overrules=False)",
        "return Take(source, Rule.MOVED, overrules=True)",
    ),
    Mutant(
        "first contact is not told",
        "merge.py",
        "return Take(source, rule, overrules=not blank(held[source.other]))",
        "return Take(source, rule, overrules=False)",
    ),
    Mutant(
        "a blank fills the filled side",
        "merge.py",
        "source = Side.A if blank(held.b) else Side.B",
        "source = Side.B if blank(held.b) else Side.A",
    ),
    Mutant(
        "a side without base has not moved",
        "merge.py",
        "return base is MISSING or not",
        "return base is not MISSING and not",
    ),
    Mutant(
        "the answer is news",
        "answer.py",
        "learnt.agree(move, sent.to, _spelling(one, move, got))\n    return learnt.close(pair)\n\n\ndef created",
        "learnt.agree(move, sent.to, move.value)\n    return learnt.close(pair)\n\n\ndef created",
    ),
    Mutant(
        "the whole answer is spelling",
        "answer.py",
        "learnt.agree(move, sent.to, _spelling(one, move, got))\n    return",
        "learnt.agree(move, sent.to, _spelling(one, move, got))\n"
        "    learnt.base[sent.to].update(event.values)\n    return",
    ),
    Mutant(
        "a refusal is not noticed",
        "answer.py",
        "if _old(one, move, got):\n            learnt",
        "if False:\n            learnt",
    ),
    Mutant("a refused field is sent for ever", "carry.py", "for refusal in refused:", "for refusal in ():"),
    Mutant(
        "a refusal holds for ever",
        "carry.py",
        "return tuple(one for one in refused if all(",
        "return refused or tuple(one for one in refused if all(",
    ),
    Mutant(
        "the source's base becomes the answer",
        "answer.py",
        "self.base[to.other][move.field] = move.source",
        "self.base[to.other][move.field] = answer",
    ),
    Mutant(
        "only the target gets a base", "answer.py", "self.base[to.other][move.field] = move.source", "pass"
    ),
    Mutant(
        "an overruled edit is told even if nothing was written",
        "answer.py",
        "learnt.refused.append(Refusal(sent.to, (move,), UNCHANGED))",
        "learnt.agree(move, sent.to, got)",
    ),
    Mutant(
        "what overrules is forgotten in the answer",
        "answer.py",
        "        if move.overrules:\n",
        "        if move.overrules and False:\n",
    ),
    Mutant(
        "a lost answer counts as written",
        "answer.py",
        "if event.landed is False or (presumed and not _news(one, move, got, sent.to)):",
        "if False:",
    ),
    Mutant(
        "a lost answer counts as not written",
        "answer.py",
        "presumed = third and event.landed is None",
        "continue\n        presumed = third",
    ),
    Mutant(
        "read back is spelling",
        "answer.py",
        "move.value if third or got is MISSING else got)",
        "move.value if got is MISSING else got)",
    ),
    Mutant(
        "a presumption is forgotten",
        "answer.py",
        "learnt.presumed += [move.field] if presumed else []",
        "pass",
    ),
    Mutant(
        "a presumption lasts for ever",
        "weigh.py",
        "presumed=tuple(tally.presumed))",
        "presumed=pair.presumed)",
    ),
    Mutant(
        "a second write leaves while one is in flight",
        "plan.py",
        "if pair.sent is not None:\n",
        "if pair.sent is not None and pair.state is State.CREATING:\n",
    ),
    Mutant(
        "an unsettled create is repeated",
        "plan.py",
        "else answer.unsettled(pair, sent)",
        "else answer.dropped(pair, sent, Dropped())",
    ),
    Mutant(
        "an unmapped word passes through", "policy.py", "        return UNMAPPED\n", "        return value\n"
    ),
    Mutant(
        "an unmapped word becomes nothing", "policy.py", "        return UNMAPPED\n", "        return None\n"
    ),
    Mutant(
        "words are translated the wrong way",
        "policy.py",
        "self.words[to].items()",
        "self.words[to.other].items()",
    ),
    Mutant(
        "a remote's other word is spelling",
        "policy.py",
        "free = self.words is None and isinstance(sent, str)",
        "free = isinstance(sent, str)",
    ),
    Mutant(
        "a create forgets what it could not carry",
        "birth.py",
        "            owed.append(one.name)\n",
        "            pass\n",
    ),
    Mutant(
        "a create carries what cannot be written",
        "birth.py",
        "elif one.name in terms.access[to].create:",
        "elif True:",
    ),
    Mutant("only one direction is paid", "plan.py", "for to in (Side.B, Side.A):", "for to in (Side.B,):"),
    Mutant(
        "directions are not heeded",
        "merge.py",
        "if writable[side] and field.direction.reaches(side)",
        "if writable[side]",
    ),
    Mutant(
        "agreed values are not remembered",
        "weigh.py",
        "tally.base[side][one.name] = now[side][one.name]",
        "pass",
    ),
    Mutant("refusals are lost in storage", "pair.py", 'for one in data["refused"]', "for one in ()"),
)

INI: Final = "[pytest]\naddopts = --import-mode=importlib\npythonpath = .\nfilterwarnings = error\n"


def killer(mutant: Mutant) -> str:
    """The law that fails on the mutant; empty when it survives."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for folder in (ENGINE, LAWS, SENTENCES):
            shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
        (root / "pytest.ini").write_text(INI, encoding="utf-8")
        file = root / ENGINE / mutant.file
        text = file.read_text(encoding="utf-8")
        if text.count(mutant.old) < 1:
            return f"NOT FOUND in {mutant.file}: {mutant.old!r}"
        file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        return _failing(root)


def _failing(root: Path) -> str:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:django",
        "-p",
        "no:cacheprovider",
        str(LAWS),
        str(SENTENCES),
    ]
    environment = {**os.environ, "HISTORIES": "2500"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split("::")[-1].split(" - ")[0] if failed else ""


def main() -> int:
    """Try all mutants, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(killer, MUTANTS))
    for mutant, law in zip(MUTANTS, outcomes, strict=True):
        sys.stdout.write(f"{mutant.told:55} {law or 'SURVIVED'}\n")
    return int(any(not law or law.startswith("NOT FOUND") for law in outcomes))


if __name__ == "__main__":
    sys.exit(main())
