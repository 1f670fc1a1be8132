"""A document as one HTML page that needs nothing else: no script, no picture, no style sheet of another address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from unified_api.observe.documents.parts import Block, Document, Facts, Table

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5a6675; --line: #d9dee5; --paper: #fff; --band: #f4f6f9;
  --mark: #23527c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa6b5; --line: #364152; --paper: #161b22;
  --band: #1e2530; --mark: #8ab8e6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI",
  Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; padding-bottom: .3rem; border-bottom: 2px solid var(--line); }
p { margin: .5rem 0; }
.lead { font-size: 1.05rem; color: var(--soft); }
dl { display: grid; grid-template-columns: minmax(9rem, 17rem) 1fr; gap: .3rem 1.25rem; margin: .75rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
nav ol { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: 1.25rem 0 0; }
a { color: var(--mark); text-decoration: none; }
a:hover { text-decoration: underline; }
.wide { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .7rem; border-bottom: 1px solid var(--line);
  min-width: 5rem; }
th { background: var(--band); font-weight: 600; white-space: nowrap; }
code { font: .92em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--band);
  padding: .05em .3em; border-radius: 3px; }
pre { margin: .5rem 0; max-height: 24rem; overflow: auto; }
pre code { display: block; padding: .6rem .8rem; white-space: pre-wrap; }
footer { margin-top: 3rem; padding-top: .75rem; border-top: 1px solid var(--line); color: var(--soft);
  font-size: .87rem; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@media print { :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --band: #f2f2f2; --mark: #000; }
  body { font-size: 10pt; } main { max-width: none; padding: 0; } nav { display: none; } .wide { overflow: visible; }
  h2 { break-after: avoid; } tr, dt, dd { break-inside: avoid; } @page { margin: 18mm 16mm; } }
"""
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p class="lead">{lead}</p>
<nav aria-label="Sections"><ol>{contents}</ol></nav>
{sections}
<footer>{foot}</footer>
</main>
</body>
</html>
"""


def write(document: Document) -> str:
    """The document as one page."""
    sections = [(section.title, written(section.blocks)) for section in document.sections]
    return page(document.title, document.lead, sections, document.foot)


def page(title: str, lead: str, sections: Sequence[tuple[str, SafeString]], foot: str) -> str:
    """A page of sections that are written already, each with its title."""
    numbered = list(enumerate(sections, start=1))
    contents = format_html_join("", '<li><a href="#s{}">{}</a></li>', ((n, t) for n, (t, _) in numbered))
    section = '<section id="s{}">\n<h2>{}</h2>\n{}\n</section>'
    return format_html(
        _PAGE,
        title=title,
        style=mark_safe(_STYLE),  # noqa: S308 - the constant above
        lead=lead,
        contents=contents,
        sections=format_html_join("\n", section, ((n, t, blocks) for n, (t, blocks) in numbered)),
        foot=foot,
    )


def written(blocks: Iterable[Block]) -> SafeString:
    """Blocks, one below the other."""
    return format_html_join("\n", "{}", ((_block(block),) for block in blocks))


def _block(block: Block) -> SafeString:
    if isinstance(block, Facts):
        return format_html("<dl>{}</dl>", format_html_join("", "<dt>{}</dt><dd>{}</dd>", block.told))
    if isinstance(block, Table):
        return _table(block)
    return format_html("<p>{}</p>", block.text)


def _table(table: Table) -> SafeString:
    head = format_html_join("", '<th scope="col">{}</th>', ((cell,) for cell in table.header))
    rows = (
        (format_html_join("", "<td>{}</td>", ((_cell(table, at, cell),) for at, cell in enumerate(row))),)
        for row in table.rows
    )
    body = format_html_join("\n", "<tr>{}</tr>", rows)
    return format_html(
        '<div class="wide"><table><thead><tr>{}</tr></thead><tbody>\n{}\n</tbody></table></div>', head, body
    )


def _cell(table: Table, at: int, text: str) -> SafeString | str:
    return format_html("<code>{}</code>", text) if at in table.code and text else text
