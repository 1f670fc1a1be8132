"""What can go wrong between us and a provider, named by what to do next.

    ProviderError
    ├── RetryLater             nothing happened; try again, `after` seconds from now when it is known
    │   ├── Late               nobody answered in time
    │   └── Throttled          the account's budget is used up; nothing was sent
    ├── NeedsReauthorisation   the credential is refused: pause the account and ask its owner
    ├── Forbidden              the credential is good, but this may not be read or done with it: warn, go on
    ├── Rejected               the provider refuses the values: `fields` says which and why
    │   ├── Moved              somebody else changed the record first: `fields` says what differs now
    │   ├── TooLarge           a file is larger than it may be
    │   └── Exists             there is a record with the id that the new one was to have
    ├── Gone                   the record is not there (any more)
    ├── Misconfigured          a setting is wrong, or something else answers there: a person must look
    │   └── ApplicationRefused  the tenant's OAuth application is refused, whatever account it asks for
    └── Uncertain              it may have been carried out, and nobody knows: read back, never repeat

Every error carries the request (method and path, never a query or a body), the status if there was an answer,
and a short detail in the provider's own words, out of which secrets have been cut. Errors survive pickling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ProviderError(Exception):
    """A call to a provider failed.

    request: `GET /path`. status: of the answer, None when there was none. detail: the provider's own words,
    cut short. astray: a list cannot be read on from where the run stands; it has to begin again.
    """

    astray = False

    def __init__(
        self, message: str, *, request: str = "", status: int | None = None, detail: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.request = request
        self.status = status
        self.detail = detail

    def __str__(self) -> str:
        where = (
            f" ({self.request}{f' answered {self.status}' if self.status else ''})" if self.request else ""
        )
        return f"{self.message}{where}{f': {self.detail}' if self.detail else ''}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, dict(self.__dict__))


class RetryLater(ProviderError):
    """The same call may be made again, and succeed later; nothing happened, unless it may have left.

    after: seconds to wait, None when the provider does not say. left: the call may be repeated, but nobody knows
    whether it was carried out already.
    """

    def __init__(self, message: str, *, after: float | None = None, left: bool = False, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.after = after
        self.left = left


class Late(RetryLater):
    """Nobody answered within the time that there was."""


class Throttled(RetryLater):
    """The account's budget of requests is used up, or the provider had asked for a pause: nothing was sent."""


class NeedsReauthorisation(ProviderError):
    """The credential is refused; only the account's owner can help."""


class Forbidden(ProviderError):
    """The credential is good, and not allowed to do this."""


class Rejected(ProviderError):
    """The provider refuses the values.

    fields: reason by common field, or by remote name where no field has it.
    """

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.fields = dict(fields or {})

    def __str__(self) -> str:
        named = "; ".join(f"{name}: {reason}" for name, reason in self.fields.items())
        return f"{super().__str__()}{f' [{named}]' if named else ''}"


class Moved(Rejected):
    """The record changed at the provider before our write arrived; the write was not carried out."""


class TooLarge(Rejected):
    """A file is larger than it may be; it was not carried."""


class Exists(Rejected):
    """A new record was to have an id that another one has already."""


class Gone(ProviderError):
    """The record is not at the provider (any more).

    merged_into: the id of the record that it was merged into, where the provider says so.
    """

    def __init__(self, message: str, *, merged_into: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.merged_into = merged_into


class Misconfigured(ProviderError):
    """A setting is wrong, or something else than the provider answers there; repeating does not help."""


class ApplicationRefused(Misconfigured):
    """The tenant's OAuth application is refused: its id or secret is wrong, or it may not do this."""


class Uncertain(ProviderError):
    """The request may have been carried out; no answer says so. Read back before doing anything else.

    remote_id: of the record that it made or changed, where the provider named it before the answer was lost.
    """

    def __init__(self, message: str, *, remote_id: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.remote_id = remote_id


#: What an adapter's plain functions raise on a record that is not what they take it for.
SHAPELESS = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    OSError,  # datetime.fromtimestamp, for one, beyond the years that the system knows
    RecursionError,
)


class Unmappable(ValueError):
    """A record does not fit the common model; the text says which field and why.

    It leaves the kit's client only where somebody asks an observation what it says of a field that is withheld.
    """


class Unwritable(ValueError):
    """A common value that a lens cannot spell at the provider; the client turns it into Rejected."""


class InvalidSettings(ValueError):
    """What was given to link an account is wrong. fields: reason by setting."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in self.fields.items()))


def _restore(kind: type[ProviderError], args: tuple[Any, ...], facts: dict[str, Any]) -> ProviderError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(facts)
    return error
