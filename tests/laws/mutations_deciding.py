"""What is broken where the engine decides: about values, parts, refusals, and a lone record of a pair."""

from __future__ import annotations

from typing import Final

from tests.laws.mutation import Mutation

MUTATIONS: Final = (
    Mutation(
        "news on one side is missed",
        "merge.py",
        "if not (moved.a or moved.b):",
        "if not (moved.a and moved.b):",
    ),
    Mutation(
        "one shared base", "merge.py", "_differs(field, held.b, base.b))", "_differs(field, held.b, base.a))"
    ),
    Mutation(
        "equality across sides is not seen",
        "merge.py",
        "if field.agree(held):",
        "if field.agree(held) and not held.a:",
    ),
    Mutation("the loser wins", "merge.py", "return Side(winner), rule", "return Side(winner).other, rule"),
    Mutation(
        "a conflict is not told",
        "merge.py",
        "return _first_contact(case) if first else _prevailing(case, Rule.WINNER, overrules=True)",
        "return _first_contact(case) if first else _prevailing(case, Rule.WINNER, overrules=False)",
    ),
    Mutation(
        "a lone edit counts as a conflict",
        "merge.py",
        "return Take(source, rule, overrules=False)",
        "return Take(source, rule, overrules=True)",
    ),
    Mutation(
        "first contact is not told",
        "merge.py",
        "return _prevailing(case, Rule.FIRST, overrules=None)",
        "return _prevailing(case, Rule.FIRST, overrules=False)",
    ),
    Mutation(
        "a blank fills the filled side",
        "merge.py",
        "_alone(case, Side.A if blank(held.b) else Side.B, Rule.FILL)",
        "_alone(case, Side.B if blank(held.b) else Side.A, Rule.FILL)",
    ),
    Mutation(
        "a side without base has not moved",
        "merge.py",
        "return base is MISSING or not",
        "return base is not MISSING and not",
    ),
    Mutation(
        "directions are not heeded",
        "merge.py",
        "if writable[side] and field.direction.reaches(side)",
        "if writable[side]",
    ),
    Mutation(
        "a field that is kept follows the winner", "merge.py", "if first is FirstContact.KEEP:", "if False:"
    ),
    Mutation(
        "nobody is asked",
        "merge.py",
        "    if winner is Winner.ASK:\n        return None\n",
        "    if winner is Winner.ASK:\n        return case.field.otherwise, rule\n",
    ),
    Mutation(
        "a ruling is not heeded",
        "merge.py",
        "if ruled is not None and ruled.other in case.routes:",
        "if False:",
    ),
    Mutation(
        "a ruling goes to the other", "merge.py", "return ruled, Rule.RULED", "return ruled.other, Rule.RULED"
    ),
    Mutation(
        "times are not heeded",
        "merge.py",
        "return (case.given.newer, Rule.NEWEST) if case.given.newer else",
        "return (case.given.newer, Rule.NEWEST) if False else",
    ),
    Mutation(
        "a blank overwrites",
        "merge.py",
        "if blank(case.held[decision.source]) and not case.field.blanks:",
        "if False:",
    ),
    Mutation(
        "an emptied field is not filled by an edit",
        "merge.py",
        "if filled else QUIET",
        "if not filled else QUIET",
    ),
    Mutation(
        "a filling field overwrites",
        "merge.py",
        "return QUIET if case.field.fills else decision",
        "return decision",
    ),
    Mutation(
        "a filling field never fills",
        "merge.py",
        "    if blank(case.held[target]):\n        return decision\n",
        "    if blank(case.held[target]) and not case.field.fills:\n        return decision\n",
    ),
    Mutation(
        "the earlier edit is newest",
        "weigh.py",
        "return Side.A if a.earliest > b.latest else Side.B",
        "return Side.B if a.earliest > b.latest else Side.A",
    ),
    Mutation(
        "doubt of clocks is not heeded",
        "weigh.py",
        "(a.earliest <= b.latest and b.earliest <= a.latest)",
        "a == b",
    ),
    Mutation(
        "a ruling about values that moved stands",
        "weigh.py",
        "value is not MISSING and one.same(value, seen)",
        "value is not MISSING",
    ),
    Mutation(
        "who may differ is asked again",
        "weigh.py",
        "if decision is AGREED or (decision is ASK and ruled):",
        "if decision is AGREED:",
    ),
    Mutation(
        "a presumption lasts for ever",
        "weigh.py",
        "presumed=tally.presumed)",
        "presumed=pair.presumed)",
    ),
    Mutation(
        "a presumption ends where nothing travels",
        "weigh.py",
        "if scale.doubt and scale.is_open(decision):",
        "if scale.doubt and isinstance(decision, Take):",
    ),
    Mutation(
        "a presumption ends where a field is not spoken of",
        "weigh.py",
        "        tally.presumed |= scale.doubts\n",
        "        pass\n",
    ),
    Mutation(
        "agreed values are not remembered",
        "weigh.py",
        "tally.base[side][scale.one.name] = scale.held[side]",
        "pass",
    ),
    Mutation(
        "agreed parts are not remembered",
        "weigh.py",
        "tally.base[side][scale.one.name] = joined(scale.one, scale.base[side], told, side)",
        "pass",
    ),
    Mutation(
        "a part that nobody has is news",
        "weigh.py",
        "return None if one_sided and name not in self.held[side].parts else",
        "return None if False else",
    ),
    Mutation("a refused word is sent for ever", "weigh.py", "if told and not refused:", "if told:"),
    Mutation(
        "parts are not told as overruled",
        "weigh.py",
        "overrules=taken[move.field].overrules,",
        "overrules=False,",
    ),
    Mutation(
        "a log loses entries",
        "parts.py",
        "blanks = one.blanks and one.shape is not Shape.LOG",
        "blanks = one.blanks",
    ),
    Mutation(
        "other words are forgotten",
        "parts.py",
        "words = [told.pop(name, None) if name in changes else word",
        "words = [told.pop(name, None) if name in changes else None",
    ),
    Mutation(
        "an address of another type is another one", "parts.py", "name = known(compared)", "name = None"
    ),
    Mutation(
        "a type that one side does not tell differs",
        "entry.py",
        "if one[name] is not None and other.get(name) is not None)",
        "if True)",
    ),
    Mutation(
        "a list that only fills is added to",
        "weigh.py",
        "decision = _sparing(scale, piece.decide())",
        "decision = piece.decide()",
    ),
    Mutation("other names of a map are forgotten", "parts.py", "return {**kept, **{name", "return {**{name"),
    Mutation(
        "a word has another name on each side",
        "parts.py",
        "translated = word if side is Side.A else one.translate(word, Side.A)",
        "translated = word",
    ),
    Mutation(
        "a refused field is sent for ever",
        "carry.py",
        "if refusal.to is to and refusal.covers(one.name):",
        "if False:",
    ),
    Mutation(
        "a refusal holds for ever",
        "carry.py",
        "one for one in refused if one.moves and all(_stands(move, one.to, now, policy) for move in one.moves)",
        "one for one in refused if one.moves",
    ),
    Mutation(
        "a refused constant is sent for ever",
        "carry.py",
        "return policy.constants[to].get(move.field, MISSING) == move.value",
        "return False",
    ),
    Mutation(
        "an unmapped word takes its set along",
        "carry.py",
        "            problems.append(_unmapped(one, value, to))\n",
        "            return [], [_unmapped(one, value, to)]\n",
    ),
    Mutation(
        "an edited survivor is deleted",
        "absence.py",
        "    if was_edited(pair, left, survivor, terms.policy):\n",
        "    if False:\n",
    ),
    Mutation(
        "every survivor counts as edited",
        "absence.py",
        "    if was_edited(pair, left, survivor, terms.policy):\n",
        "    if True:\n",
    ),
    Mutation(
        "a refused delete is tried for ever",
        "absence.py",
        "if any(one.to is left and not one.moves for one in pair.refused):",
        "if False:",
    ),
    Mutation(
        "unlink deletes",
        "absence.py",
        "        case DeleteRule.UNLINK:\n            return gone, (Settled(),)",
        "        case DeleteRule.UNLINK:\n            return _propagate(gone, left, survivor, terms)",
    ),
    Mutation(
        "the rule of the lost side decides",
        "absence.py",
        "match terms.policy.deletes[left]:",
        "match terms.policy.deletes[left.other]:",
    ),
    Mutation(
        "a delete leaves for a closed side", "absence.py", "    if left in terms.closed:\n", "    if False:\n"
    ),
    Mutation("a delete expects nothing", "absence.py", "(Delete(left, expected),)", "(Delete(left, {}),)"),
    Mutation(
        "what stands outside is deleted",
        "absence.py",
        "if survivor.outside or pair.parted:",
        "if pair.parted:",
    ),
    Mutation(
        "who came back is deleted again",
        "absence.py",
        "if not (pair.buried or look.again):",
        "if not look.again:",
    ),
    Mutation(
        "what may be there again costs its counterpart",
        "absence.py",
        "if not (pair.buried or look.again):",
        "if not pair.buried:",
    ),
    Mutation(
        "who was parted is missed",
        "absence.py",
        "if survivor.outside or pair.parted:",
        "if survivor.outside:",
    ),
    Mutation("a restore is a new record", "absence.py", "terms, restores=True)", "terms)"),
)
