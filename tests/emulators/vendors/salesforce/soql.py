"""SOQL, as far as it is asked here: fields of one kind of records, conditions, an order and a limit."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from tests.emulators.exchange import Refused
from tests.emulators.vendors.salesforce.common import eighteen, refusal
from tests.emulators.vendors.salesforce.fields import Field

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\\n]|\\.)*')|(?P<sign>[<>!]?=|[<>(),])|(?P<word>[A-Za-z0-9_.:+-]+))""",
    re.VERBOSE,
)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}
_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
#: Texts that are longer than this are not compared.
_COMPARED: Final = 4_100
Test = Callable[[dict[str, Any]], bool]


def malformed(why: str) -> Refused:
    """What is no SOQL."""
    return refusal(400, "MALFORMED_QUERY", why)


def no_field(name: str, kind: str) -> Refused:
    """A field that there is not, or that the account may not see: nobody is told which."""
    return refusal(400, "INVALID_FIELD", f"No such column '{name}' on entity '{kind}'.")


@dataclass
class Query:
    """A question, understood. offset: records that are left out. order: fields, and whether they fall."""

    kind: str
    names: list[str]
    test: Test = lambda _values: True
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: int | None = None

    def of(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The values of the records that are asked for."""
        found = [values for values in rows if self.test(values)]
        for name, falls in reversed(self.order):
            found.sort(key=lambda values, name=name: _sortable(values.get(name)), reverse=falls)  # type: ignore[misc]
        return found[: self.limit]


def parse(text: str, fields: Callable[[str], dict[str, Field]]) -> Query:
    """What a text asks; raises Refused. fields: those that may be seen, by the kind of records."""
    return _Parser(_tokens(text), fields).query()


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise malformed(f"unexpected token: {text[place : place + 20]!r}")
        found.append(match[match.lastgroup or 0])
        place = match.end()
    return found


@dataclass
class _Parser:
    tokens: list[str]
    fields: Callable[[str], dict[str, Field]]
    known: dict[str, Field] = field(default_factory=dict)
    kind: str = ""

    def query(self) -> Query:
        self.due("SELECT")
        names = [self.take()]
        while self.skip(","):
            names.append(self.take())
        self.due("FROM")
        self.kind = self.take()
        self.known = self.fields(self.kind)
        found = Query(self.kind, [self.named(name) for name in names])
        if self.skip("WHERE"):
            found.test = self.any_of()
        if self.skip("ORDER"):
            self.due("BY")
            found.order.append(self.ordered())
            while self.skip(","):
                found.order.append(self.ordered())
        if self.skip("LIMIT"):
            found.limit = int(self.take())
        if self.tokens:
            raise malformed(f"unexpected token: {self.tokens[0]!r}")
        return found

    def any_of(self) -> Test:
        tests, joined = [self.condition()], set[str]()
        while self.tokens and self.tokens[0].upper() in {"AND", "OR"}:
            joined.add(self.take().upper())
            tests.append(self.condition())
        if len(joined) > 1:
            raise malformed("AND and OR stand side by side without parentheses")
        every = all if joined != {"OR"} else any
        return lambda values: every(test(values) for test in tests)

    def condition(self) -> Test:
        if self.skip("("):
            inner = self.any_of()
            self.due(")")
            return inner
        name, sign = self.named(self.take()), self.take()
        known = self.known[name]
        if known.length > _COMPARED:
            raise refusal(400, "INVALID_FIELD", f"field '{name}' can not be filtered in a query call")
        if sign.upper() == "IN":
            return self.one_of(known)
        if sign not in _TESTS:
            raise malformed(f"unexpected token: {sign!r}")
        test, wanted = _TESTS[sign], self.literal(known, self.take())
        return lambda values: _holds(test, _comparable(values.get(name)), wanted)

    def one_of(self, known: Field) -> Test:
        self.due("(")
        wanted = [self.literal(known, self.take())]
        while self.skip(","):
            wanted.append(self.literal(known, self.take()))
        self.due(")")
        return lambda values: _comparable(values.get(known.name)) in wanted

    def literal(self, known: Field, token: str) -> Any:
        quoted = token.startswith("'")
        texts = known.type in {
            "string",
            "combobox",
            "email",
            "phone",
            "picklist",
            "url",
            "textarea",
            "id",
            "reference",
        }
        if token == "null":
            return None
        if quoted is not texts:
            must = "be enclosed in quotes" if texts else "not be enclosed in quotes"
            raise refusal(
                400, "INVALID_FIELD", f"value of filter criterion for field '{known.name}' should {must}"
            )
        if quoted:
            plain = _unescaped(token[1:-1])
            return eighteen(plain) if known.type in {"id", "reference"} else plain.lower()
        if known.type == "datetime":
            return datetime.fromisoformat(token).astimezone(UTC)
        if known.type == "date":
            return date.fromisoformat(token)
        return {"true": True, "false": False}.get(token) if known.type == "boolean" else float(token)

    def ordered(self) -> tuple[str, bool]:
        name = self.named(self.take())
        falls = bool(self.tokens) and self.tokens[0].upper() == "DESC"
        if self.tokens and self.tokens[0].upper() in {"ASC", "DESC"}:
            self.take()
        return name, falls

    def named(self, name: str) -> str:
        found = next((known for known in self.known if known.lower() == name.lower()), None)
        if found is None:
            raise no_field(name, self.kind)
        return found

    def take(self) -> str:
        if not self.tokens:
            raise malformed("unexpected end of query")
        return self.tokens.pop(0)

    def skip(self, word: str) -> bool:
        if self.tokens and self.tokens[0].upper() == word:
            self.tokens.pop(0)
            return True
        return False

    def due(self, word: str) -> None:
        if not self.skip(word):
            raise malformed(f"expecting {word}")


def _unescaped(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            raise malformed(f"Invalid string escape sequence: {match[0]}")
        return _ESCAPES[match[1]]

    return re.sub(r"\\(.)", plain, text)


def _comparable(value: Any) -> Any:
    """Texts without capitals, but ids, where these count."""
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z0-9]{18}", value):
        return value.lower()
    return value


def _holds(test: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    if value is None or wanted is None:
        return test in (operator.eq, operator.ne) and test(value, wanted)
    return test(value, wanted)


def _sortable(value: Any) -> tuple[bool, Any]:
    """Nothing stands first."""
    return value is not None, value if value is not None else 0
