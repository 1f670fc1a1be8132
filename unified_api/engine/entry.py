"""One of several things that a field holds, told in words of its own, as an address with its type.

It is known by one of these words, as a person has each address once. What else is said of it is compared only where
both sides say it: a side that has no place for the type of an address is silent about it, and does not differ.
"""

from __future__ import annotations

from typing import Final

from unified_api.engine.values import Value

#: By which of its words an entry is known.
KNOWN_BY: Final = ("email_address", "phone_number", "value")


def known(one: Value) -> Value:
    """The word by which an entry is known: what is no map, by itself; None where it has no such word."""
    if not isinstance(one, dict):
        return one
    return next((one[name] for name in KNOWN_BY if one.get(name)), None)


def alike(one: Value, other: Value) -> bool:
    """Whether two normal values say nothing different, be they entries or lists of them."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if not isinstance(one, dict) or not isinstance(other, dict) or known(one) is None:
        return one == other
    said = (name for name in one if one[name] is not None and other.get(name) is not None)
    return known(one) == known(other) and all(one[name] == other.get(name) for name in said)


def order(one: Value) -> tuple[str, str]:
    """Where an entry stands in a list that has no order, so that two lists of the same things go side by side."""
    return repr(known(one)), repr(one)


def fuller(one: Value, other: Value) -> Value:
    """Of two entries that are known by one word, the one that says more; of others the second, as it came."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return max(
        one, other, key=lambda entry: (len([*filter(None, entry.values())]), repr(sorted(entry.items())))
    )
