"""What any endpoint may answer with instead, and what each status means."""

from __future__ import annotations

from typing import Final

from unified_api.api.openapi.schema import TEXT, Schema, any_of, keyed, many, maybe, named, record

#: A sentence that says what happened.
REFUSAL: Final = named("Refusal", record({"detail": TEXT}))
#: Sentences by the parameter, or the key of the body, that cannot be understood.
MALFORMED: Final = named("Malformed", keyed(many(TEXT)))
_FAILURE: Final = named("Failure", record({"detail": TEXT, "correlation_id": maybe(TEXT)}))

MEANINGS: Final = {
    200: "Done.",
    201: "Made.",
    202: "On its way, or not known yet: never repeat it, ask for its state.",
    304: "It is still as `If-None-Match` says.",
    400: "Malformed, or refused.",
    401: "No such key or token, or the key does not reach the account.",
    403: "The linked account may not do this at the provider.",
    404: "No such thing; or the integration does not have this model or operation.",
    408: "The provider did not answer a read in time; nothing was changed.",
    409: "It cannot be done as things stand.",
    412: "The record moved since the version in `If-Match`.",
    411: "There is a body, and no `Content-Length`.",
    413: "The body is too large.",
    429: "The account has had its requests of this minute; nothing was begun. Try again after `Retry-After` seconds.",
    500: "Isthmus failed; tell its operator the correlation id.",
    503: "Nothing was changed; try again after `Retry-After` seconds.",
}
#: A body of a 400.
REFUSED: Final = any_of(REFUSAL, MALFORMED)


#: Refusals that any endpoint may answer with, by the names that they have in the document: status and body.
ALL: Final[dict[str, tuple[int, Schema]]] = {
    "Malformed": (400, REFUSED),
    "Unknown": (401, REFUSAL),
    "NotFound": (404, REFUSAL),
    "Lengthless": (411, REFUSAL),
    "TooLarge": (413, REFUSAL),
    "TooMany": (429, REFUSAL),
    "Failed": (500, _FAILURE),
    "Busy": (503, REFUSAL),
}


def of(*, needs_key: bool, needs_account: bool, takes_body: bool, is_named: bool) -> list[str]:
    """The names of an endpoint's. is_named: whether its path or the account names something that may not be there."""
    if not needs_key:
        return []
    more = ["Lengthless", "TooLarge"] if takes_body else []
    more += ["TooMany"] if needs_account else []
    return ["Malformed", "Unknown", "Failed", "Busy", *more, *(["NotFound"] if is_named else [])]
