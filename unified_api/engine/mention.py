"""Names in a text that call their bearers, such as `@name`: kept from calling strangers on the other side.

A text that travels speaks of people of the side where it was written; over there the same name is somebody else's, or
nobody's. So a WORD JOINER (U+2060), which nobody sees, goes between the sign and the name of each mention that the
text would bring to a side whose system calls people by that sign. What a side's text mentioned before keeps the
spelling that it has there: an edit that comes back finds the names of that side as they were typed, and none of them
calls anybody that it had not called already.

    the text says     the other side's text says     what is written there
    @ann              nothing of her                 @ann with a joiner if that side calls by @, else as it is
    @bob, joined      @bob                           @bob
    @carl             @carl, joined                  @carl, joined

Compared are texts without joiners, so that none is an edit. A mention is a sign, any joiners, and a name. Left alone
is what stands within a web address, and a sign within a word, as in an e-mail address. Code is left alone where the
side's text is Markdown or HTML, for elsewhere it calls people like any text; what only begins like code (a fence that
never closes) is none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

JOINER: Final = "\u2060"
_FENCED: Final = (
    r"^[ ]{0,3}(?P<fence>(?P<mark>[`~])(?P=mark){2,}+)[^`\n]*\n(?:(?![ ]{0,3}(?P=fence)).*\n)*"
    r"[ ]{0,3}(?P=fence)(?P=mark)*+[ \t]*$"
)
#: No code begins or ends within an address.
_ADDRESS: Final = r"https?://[^\s<>`]+"
#: Each ends, or fails, where its own beginning stands again: no text takes longer than its length allows.
_MARKED: Final = (
    _FENCED,
    r"(?<![\\`])(?P<ticks>`{1,3})(?!`)[^`\n]+(?P=ticks)(?!`)",
    r"<(?P<element>pre|code)\b[^<>]*>(?:(?!</?(?P=element)\b)[\s\S])*</(?P=element)>",
)
_CODE: Final = re.compile("|".join(_MARKED), re.MULTILINE)
_NAME: Final = r"\w(?:[\w.:/-]*\w)?"


def bare(text: str, signs: Sequence[str]) -> str:
    """The text without the joiners of its mentions: the form in which it is compared."""
    return _mentions(tuple(signs)).sub(lambda found: _joined(found, lambda *_: ""), text) if signs else text


def spelt(text: str, held: str, signs: Sequence[str], calling: Sequence[str], *, marked: bool = False) -> str:
    """The text as it is written where `held` stands.

    signs: of either side; calling: those that call people there. marked: texts are Markdown or HTML there.
    """
    if not signs:
        return text
    pattern, known = _mentions(tuple(signs)), defaultdict[tuple[str, str, bool], list[str]](list)
    coded_before, coded_now = (_coded(one) if marked else _nowhere for one in (held, text))
    for found in pattern.finditer(held):
        if found["sign"]:
            known[*_whom(found), coded_before(found.start())].append(found["joiners"])

    def joiners(found: re.Match[str]) -> str:
        coded = coded_now(found.start())
        if before := known[*_whom(found), coded]:
            return before.pop(0)
        if coded:
            return found["joiners"]
        return (found["joiners"] or JOINER) if found["sign"] in calling else ""

    return pattern.sub(lambda found: _joined(found, joiners), text)


def _joined(found: re.Match[str], joiners: Callable[[re.Match[str]], str]) -> str:
    return found["sign"] + joiners(found) + found["name"] if found["sign"] else found[0]


def _coded(text: str) -> Callable[[int], bool]:
    """Whether a place of a text is within code."""
    spans = [found.span() for found in _CODE.finditer(text)]
    starts = [start for start, _end in spans]

    def within(place: int) -> bool:
        before = bisect_right(starts, place) - 1
        return before >= 0 and place < spans[before][1]

    return within


def _nowhere(_place: int) -> bool:
    return False


def _whom(found: re.Match[str]) -> tuple[str, str]:
    return found["sign"], found["name"].casefold()


@lru_cache(maxsize=64)
def _mentions(signs: tuple[str, ...]) -> re.Pattern[str]:
    """An address, or a mention by one of these signs; a sign of one letter does not stand within a word."""
    longest_first = sorted(set(signs), key=lambda sign: (-len(sign), sign))
    known = "|".join((r"(?<!\w)" if len(sign) == 1 else "") + re.escape(sign) for sign in longest_first)
    mention = f"(?P<sign>{known})(?P<joiners>{JOINER}*)(?P<name>{_NAME})"
    return re.compile(f"{_ADDRESS}|{mention}")
