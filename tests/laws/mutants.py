"""Breaks the engine on purpose, and sees whether a law notices: `python -m tests.laws.mutants`.

Each mutant replaces one piece of text in a copy of the engine; histories are played against the copy, then the tests
by example and the properties run. Prints a line per mutant, and ends with 1 when one survived, or when a piece of text
is no longer there. With `--table` the table of docs/laws.md is written anew; with words, only mutants whose sentence
holds one of them run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.laws.mutation import Mutation
from tests.laws.mutations_asked import MUTATIONS as ASKED
from tests.laws.mutations_deciding import MUTATIONS as DECIDING
from tests.laws.mutations_learning import MUTATIONS as LEARNING

ROOT: Final = Path(__file__).resolve().parents[2]
ENGINE: Final = Path("unified_api") / "engine"
LAWS: Final = Path("tests") / "laws"
#: Tests by example, for what random histories do not meet.
SENTENCES: Final = Path("tests") / "unified_api" / "engine"
PAGE: Final = ROOT / "docs" / "laws.md"
HEAD: Final = "| what is broken | file | killed by |\n|---|---|---|\n"
MUTATIONS: Final = (*DECIDING, *LEARNING, *ASKED)
#: Fewer than the suite plays: what only some of 20,000 would notice is to be noticed by an example.
HISTORIES: Final = "800"
PROPERTIES: Final = ("test_order.py", "test_laws.py")
INI: Final = "[pytest]\naddopts = --import-mode=importlib\npythonpath = .\nfilterwarnings = error\n"
#: A slow machine is no failing test.
PROFILE: Final = (
    'import hypothesis\n\nhypothesis.settings.register_profile("calm", deadline=None)\n'
    'hypothesis.settings.load_profile("calm")\n'
)
GONE: Final = "NOT FOUND"


def killer(mutant: Mutation) -> str:
    """The law or test that notices the mutant; empty when it survives."""
    if mutant.old not in (ROOT / ENGINE / mutant.file).read_text(encoding="utf-8"):
        return f"{GONE} in {mutant.file}: {mutant.old!r}"
    with _broken(mutant, (ENGINE, LAWS, SENTENCES)) as root:
        (root / "pytest.ini").write_text(INI, encoding="utf-8")
        (root / "conftest.py").write_text(PROFILE, encoding="utf-8")
        return _noticed(root)


def law_broken(mutant: Mutation, histories: int) -> str:
    """The name of the first law that one of the first histories breaks against the mutant; empty when none does."""
    with _broken(mutant, (ENGINE, LAWS)) as root:
        played = _run(root, "tests.laws.play", "--first", str(histories))
    return played.stdout or played.stderr


@contextmanager
def _broken(mutant: Mutation, folders: Iterable[Path]) -> Iterator[Path]:
    """A copy of these folders, in which the engine is broken."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for folder in folders:
            shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
        file = root / ENGINE / mutant.file
        file.write_text(file.read_text(encoding="utf-8").replace(mutant.old, mutant.new), encoding="utf-8")
        yield root


def _noticed(root: Path) -> str:
    """A law that a history breaks, else a test that fails, examples first."""
    played = _run(root, "tests.laws.play", "--first", HISTORIES)
    if played.returncode or played.stdout:
        return f"law {played.stdout}" if not played.returncode else "an error in a history"
    options = ("-x", "-q", "-p", "no:django", "-p", "no:cacheprovider")
    tests = _run(root, "pytest", *options, str(SENTENCES), *(str(LAWS / name) for name in PROPERTIES))
    failed = [line for line in tests.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split("::")[-1].split(" - ")[0].partition("[")[0] if failed else ""


def _run(root: Path, module: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def rows(outcomes: Iterable[tuple[Mutation, str]]) -> str:
    """The table of the page."""
    return HEAD + "".join(f"| {one.told} | `{one.file}` | {test} |\n" for one, test in outcomes)


def main(words: list[str]) -> int:
    """Try the mutants, two at a time."""
    asked = [word for word in words if word != "--table"]
    chosen = [one for one in MUTATIONS if not asked or any(word in one.told for word in asked)]
    outcomes = []
    with ThreadPoolExecutor(2) as pool:
        for mutant, test in zip(chosen, pool.map(killer, chosen), strict=True):
            outcomes.append((mutant, test))
            sys.stdout.write(f"{mutant.told:50} {test or 'SURVIVED'}\n")
            sys.stdout.flush()
    alive = [one.told for one, test in outcomes if not test or test.startswith(GONE)]
    if "--table" in words and not (alive or asked):
        before, _head, _old = PAGE.read_text(encoding="utf-8").partition(HEAD)
        PAGE.write_text(before + rows(outcomes), encoding="utf-8")
    sys.stdout.write(f"{len(outcomes) - len(alive)} of {len(outcomes)} killed\n")
    return int(bool(alive))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
