"""What lists can be asked for, by common field: questions in SOQL.

SOQL looks past capitals, so that it may find more than is wanted, and never less; what is too much is not stored. The
fields are such as every account sees, and the address: where that is hidden, the question is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from integrations.providers.salesforce.soql import any_of

Selects = dict[tuple[str, str], Callable[[Any], Mapping[str, str]]]
#: What a sale that is open, won or lost says of itself.
_SALES = {
    "OPEN": {"IsClosed": "false"},
    "WON": {"IsWon": "true"},
    "LOST": {"IsClosed": "true", "IsWon": "false"},
}


def says(**fields: str) -> Selects:
    """Common fields, each by the field there that has to say the same."""
    return {(name, "EQUALS"): _same(there) for name, there in fields.items()}


def _same(there: str) -> Callable[[Any], Mapping[str, str]]:
    return lambda told: {there: told}


def has_address() -> Selects:
    """One of the e-mail addresses that are told; a record has one there."""
    return {("email_addresses", "EQUALS"): _addressed}


def _addressed(told: Any) -> Mapping[str, str]:
    addresses = [one["email_address"] for one in told or () if one.get("email_address")]
    return any_of("Email", addresses) if addresses else {}


def is_sale() -> Selects:
    """Whether a sale is open, won or lost; of several of these all sales are read."""
    return {
        ("status", "EQUALS"): lambda word: _sale([word]),
        ("status", "IS_ONE_OF"): _sale,
    }


def _sale(words: Sequence[str]) -> Mapping[str, str]:
    """One that is something else is none of these there: open and won at once is nobody's."""
    return _SALES.get(words[0], {"IsClosed": "false", "IsWon": "true"}) if len({*words}) == 1 else {}
