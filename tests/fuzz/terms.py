"""What a check is told beyond the document: each time why, in a sentence that is true of the product.

No check is off. A term takes away a finding only where the answer says just what the term says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

POSITIVE: Final = "positive_data_acceptance"
NEGATIVE: Final = "negative_data_rejection"
#: A key of the body or a parameter, and the sentence about it; of a write, its problem's pointer and type.
Reason = tuple[str, str]


@dataclass(frozen=True)
class Term:
    """What is no finding of a check. where: operations, as `POST /api/…`. key, says: of each reason that is given."""

    why: str
    where: str
    key: str
    says: str = ""
    status: int = 400
    check: str = POSITIVE

    def covers(self, label: str, status: int, reason: Reason) -> bool:
        """Whether it speaks of this reason of an answer."""
        fits = re.search(self.where, label) and re.fullmatch(self.key, reason[0], re.DOTALL)
        return bool(fits and re.search(self.says, reason[1])) and status == self.status


#: How a finding names a parameter of the query.
_PARAMETER: Final = re.compile(r"(?:parameter `|query: .* at /properties/)(\w+)")
_WRITES: Final = r"^(POST|PATCH|PUT|DELETE) "
_PUT_OWN: Final = r"^(PUT|DELETE) /api/sync/v1/records/"
_CONDITION: Final = (
    "An HTTP server looks at the conditions of a request before its content (RFC 9110, 13.2.1)."
)
TERMS: Final = (
    Term("Which cursors there are only the server knows: they are signed.", "^GET ", "cursor"),
    Term(
        "Postgres holds no NUL character. To say so of each text would hide what else the document says of it.",
        "",
        ".*",
        "without NUL characters",
    ),
    Term(
        "What an account's system requires and can write, and which records it has, `meta` says of each account.",
        _WRITES,
        ".*",
        "^(MISSING_REQUIRED_FIELD|UNSUPPORTED_FIELD|INVALID_FIELD_CHOICE|PROVIDER_ERROR): ",
    ),
    Term(
        "Only a hosted account knows records by their owner's ids, which the document can say in words alone.",
        "^(POST|PATCH) /api/",
        "model/.*",
        "^INCORRECT_FIELD_TYPE: .*the id of a record is expected",
    ),
    Term("Which records there are is not in the document.", _WRITES, ".*", "^DUPLICATE_MODEL_EXISTS: "),
    Term("A version that the caller makes up is not the record's.", _WRITES, ".*", "^RECORD_MOVED: ", 412),
    Term(
        "Whether there is such a record is not in the document.",
        _PUT_OWN,
        ".*",
        "^(RECORD_GONE|DUPLICATE_MODEL_EXISTS): ",
        412,
    ),
    Term(_CONDITION, _WRITES, ".*", "^RECORD_MOVED: ", 412, NEGATIVE),
    Term(_CONDITION, _PUT_OWN, ".*", "^(RECORD_GONE|DUPLICATE_MODEL_EXISTS): ", 412, NEGATIVE),
    Term("A body that names an id names that of the path.", _PUT_OWN, "remote_id", "the path names"),
    Term("A key that another request had looks as any other.", _WRITES, "Idempotency-Key", "another request"),
    Term("A name is given once.", "/generate-key$", "name", "there is a key of this name"),
    Term(
        "In a query everything is text: whatever is sent is a name, and names that nobody knows are ignored.",
        "^GET ",
        "expand|show_enum_origins|remote_fields",
        "^accepted$",
        200,
        NEGATIVE,
    ),
    Term("Only keys that there are can be replaced.", "/regenerate-key$", "name"),
    Term(
        "Which fields and categories belong to a model depends on the model that stands beside.",
        "(-scopes|/selective-sync/conditions|link-token)$",
        "common_models|conditions",
        "has no field|both enabled and disabled|no common model here|cannot be selected by|takes a|compares",
    ),
    Term("Which fields a record has depends on its model.", "/(why|history)$", "field", "has no such field"),
    Term("What type a file has is not in the document.", "/download$", "detail", "files are not converted"),
    Term(
        "Which addresses there are no pattern says.",
        "/(async-)?passthrough$",
        "base_url_override",
        "an address such as",
    ),
    Term(
        "Whether a text is packed as its part says is not in the document.",
        "/(async-)?passthrough$",
        "multipart_form_data",
        "^data is not ",
    ),
    Term(
        "What a header says of the message's frame the caller cannot set; the document says which in words.",
        "/(async-)?passthrough$",
        "headers",
        "cannot be set",
    ),
    Term(
        "What can be kept equal depends on the accounts: a file is looked at as a whole, and each mistake named.",
        "^PUT /api/sync/v1/bridges$",
        ".*",
    ),
    Term("What a policy may say depends on the bridge.", "/replay$", "policy|from"),
    Term("What a bridge has done is not in the document.", "/undo$", r"\w+_id"),
    Term("What a field can hold depends on the conflict's field.", "/give$", "value"),
)


def is_finding(failure: Any, case: Any, response: Any) -> bool:
    """Whether what a check found is a finding."""
    refused = response.status_code >= HTTPStatus.BAD_REQUEST
    said = list(reasons(response.content) if refused else broken(failure.message))
    mine = [term for term in TERMS if term.check in failure.checks]
    label, status = case.operation.label, response.status_code
    return not said or not all(any(term.covers(label, status, one) for term in mine) for one in said)


def broken(message: str) -> Iterator[Reason]:
    """Against what a request was that was accepted: the place of each parameter or key, as the check tells it."""
    for line in message.splitlines()[2:]:
        yield (match[1] if (match := _PARAMETER.search(line)) else line), "accepted"


def reasons(content: bytes) -> Iterator[Reason]:
    """Why a request was refused, one reason after the other; none where the answer is of another form."""
    try:
        body = json.loads(content)
    except ValueError:
        return
    if not isinstance(body, dict):
        return
    if "errors" in body:
        for one in body["errors"]:
            yield one.get("source", {}).get("pointer", ""), f"{one['problem_type']}: {one['detail']}"
        return
    for key, sentences in body.items():
        yield from ((key, one) for one in ([sentences] if isinstance(sentences, str) else sentences))
