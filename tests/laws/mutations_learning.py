"""What is broken where the engine remembers, learns, translates and foresees."""

from __future__ import annotations

from typing import Final

from tests.laws.mutation import Mutation

MUTATIONS: Final = (
    Mutation(
        "the answer is news",
        "answer.py",
        "return self.got if self.got is not MISSING and self.spelt else self.move.value",
        "return self.move.value",
    ),
    Mutation(
        "the whole answer is spelling",
        "answer.py",
        "            learnt.agree(pair, told, sent.to, told.spelling)\n    return learnt.close(pair)",
        "            learnt.agree(pair, told, sent.to, told.spelling)\n"
        "    learnt.base[sent.to].update(event.values)\n    return learnt.close(pair)",
    ),
    Mutation(
        "a refusal is not noticed",
        "answer.py",
        "        if told.old:\n            learnt",
        "        if False:\n            learnt",
    ),
    Mutation(
        "the source's base becomes the answer",
        "answer.py",
        "self.set(pair, told, to.other, move.source)",
        "self.set(pair, told, to.other, answer)",
    ),
    Mutation(
        "only the target gets a base", "answer.py", "self.set(pair, told, to.other, move.source)", "pass"
    ),
    Mutation(
        "a refused edit counts as arrived",
        "answer.py",
        "learnt.refuse(told, sent.to, event.values)",
        "learnt.agree(pair, told, sent.to, told.spelling)",
    ),
    Mutation(
        "what overrules is forgotten in the answer",
        "answer.py",
        "        if move.overrules:\n",
        "        if False:\n",
    ),
    Mutation(
        "a lost answer counts as written",
        "answer.py",
        "if event.landed is False or (presumed and not _news(told, sent.to)):",
        "if False:",
    ),
    Mutation(
        "a lost answer counts as not written",
        "answer.py",
        "presumed = third and event.landed is None\n",
        "continue\n        presumed = third\n",
    ),
    Mutation(
        "read back is spelling",
        "answer.py",
        "answer = told.move.value if third or told.got is MISSING else told.got",
        "answer = told.move.value if told.got is MISSING else told.got",
    ),
    Mutation(
        "a presumption is forgotten",
        "answer.py",
        "if presumed:\n            learnt.presume(",
        "if False:\n            learnt.presume(",
    ),
    Mutation(
        "what was answered otherwise counts as seen",
        "answer.py",
        "if not told.spelt:\n                learnt.presume(",
        "if False:\n                learnt.presume(",
    ),
    Mutation(
        "parts are presumed together",
        "answer.py",
        "else place(self.whole.field, self.move.field)",
        "else self.whole.field",
    ),
    Mutation(
        "a found record hides what somebody added",
        "answer.py",
        "if name in policy.fields and not has_parts(policy.fields[name])",
        "if name in policy.fields",
    ),
    Mutation(
        "a delete that did nothing is forgotten",
        "answer.py",
        "State.DELETING: State.GONE}.get",
        "State.DELETING: State.PAIRED}.get",
    ),
    Mutation(
        "a second write leaves while one is in flight",
        "plan.py",
        "    if pair.sent is not None:\n        return pair, (Wait(),)",
        "    if pair.sent is not None and pair.state is State.CREATING:\n        return pair, (Wait(),)",
    ),
    Mutation(
        "an unsettled create is repeated",
        "plan.py",
        "else answer.unsettled(pair, sent)",
        "else answer.dropped(pair, sent, Dropped())",
    ),
    Mutation(
        "only one direction is paid",
        "plan.py",
        "for side in (Side.B, Side.A) if weighed",
        "for side in (Side.B,) if weighed",
    ),
    Mutation(
        "a closed side is written to", "plan.py", "        if to not in terms.closed:\n", "        if True:\n"
    ),
    Mutation(
        "what stands outside takes part",
        "plan.py",
        "    if a.outside or b.outside:\n",
        "    if a.outside and b.outside:\n",
    ),
    Mutation(
        "what is put back is not remembered as sent",
        "plan.py",
        "sent=Sent(to, moves)), (Push(to, moves),)",
        "sent=None), (Push(to, moves),)",
    ),
    Mutation(
        "a create forgets what it could not carry",
        "birth.py",
        "        cradle.owed.append(one.name)\n",
        "        pass\n",
    ),
    Mutation(
        "a create carries what cannot be written",
        "birth.py",
        "if move is not None and one.name in terms.access[to].create:",
        "if move is not None:",
    ),
    Mutation(
        "a create leaves for a closed side", "birth.py", "    if to in terms.closed:\n", "    if False:\n"
    ),
    Mutation(
        "a new record lacks its constants",
        "birth.py",
        "for name, value in terms.policy.constants[to].items():",
        "for name, value in ():",
    ),
    Mutation(
        "an unmapped word passes through", "policy.py", "        return UNMAPPED\n", "        return value\n"
    ),
    Mutation(
        "an unmapped word becomes nothing", "policy.py", "        return UNMAPPED\n", "        return None\n"
    ),
    Mutation(
        "words are translated the wrong way",
        "policy.py",
        "words = self.words[to]\n",
        "words = self.words[to.other]\n",
    ),
    Mutation(
        "a remote's other word is spelling",
        "policy.py",
        "free = self.words is None and isinstance(sent, str)",
        "free = isinstance(sent, str)",
    ),
    Mutation(
        "the order of a set is news",
        "policy.py",
        "unordered = self.shape in {Shape.SET, Shape.LOG}",
        "unordered = self.shape in {Shape.MAP}",
    ),
    Mutation("refusals are lost in storage", "pair.py", 'for one in data["refused"]', "for one in ()"),
    Mutation("rulings are lost in storage", "pair.py", 'for one in data.get("rulings", ())', "for one in ()"),
    Mutation("parts are lost in storage", "pair.py", '_moves(one.get("parts", ())),', "(),"),
    Mutation("numbers abroad are numbers at home", "normal.py", '("+" if abroad else "")', '""'),
    Mutation(
        "a presumption outlasts its record",
        "answer.py",
        "return replace(pair, base=Both[Values]({}, {}), presumed={})",
        "return replace(pair, base=Both[Values]({}, {}))",
    ),
    Mutation(
        "a lost write to a record that is gone is forgotten",
        "answer.py",
        "if event.gone:\n            learnt.overrule(told, sent.to)\n",
        "if event.gone:\n",
    ),
    Mutation(
        "what was sent to a record that is gone is agreed",
        "answer.py",
        "        if event.gone:\n",
        "        if False:\n",
    ),
    Mutation("one unknown word is two", "policy.py", " or self._unknown(now)", ""),
    Mutation("what only looks like markup is not read", "markup.py", "(?P<name>{_NAMES})", r"(?P<name>\w+)"),
    Mutation(
        "where a link leads is not read",
        "markup.py",
        "            self._lead(address)\n",
        "            pass\n",
    ),
    Mutation("what nobody sees is read", "markup.py", "if not self._hidden:", "if True:"),
    Mutation(
        "nothing counts as something",
        "normal.py",
        "return value is MISSING or normal",
        "return value is not MISSING and normal",
    ),
    Mutation(
        "one condition is enough",
        "filter.py",
        "return all(one.holds(values.get(one.field)) for",
        "return any(one.holds(values.get(one.field)) for",
    ),
    Mutation(
        "alternatives must all hold", "filter.py", "or any(one.wants(values)", "or all(one.wants(values)"
    ),
    Mutation(
        "before is after",
        "filter.py",
        "if operator is Operator.BEFORE else",
        "if operator is Operator.AFTER else",
    ),
    Mutation(
        "a forecast ends with its first write", "forecast.py", "for _ in range(MOST):", "for _ in range(1):"
    ),
    Mutation(
        "a forecast looks at the records of before",
        "forecast.py",
        "look = after(look, write, terms.policy)",
        "then = after(look, write, terms.policy)",
    ),
    Mutation("twins are paired", "match.py", "or max(len(here), len(there)) > 1:", "or False:"),
    Mutation(
        "an unsettled create is matched past",
        "match.py",
        "        if key in pending:\n",
        "        if False:\n",
    ),
    Mutation(
        "who shares an address with a third is a stranger",
        "match.py",
        "return {one: top(one) for one in root}",
        "return {one: one for one in root}",
    ),
    Mutation(
        "a replay has the refused taken",
        "replay.py",
        "if known is not None and known.answer is None and",
        "if False and",
    ),
    Mutation(
        "a replay looks wherever it could",
        "replay.py",
        "return waiting if fits else looking",
        "return looking",
    ),
    Mutation(
        "the sides are mixed up", "values.py", "return Side.B if self is Side.A else Side.A", "return self"
    ),
    Mutation(
        "a mention goes over as it is",
        "mention.py",
        'return (found["joiners"] or JOINER) if found["sign"] in calling else ""',
        'return found["joiners"]',
    ),
    Mutation(
        "names of a side come back with joiners",
        "mention.py",
        "if before := known[*_whom(found), coded]:",
        "if before := []:",
    ),
    Mutation(
        "a joiner is an edit",
        "policy.py",
        "normal(self.plain(value), self.normalizer)",
        "normal(value, self.normalizer)",
    ),
)
