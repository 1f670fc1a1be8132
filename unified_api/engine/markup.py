"""What a reader sees of a text, whether it is marked up or plain: its words, and where its links and pictures lead.

Only elements of HTML are markup, so `Map<String, Integer>` and `<Enter>` are read as they stand. An address stands in
brackets behind what is seen of it, `report (https://…)`, unless the text of a link is its address.

A text may come from anybody. So it is read by patterns that never look behind the next `<` and never go back, in time
that grows with its length, and there is none that cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from html import unescape
from typing import Final

_NAMES: Final = (
    "a|abbr|acronym|address|area|article|aside|audio|b|base|bdi|bdo|big|blink|blockquote|body|br|button|"
    "canvas|caption|center|cite|code|col|colgroup|data|datalist|dd|del|details|dfn|dialog|dir|div|dl|dt|"
    "em|embed|fieldset|figcaption|figure|font|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6|head|header|"
    "hgroup|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|link|main|map|mark|marquee|menu|meta|"
    "meter|nav|nobr|noscript|object|ol|optgroup|option|output|p|param|picture|pre|progress|q|rp|rt|ruby|"
    "s|samp|script|section|select|slot|small|source|span|strike|strong|style|sub|summary|sup|table|tbody|"
    "td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr|"
    "o:p"  # of letters that were written with Outlook
)
#: A value in quotes may hold a >. What is quoted, or is no tag, ends where the next one may begin.
_WITHIN: Final = r"""(?:[^<>=]++|=\s*+(?:"[^"<]*+"|'[^'<]*+')|=)*+"""
_TAG: Final = re.compile(
    rf"<(?P<ends>/?)(?P<name>{_NAMES})(?P<told>(?:[\s/]{_WITHIN})?)>|<!doctype[^<>]*>", re.IGNORECASE
)
_ATTRIBUTE: Final = re.compile(
    r"""(?P<name>[^\s/=]++)(?:\s*+=\s*+(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>\S*+)))?"""
)
#: A number that may be too long for Python to read it; no letter has one of so many digits.
_NUMBER: Final = re.compile(r"&#(?P<digits>[0-9]{8,});?")
_NO_LETTER: Final = "\N{REPLACEMENT CHARACTER}"
#: Elements whose content nobody sees, where they end; and those of them that hold no elements, only their end.
_UNSEEN: Final = frozenset({"script", "style", "head", "title", "template"})
_CLOSED: Final = frozenset({"script", "style"})
#: Elements within a word.
_DRESSING: Final = frozenset(
    {"a", "b", "i", "u", "s", "em", "strong", "span", "code", "font", "small", "sub", "sup"}
)

#: Parts of an address that its reader is not shown.
_UNSAID: Final = ("mailto:", "tel:")


def read(text: str) -> str:
    """What is seen of a text. Plain text that only looks like markup here and there ("a < b") keeps it."""
    if not _TAG.search(text):
        return _even(_unescaped(text))
    text, at = _uncommented(text), 0
    lowered = text.lower()
    reader = _Reader({name for name in _UNSEEN if f"</{name}" in lowered})
    for tag in _TAG.finditer(text):
        reader.text(_unescaped(text[at : tag.start()]))
        reader.tag(tag)
        at = tag.end()
    reader.text(_unescaped(text[at:]))
    return reader.read()


def _even(text: str) -> str:
    return " ".join(text.split())


def _unescaped(text: str) -> str:
    return unescape(_NUMBER.sub(_readable, text))


def _readable(found: re.Match[str]) -> str:
    digits = found["digits"].lstrip("0") or "0"
    return f"&#{digits};" if len(digits) < 8 else _NO_LETTER  # noqa: PLR2004 - as in the pattern


def _uncommented(text: str) -> str:
    """The text without its comments; one that never ends is none."""
    kept, at = [], 0
    while (begins := text.find("<!--", at)) >= 0 and (ends := text.find("-->", begins + 2)) >= 0:
        kept.append(text[at:begins])
        at = ends + 3
    return "".join((*kept, text[at:]))


def _attributes(told: str) -> dict[str, str]:
    """What an element is told, by lower-case name."""
    return {
        one["name"].lower(): _unescaped(one["double"] or one["single"] or one["bare"] or "")
        for one in _ATTRIBUTE.finditer(told)
    }


class _Reader:
    """Collects what a reader sees."""

    def __init__(self, unseen: Collection[str]) -> None:
        self._seen: list[str] = []
        self._unseen, self._hidden = unseen, 0
        self._within: str | None = None  # an element that holds no others
        self._link: tuple[str, int] | None = None  # where it leads, and where its text begins

    def read(self) -> str:
        """All that was seen. A link that was never ended ends with the text."""
        self._end_link()
        return _even("".join(self._seen))

    def text(self, told: str) -> None:
        """Text, unless nobody sees it."""
        if not self._hidden:
            self._seen.append(told)

    def tag(self, found: re.Match[str]) -> None:
        """An element begins or ends, which separates words unless it only dresses them."""
        name = (found["name"] or "").lower()
        if not name or (self._within and not (found["ends"] and name == self._within)):
            return
        if found["ends"]:
            self._end(name)
        else:
            self._begin(name, _attributes(found["told"]))

    def _begin(self, name: str, told: dict[str, str]) -> None:
        self._hidden += name in self._unseen
        self._within = name if name in _CLOSED & {*self._unseen} else None
        self._part(name)
        if name == "a":
            self._end_link()
            self._link = told.get("href", "").strip(), len(self._seen)
        else:
            self.text(told.get("alt", ""))
            self._lead(told.get("src") or told.get("href") or "")

    def _end(self, name: str) -> None:
        self._within = None
        self._hidden = max(self._hidden - (name in self._unseen), 0)
        if name == "a":
            self._end_link()
        self._part(name)

    def _part(self, name: str) -> None:
        if name not in _DRESSING:
            self._seen.append(" ")

    def _end_link(self) -> None:
        if self._link is None:
            return
        (address, begins), self._link = self._link, None
        shown = _even("".join(self._seen[begins:]))
        if shown not in {address, address.removesuffix("/"), *map(address.removeprefix, _UNSAID)}:
            self._lead(address)

    def _lead(self, address: str) -> None:
        if address:
            self.text(f" ({address}) ")
