"""Words of a value map against the lists of words that the accounts themselves have, as of custom fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.kit.provider import Resource
from unified_api.engine.values import Both, Side
from unified_api.sync import connect
from unified_api.sync.bridge.configuration import Configuration
from unified_api.sync.bridge.wish import BridgeRefused, Mistake, Wish
from unified_api.sync.models_fields import RemoteFieldClass


def check(
    wish: Wish, name: str, given: Sequence[tuple[str, Side, str, str | None]], before: Configuration | None
) -> None:
    """Raise BridgeRefused for words that are not in the list of their side; where none is known, any word goes.

    given: field, side, the other side's word, the word of this side; see Wish. before: what the bridge was told until
    now, whose words stay right, also where they were taken out of a list since.
    """
    known = {side: _words(wish, side, name) for side in Side}
    field = before.policy.fields.get(name) if before else None
    told = field.words if field and field.words else Both[Mapping[str, str]]({}, {})
    mistakes = [
        Mistake(f"fields.{name}.words.{to}.{theirs}", _told(wish, side, word, known[side]))
        for _, to, theirs, here in given
        if told[to].get(theirs) != here
        for side, word in ((to.other, theirs), (to, here))
        if word is not None and known[side] and word not in known[side]
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
    return lens is not None and lens.path in (place, ".".join(place))
