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
    says: str
    status: int = 400
    check: str = POSITIVE

    def covers(self, label: str, status: int, reason: Reason) -> bool:
        """Whether it speaks of this reason of an answer."""
        fits = re.search(self.where, label) and re.fullmatch(self.key, reason[0], re.DOTALL)
        return bool(fits and re.search(self.says, reason[1])) and status == self.status


#: How a finding names a parameter of the query.
_PARAMETER: Final = re.compile(r"(?:parameter `|at /properties/)(\w+)")
#: How the tool says that a parameter is not empty, which is one of two things that it may be.
_NOT_EMPTY: Final = re.compile(r"violates `enum` at /properties/\w+/anyOf/1$")
_WRITES: Final = r"^(POST|PATCH|PUT|DELETE) "
#: Writes of common models by what the account's system can do.
_MODELS: Final = (
    r"^(POST|PATCH) /api/(hris|crm|ticketing)/v1/(employees|time-off|timesheet-entries|leads|contacts|accounts"
    r"|opportunities|notes|tasks|engagements|custom-object-classes|tickets|comments|attachments)(/\{id\}|$)"
)
#: And of those of the tenant's own product.
_PUSHED: Final = r"^(POST|PATCH|PUT) /api/sync/v1/(records/|training-)"
_EITHER: Final = f"{_MODELS}|{_PUSHED}"
_PUT_OWN: Final = r"^(PUT|DELETE) /api/sync/v1/records/"
_CONDITION: Final = (
    "An HTTP server looks at the conditions of a request before its content (RFC 9110, 13.2.1)."
)
_CONVERTED: Final = (
    "What a value of another type means may be certain: the document says in words that it is converted then."
)
TERMS: Final = (
    Term(
        "Which cursors there are only the server knows: they are signed.",
        "^GET ",
        "cursor",
        "^This is no cursor of this list",
    ),
    Term(
        "Postgres holds no NUL character. To say so of each text would hide what else the document says of it.",
        "",
        ".*",
        "without NUL characters",
    ),
    Term(
        "What an account's system requires `meta` says of each account.",
        _MODELS,
        r"model/\w+",
        "^MISSING_REQUIRED_FIELD: The linked account's system requires this field",
    ),
    Term(
        "What an account's system can write `meta` says of each account.",
        _MODELS,
        r"model/\w+",
        r"^UNSUPPORTED_FIELD: \w+ cannot be (set when a record is made|changed) in the linked account's system",
    ),
    Term(
        "Which words an account's system can store `meta` says of each account.",
        _MODELS,
        r"model/\w+",
        "^INVALID_FIELD_CHOICE: .* cannot be stored there; possible are",
    ),
    Term(
        "Where an address leads the network says, and the operator where webhooks may go.",
        "^POST /api/sync/v1/webhooks$",
        "url",
        "private network|^The address has to begin with https://|cannot be the name of a host|no tenant may have more",
    ),
    Term(
        "Which records an account has is not in the document.",
        _EITHER,
        r"model/\w+",
        "^INVALID_FIELD_CHOICE: This linked account has no .* with the id",
    ),
    Term(
        "No schema says of a body that it has the keys that a parameter names.",
        _EITHER,
        r"model/\w+",
        r"^MISSING_REQUIRED_FIELD: \w+: a value to match by is expected",
    ),
    Term(
        "How many records say the same is not in the document.",
        _EITHER,
        r"model/\w+",
        "^AMBIGUOUS_MATCH: Several records say this: ",
    ),
    Term(
        "Which records are ignored is not in the document.",
        _EITHER,
        r"model/\w+",
        "^IGNORED_RECORD: The record that says this is ignored",
    ),
    Term(
        "What is to be written later is never written where no worker runs, and others that say the same wait for it.",
        _EITHER,
        "detail",
        "is being made by write .*; nothing was begun",
        503,
        "not_a_server_error",
    ),
    Term(
        "Only a hosted account knows records by their owner's ids, which the document can say in words alone.",
        "^(POST|PATCH) /api/",
        "model/.*",
        "^INCORRECT_FIELD_TYPE: .*the id of a record is expected",
    ),
    *(
        Term(_CONVERTED, _EITHER, "model/.*", "^INCORRECT_FIELD_TYPE: .*was converted", status, NEGATIVE)
        for status in (200, 201, 202)
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
    Term(
        "Only keys that there are can be replaced.", "/regenerate-key$", "name", "^There is no .* key named "
    ),
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
        "What can be kept equal depends on the accounts, and on which models and fields there are: a file is looked at"
        " as a whole, and each mistake named.",
        "^PUT /api/sync/v1/bridges$",
        ".*",
        "the tenant has no linked account|there is no integration|is no id of a linked account"
        "|there are several such accounts|There is no common model| has no field |is sensitive: no bridge carries it"
        "|Records are matched by .*, which the bridge does not carry|is neither 'everything' nor a moment",
    ),
    Term(
        "Which fields a bridge carries is not in the document.",
        "/replay$",
        "policy",
        r"(?s)^fields\..*: the bridge carries no such field",
    ),
    Term(
        "No schema says which of two times is the earlier.",
        "/replay$",
        "from",
        "^The span ends at .* before it",
    ),
    Term(
        "Where a model is read depends on the account's system.",
        "^POST /api/.*/field-mappings$",
        "",
        "^INVALID_FIELD_CHOICE: .* is read at .*, not at ",
    ),
    Term(
        "What a bridge has done is not in the document.",
        "/undo$",
        "(write|pair|plan|run)_id",
        "^(This bridge has (carried|no pair with|written to neither)|No run with this id)",
    ),
    Term(
        "Which audits of a bridge are over is not in the document.",
        "/mend$",
        "audit_id",
        "^an audit of this bridge that is over",
    ),
    Term(
        "What a field can hold depends on the conflict's field.", "/give$", "value", "^a string .*is expected"
    ),
)


def passing(failure: Any, case: Any, response: Any) -> set[Term]:
    """The terms by which what a check found is no finding; none where it is one."""
    refused = response.status_code >= HTTPStatus.BAD_REQUEST
    said = list(
        reasons(response.content) if refused else [*warned(response.content)] or broken(failure.message)
    )
    mine = [term for term in TERMS if term.check in failure.checks]
    label, status = case.operation.label, response.status_code
    found = [next((term for term in mine if term.covers(label, status, one)), None) for one in said]
    covered = {term for term in found if term is not None}
    return set() if None in found else covered


def warned(content: bytes) -> Iterator[Reason]:
    """What a request said in another type than the document's, and was converted, as the answer's warnings tell."""
    body = _object(content)
    for one in body.get("warnings", ()) if "model" in body else ():
        if one["problem_type"] == "INCORRECT_FIELD_TYPE":
            yield one["source"]["pointer"], f"{one['problem_type']}: {one['detail']}"


def broken(message: str) -> Iterator[Reason]:
    """Against what a request was that was accepted: the place of each parameter or key, as the check tells it."""
    lines = message.splitlines()[2:]
    for line in lines[1:] or lines:  # several stand below a heading
        if not _NOT_EMPTY.search(line):
            yield (match[1] if (match := _PARAMETER.search(line)) else line), "accepted"


def reasons(content: bytes) -> Iterator[Reason]:
    """Why a request was refused, one reason after the other; none where the answer is of another form."""
    body = _object(content)
    if "errors" in body:
        for one in body["errors"]:
            yield one.get("source", {}).get("pointer", ""), f"{one['problem_type']}: {one['detail']}"
        return
    for key, sentences in body.items():
        yield from ((key, one) for one in ([sentences] if isinstance(sentences, str) else sentences))


def _object(content: bytes) -> dict[str, Any]:
    """The object that an answer is; empty where it is none."""
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
