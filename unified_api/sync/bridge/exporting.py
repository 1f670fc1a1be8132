"""The file of bridges that there are: applied again, it changes nothing.

What is as it would be without a word is left out, so that a file says what somebody decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import yaml

from tenants.models import LinkedAccount
from unified_api.engine.policy import Field, FirstContact, Policy, PolicyError, Winner
from unified_api.engine.values import Both, Side
from unified_api.sync.bridge import fields as field_defaults
from unified_api.sync.bridge.attachment_choice import USUAL, AttachmentChoice, Files, shown
from unified_api.sync.bridge.configuration import DAILY, EVERYTHING, Budget, Configuration, Leaving
from unified_api.sync.bridge.file import PRIORITIES
from unified_api.sync.bridge.wish import BridgeRefused, Wish
from unified_api.sync.models_bridge import Bridge

Document = dict[str, Any]
#: Options of a field that a file may give, in the order in which it does; `words` come last.
_OPTIONS: Final = (
    "direction",
    "winner",
    "otherwise",
    "first",
    "fills",
    "blanks",
    "normalizer",
    "shape",
)


class _Dumper(yaml.SafeDumper):
    """Writes what our reader reads: whatever older YAML takes for more than text goes into quotes anyhow."""

    def ignore_aliases(self, _data: Any) -> bool:
        """No part of a file stands for another."""
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Text with line ends of any kind in quotes, where they are spelt out."""
        style = None if data.isprintable() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", data, style)


_Dumper.add_representer(str, _Dumper.represent_str)


def export(bridges: Sequence[Bridge], accounts: Mapping[Any, LinkedAccount]) -> str:
    """The text of the file of these bridges of one name, which join the same accounts; within a transaction."""
    return dumped(declared(bridges, accounts))


def dumped(document: Document) -> str:
    """Plain data as YAML."""
    return str(yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110))


def declared(bridges: Sequence[Bridge], accounts: Mapping[Any, LinkedAccount]) -> Document:
    """The same as plain data."""
    first, leaders = bridges[0], [bridge.follows for bridge in bridges if bridge.follows]
    models = dict(Bridge.objects.filter(id__in=leaders).values_list("id", "model")) if leaders else {}
    joined = Both(accounts[first.account_a], accounts[first.account_b])
    modes = {bridge.mode for bridge in bridges}
    shared = {name: _shared(bridges, name) for name in ("frequency", "priority")}
    told: Document = {
        "name": first.name,
        "goal": first.goal,
        "owner": first.owner,
        "mode": str(modes.pop()) if len(modes) == 1 else "",
        "a": _account(joined.a),
        "b": _account(joined.b),
        "frequency": shared["frequency"],
        "priority": _word(shared["priority"]),
    }
    order = sorted(bridges, key=lambda bridge: bridge.created_at)
    return {
        **{name: value for name, value in told.items() if value},
        "models": {one.model: _model(one, joined, shared, models) for one in order},
    }


def _shared(bridges: Iterable[Bridge], name: str) -> Any:
    values = {getattr(bridge, name) for bridge in bridges}
    return values.pop() if len(values) == 1 else None


def _word(priority: int | None) -> str | None:
    """The word of a priority; the nearest, where a program gave one that has none."""
    if priority is None:
        return None
    return min(PRIORITIES, key=lambda word: abs(PRIORITIES[word] - priority))


def _account(account: LinkedAccount) -> Document:
    return {
        "end_user": account.end_user_origin_id,
        "integration": account.integration,
        "category": account.category,
    }


def _model(
    bridge: Bridge, joined: Both[LinkedAccount], shared: Mapping[str, Any], models: Mapping[Any, str]
) -> Document:
    configuration = Configuration.parse(bridge.configuration)
    usual = _usual(bridge, joined, configuration.policy)
    told: Document = {
        "follows": models.get(bridge.follows),
        "match": list(configuration.match),
        "winner": usual.winner,
        "otherwise": usual.otherwise,
        "first": usual.first,
        "fields": {name: _field(one, usual) or None for name, one in configuration.policy.fields.items()},
        "references": {name: how.value for name, how in configuration.references.items()},
        "filter": _by_side(configuration.filter[side].as_data() for side in Side),
        **_rules(configuration),
        **_files(configuration.content),
        "frequency": None if shared["frequency"] else bridge.frequency,
        "priority": None if shared["priority"] is not None else _word(bridge.priority),
    }
    return {name: value for name, value in told.items() if value not in (None, {}, "")}


def _files(content: AttachmentChoice | None) -> Document:
    if content is None:
        return {}
    return {"content": content.files.value} | ({"cap": shown(content.cap)} if content.cap != USUAL else {})


def _rules(configuration: Configuration) -> Document:
    policy, budget, usual = configuration.policy, configuration.budget, Budget()
    start = {
        "from": configuration.since.isoformat() if configuration.since else EVERYTHING,
        "canary": configuration.canary,
    }
    limits = {
        name: {"share": getattr(budget, name).share, "least": getattr(budget, name).least}
        for name in ("creates", "deletes")
        if getattr(budget, name) != getattr(usual, name)
    }
    return {
        "leaving": configuration.leaving.value if configuration.leaving is not Leaving.REST else None,
        "start": {name: value for name, value in start.items() if value not in (None, EVERYTHING)},
        "budget": limits,
        "audit": configuration.audit if configuration.audit != DAILY else None,
        "creates": None
        if len(policy.creates) == len(Side) or _stay(configuration.content)
        else sorted(side.value for side in policy.creates),
        "constants": _by_side(dict(policy.constants[side]) for side in Side),
        "deletes": {side.value: policy.deletes[side].value for side in Side},
    }


def _stay(content: AttachmentChoice | None) -> bool:
    return content is not None and content.files is Files.SKIP


def _by_side(told: Iterable[Document]) -> Document:
    return {side.value: one for side, one in zip(Side, told, strict=True) if one}


def _usual(bridge: Bridge, joined: Both[LinkedAccount], policy: Policy) -> Wish:
    """A wish with the rules that most of the fields have, which then need not be said of each."""
    fields = policy.fields.values()
    return Wish(
        joined.a,
        joined.b,
        bridge.model,
        winner=_most(one.winner for one in fields),
        otherwise=_most(one.otherwise for one in fields),
        first=_most(one.first for one in fields),
        fields=list(policy.fields),
    )


def _most(values: Iterable[Winner | Side | FirstContact]) -> str:
    return Counter(values).most_common(1)[0][0].value


def _field(one: Field, usual: Wish) -> Document:
    """What is not as it would be without a word."""
    default = _default(usual, one.name)
    options = {name: getattr(one, name) for name in _OPTIONS}
    told: Document = {
        name: str(value) if isinstance(value, str) else value
        for name, value in options.items()
        if value != getattr(default, name)
    }
    if "otherwise" in told:  # by which the winner would go that is not named
        told["winner"] = str(one.winner)
    words = _words(one, default)
    return told | ({"words": words} if words else {})


def _default(usual: Wish, name: str) -> Field:
    """What the field would be; a field that the adapters do not have any more is shown whole."""
    try:
        settings = field_defaults.settings(usual, name)
    except (BridgeRefused, PolicyError):
        settings = {}
    return Policy.parse({"fields": {name: settings}}).fields[name]


def _words(one: Field, default: Field) -> Document:
    """Words that are given; one that is taken away has nothing here."""
    told: Document = {}
    for side in Side:
        known = default.words[side] if default.words else {}
        given = one.words[side] if one.words else {}
        changed: Document = {there: here for there, here in given.items() if known.get(there) != here}
        told[side.value] = changed | {there: None for there in known if there not in given}
    return {side: words for side, words in told.items() if words}
