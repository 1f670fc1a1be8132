"""What the logs say when a step was not seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from demo.stage import Stage

#: Lines of a log that are shown from its end, lines before those that tell of trouble, and the characters of a line.
LAST, TROUBLE, WIDE = 8, 12, 400
#: How a log tells of trouble: Isthmus by its level, servers by a status, Python by the line that ends a traceback.
_TROUBLE = re.compile(
    r"\[(?:warning|error|critical)|\" [45]\d\d |^(?:\w+\.)*\w*(?:Error|Exception)\b|Traceback"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def of(stage: Stage) -> Iterator[str]:
    """Lines out of the logs of all that is on the stage, each log under its path."""
    servers = (stage.roundup, stage.desk)
    for path in (stage.isthmus.log, *(log for one in servers for log in (one.log, one.output))):
        yield f"\n{path}"
        yield from (f"  {line}" for line in excerpt(path))


def excerpt(path: Path) -> list[str]:
    """The last lines of a log, and before them the last that tell of trouble."""
    if not path.exists():
        return ["(there is none)"]
    lines = [_COLOUR.sub("", line)[:WIDE] for line in path.read_text(errors="replace").splitlines()]
    trouble = [line for line in lines[:-LAST] if _TROUBLE.search(line)]
    return [*trouble[-TROUBLE:], "…", *lines[-LAST:]] if lines else ["(it is empty)"]
