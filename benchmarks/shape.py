"""The shape of the code: lengths of functions and files, return types, and how much of it is tests.

Lines are those that hold more than a comment; a function's docstring does not lengthen it. Migrations, which are
generated, do not count.
"""

from __future__ import annotations

import ast
import io
import statistics
import tokenize
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Budget, Figure, report

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ("unified_api", "integrations", "tenants")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> None:
    """Measure the source; of the tests, only how long they are altogether."""
    files = list(_files(*SOURCE))
    functions = [function for path in files for function in _functions(path)]
    lengths = sorted(length for length, _ in functions)
    source, tests = sum(map(_lines, files)), sum(map(_lines, _files("tests")))
    longest = max(len(path.read_text().splitlines()) for path in files)
    untyped = sum(not typed for _, typed in functions)
    report(
        "shape",
        [
            Figure("functions", len(functions), ""),
            Figure("95% of functions are at most", lengths[int(len(lengths) * 0.95)], "lines"),
            Figure("source", source, "lines"),
            Figure("tests", tests, "lines"),
            Figure("tests by source", tests / source, "x"),
        ],
        [
            Budget("median function", statistics.median(lengths), "lines", most=8),
            Budget("longest function", lengths[-1], "lines", most=50),
            Budget("longest file, all lines", longest, "lines", most=400),
            Budget("functions without a return type", untyped, "", most=0),
        ],
    )


def _files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "migrations" not in path.parts)


def _functions(path: Path) -> Iterator[tuple[int, bool]]:
    """Length and whether it tells what it returns, of each function."""
    text = path.read_text()
    code = _code_lines(text)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            inside = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            yield sum(line in code for line in inside) - _docstring_lines(node), node.returns is not None


def _docstring_lines(node: Function) -> int:
    first = node.body[0]
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return (first.end_lineno or 0) - first.lineno + 1 if told and ast.get_docstring(node) else 0


def _lines(path: Path) -> int:
    return len(_code_lines(path.read_text()))


def _code_lines(text: str) -> set[int]:
    """Numbers of the lines that hold more than a comment."""
    skipped = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in skipped:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines


if __name__ == "__main__":
    main()
