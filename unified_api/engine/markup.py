"""What a reader sees of a text, whether it is marked up or plain: its words, and where its links and pictures lead.

Only elements of HTML are markup, so `Map<String, Integer>` and `<Enter>` are read as they stand. An address stands in
brackets behind what is seen of it, `report (https://…)`, unless the text of a link is its address.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from html import unescape
from html.parser import HTMLParser
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
_ELEMENT: Final = rf"/?(?:{_NAMES})(?:[\s/][^<>]*)?>"
_TAG: Final = re.compile(f"<{_ELEMENT}", re.IGNORECASE)
#: What the parser would take for a tag of some kind, and is none.
_NO_TAG: Final = re.compile(f"<(?!{_ELEMENT}|!--|!doctype)", re.IGNORECASE)
#: Elements whose content nobody sees, where they end.
_UNSEEN: Final = frozenset({"script", "style", "head", "title", "template"})
#: Elements within a word.
_DRESSING: Final = frozenset(
    {"a", "b", "i", "u", "s", "em", "strong", "span", "code", "font", "small", "sub", "sup"}
)

#: Parts of an address that its reader is not shown.
_UNSAID: Final = ("mailto:", "tel:")


def read(text: str) -> str:
    """What is seen of a text. Plain text that only looks like markup here and there ("a < b") keeps it."""
    if not _TAG.search(text):
        return _even(unescape(text))
    reader = _Reader({name for name in _UNSEEN if f"</{name}" in text.lower()})
    reader.feed(_NO_TAG.sub("&lt;", text))
    reader.close()
    return _even("".join(reader.seen))


def _even(text: str) -> str:
    return " ".join(text.split())


class _Reader(HTMLParser):
    """Collects what a reader sees."""

    def __init__(self, unseen: Collection[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []
        self._unseen, self._hidden = unseen, 0
        self._link: tuple[str, int] | None = None  # where it leads, and where its text begins

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element separates words, unless it only dresses them."""
        self._hidden += tag in self._unseen
        self._part(tag)
        told = dict(attrs)
        if tag == "a":
            self._end_link()
            self._link = (told.get("href") or "").strip(), len(self.seen)
        else:
            self.handle_data(told.get("alt") or "")
            self._lead(told.get("src") or told.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        """The same at its end."""
        self._hidden = max(self._hidden - (tag in self._unseen), 0)
        if tag == "a":
            self._end_link()
        self._part(tag)

    def handle_data(self, data: str) -> None:
        """Text, unless nobody sees it."""
        if not self._hidden:
            self.seen.append(data)

    def close(self) -> None:
        """A link that was never ended ends with the text."""
        super().close()
        self._end_link()

    def _part(self, tag: str) -> None:
        if tag not in _DRESSING:
            self.seen.append(" ")

    def _end_link(self) -> None:
        if self._link is None:
            return
        (address, begins), self._link = self._link, None
        shown = _even("".join(self.seen[begins:]))
        if shown not in {address, address.removesuffix("/"), *map(address.removeprefix, _UNSAID)}:
            self._lead(address)

    def _lead(self, address: str) -> None:
        if address:
            self.handle_data(f" ({address}) ")
