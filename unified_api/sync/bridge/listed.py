"""Words of value maps, and constants, against the lists of words that the accounts themselves have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from integrations.kit.provider import Resource
from unified_api.engine.policy import Policy
from unified_api.engine.values import Both, Side
from unified_api.sync import connect
from unified_api.sync.bridge.wish import BridgeRefused, Mistake, Wish
from unified_api.sync.models_fields import RemoteFieldClass

#: What a JMESPath says beside the names on its way: quotes, and that it goes through a list.
_BESIDE_NAMES: Final = re.compile(r'"|\[\*?\]$')


def check(
    wish: Wish, name: str, given: Sequence[tuple[str, Side, str, str | None]], before: Policy | None
) -> None:
    """Raise BridgeRefused for words that are not in the list of their side; where none is known, any word goes.

    given: field, side, the other side's word, the word of this side; see Wish. before: what the bridge was told until
    now, whose words stay right, also where they were taken out of a list since.
    """
    known = {side: _words(wish, side, name) for side in Side}
    field = before.fields.get(name) if before else None
    told = field.words if field and field.words else Both[Mapping[str, str]]({}, {})
    mistakes = [
        Mistake(f"fields.{name}.words.{to}.{theirs}", _told(wish, side, word, known[side]))
        for _, to, theirs, here in given
        if here is None or told[to].get(theirs) != here
        for side, word in ((to.other, theirs), (to, here))
        if word is not None and known[side] and word not in known[side]
    ]
    if mistakes:
        raise BridgeRefused(*mistakes)


def check_constant(wish: Wish, side: Side, name: str, value: Any) -> None:
    """The same for a value that new records get at a side, or for each in a list of them."""
    known = _words(wish, side, name)
    given = value if isinstance(value, list) else [value]
    words = [str(one) for one in given if isinstance(one, str | int) and not isinstance(one, bool)]
    place = f"constants.{side}.{name}"
    mistakes = [
        Mistake(place, _told(wish, side, word, known)) for word in words if known and word not in known
    ]
    if mistakes:
        raise BridgeRefused(*mistakes)


def _told(wish: Wish, side: Side, word: str, known: Sequence[str]) -> str:
    told = f"{wish.accounts[side].integration} has no {word!r} in the list of the field; it has {', '.join(known)}."
    return f"{told} What was added there since is known when the model was read from the start."


def _words(wish: Wish, side: Side, name: str) -> list[str]:
    """What stands in the list of a field at an account, as it was read last; nothing where none is known."""
    account = wish.accounts[side]
    resource = connect.whole_of(account).resource(wish.model)
    if resource is None or resource.field_classes is None:
        return []
    rows = RemoteFieldClass.objects.filter(linked_account_id=account.id, model=wish.model, object_class=None)
    listed = {one.remote_key_name: one.field_choices or [] for one in rows}
    key = next((key for key in listed if _is_at(resource, name, key)), None)
    return [str(one["value"]) for one in listed[key]] if key else []


def _is_at(resource: Resource, name: str, key: str) -> bool:
    """Whether a field shows the value of this field of the provider's, and nothing else."""
    assert resource.field_classes is not None  # noqa: S101 - there are keys
    place = resource.field_classes.place(key)
    lens: Any = resource.mapping.lenses.get(name)
    if lens is None:
        return False
    path = _BESIDE_NAMES.sub("", lens.path) if isinstance(lens.path, str) else lens.path
    return path in (place, ".".join(place))
