"""`manage.py new_adapter SLUG`: the files of an adapter that passes the conformance suite, to be changed then."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from string import Template
from typing import Any, Final

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from unified_api import registry
from unified_api.management.answering import AnsweringCommand, Document

_SKELETON: Final = Path(__file__).resolve().parents[1] / "skeleton"
#: What is written where.
_FILES: Final = {
    "integrations/providers/$module.py": "adapter",
    "tests/emulators/vendors/$module.py": "vendor",
    "tests/integrations/providers/$module/__init__.py": None,
    "tests/integrations/providers/$module/far_side.py": "far_side",
    "tests/integrations/fixtures/$slug/Ticket.json": "fixture",
    "docs/integrations/$slug.md": "page",
}
_SLUG: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Command(AnsweringCommand):
    """Files for an adapter."""

    help = "Write the skeleton of an adapter, with an emulator, fixtures and its page; it passes make conformance."
    called = "new_adapter"

    def take(self, parser: CommandParser) -> None:
        """Its name."""
        parser.add_argument("slug", help="in small letters, with hyphens: bugs-by-example")
        parser.add_argument("--name", help="as people write it (the slug with capitals)")
        parser.add_argument(
            "--into", default=str(settings.BASE_DIR), help="the root of the repository (this one)"
        )

    def answer(self, **options: Any) -> Document:
        """The files that were written."""
        slug, root = options["slug"], Path(options["into"])
        names = {
            "slug": slug,
            "module": slug.replace("-", "_"),
            "name": options["name"] or slug.replace("-", " ").title(),
        }
        texts = {root / _filled(path, names): _text(kind, names) for path, kind in _FILES.items()}
        if fault := _fault(slug, texts):
            raise CommandError(fault)
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return {"slug": slug, "files": [str(path.relative_to(root)) for path in texts]}

    def tell(self, document: Document) -> Iterable[str]:
        """What there is now, and what comes next."""
        yield from document["files"]
        yield f'Try it: make conformance ARGS="-k {document["slug"]}". Then change it: docs/adding-an-adapter.md.'


def _fault(slug: str, texts: Iterable[Path]) -> str | None:
    """Why nothing can be written."""
    if not _SLUG.fullmatch(slug):
        return f"{slug!r} is no slug: small letters and digits, words joined by hyphens."
    if slug in {provider.slug for provider in registry.all()}:
        return f"There is an adapter {slug} already."
    there = [str(path) for path in texts if path.exists()]
    return (
        f"These files are there already: {', '.join(there)}. Remove them, or choose another slug."
        if there
        else None
    )


def _text(kind: str | None, names: dict[str, str]) -> str:
    return _filled((_SKELETON / f"{kind}.txt").read_text(encoding="utf-8"), names) if kind else ""


def _filled(text: str, names: dict[str, str]) -> str:
    return Template(text).safe_substitute(names)
