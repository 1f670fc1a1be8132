"""`bridge apply`, `export` and `versions`: bridges as files, and what they were told before."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants import accounts
from tenants.models import LinkedAccount
from tenants.scope import scope
from unified_api.management.answering import Document, moment, take_json
from unified_api.management.bridge.verb import (
    Options,
    Progress,
    Verb,
    meant,
    one_tenant,
    take_bridge,
    take_tenant,
)
from unified_api.sync.bridge import applying, exporting, versions
from unified_api.sync.bridge.file import BridgeFile, FileRefused, parse
from unified_api.sync.models_bridge import Bridge, BridgeVersion


def _take_apply(parser: CommandParser) -> None:
    parser.add_argument("file", metavar="FILE", help="YAML, see docs/bridges.md")
    take_tenant(parser)
    parser.add_argument("--live", action="store_true", help="write by themselves at once, whatever is new")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be made or changed")
    parser.add_argument(
        "--across-end-users",
        action="store_true",
        help="as an administrator of the tenant, let data of one end user reach another; goes on record",
    )
    take_json(parser)


def _apply(options: Options, _progress: Progress) -> Document:
    try:
        file = parse(_text(options["file"]), Path(options["file"]).name)
        how = applying.How(live=options["live"], crossing=options["across_end_users"])
        with scope(_tenant(file, options["tenant"])):
            applied = applying.apply(file, how, dry_run=options["dry_run"])
            with transaction.atomic():
                left = [bridge.model for bridge in applying.left_out(file)]
    except FileRefused as error:
        if options["json"]:
            return {"mistakes": _mistakes(error), "failed": str(error)}
        raise CommandError(str(error)) from error
    return {
        "name": file.data["name"],
        "dry_run": options["dry_run"],
        "bridges": [one.as_data() for one in applied],
        "left_out": left,
    }


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def _tenant(file: BridgeFile, given: str | None) -> uuid.UUID:
    named = given or file.data.get("tenant")
    located = accounts.locate(file.data["a"].get("account", ""))
    return located[0] if located and not named else one_tenant(named)


def _mistakes(error: FileRefused) -> list[Document]:
    return [
        {"file": error.name, "line": one.spot.line, "column": one.spot.column, "mistake": one.sentence}
        for one in error.faults
    ]


def _tell_applied(document: Document) -> Iterator[str]:
    would = "would be " if document.get("dry_run") else ""
    for one in document.get("bridges", ()):
        yield f"{one['model']}: {would}{one['what']}, version {one['version']} ({one['bridge_id']})"
        yield from (f"  {d['place']}: {_shown(d['was'])} -> {_shown(d['now'])}" for d in one["differences"])
        if one["mode"] == Bridge.Mode.PLAN and one["what"] != "unchanged":
            why = f" again, since {', '.join(one['wider'])}" if one["wider"] else ""
            yield f"  It makes plans{why}: `bridge plan {document['name']}` shows what it would write."
        yield from (f"  {sentence}" for sentence in one["limits"])
    for model in document.get("left_out", ()):
        yield f"{model} is not in the file any more: its bridge goes on as it is, until it is paused or ended."


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)


def _take_export(parser: CommandParser) -> None:
    take_bridge(parser)
    take_json(parser)


def _export(options: Options, _progress: Progress) -> Document:
    about = meant(options)
    with scope(about.tenant), transaction.atomic():
        bridges = list(Bridge.objects.filter(id__in=about.bridges).order_by("created_at", "id"))
        first = bridges[0]
        named = list(Bridge.objects.filter(name=first.name).order_by("created_at", "id"))
        bridges = named if first.name else bridges
        known = LinkedAccount.objects.in_bulk([first.account_a, first.account_b])
        return {"file": exporting.export(bridges, known), **exporting.declared(bridges, known)}


def _tell_file(document: Document) -> Iterable[str]:
    return str(document["file"]).splitlines()


def _take_versions(parser: CommandParser) -> None:
    take_bridge(parser)
    take_json(parser)


def _versions(options: Options, _progress: Progress) -> Document:
    return meant(options).each(_versions_of)


def _versions_of(bridge: Bridge) -> Document:
    kept = list(BridgeVersion.objects.filter(bridge_id=bridge.id).order_by("version"))
    return {
        "bridge_id": str(bridge.id),
        "model": bridge.model,
        "versions": list(versions.shown(bridge, kept)),
    }


def _tell_versions(document: Document) -> Iterator[str]:
    for one in document.get("bridges", [document]):
        yield f"{one['model']} ({one['bridge_id']})"
        for version in one["versions"]:
            yield f"  {version['version']}  {moment(version['at'])}  {version['by']}"
            yield from (
                f"     {d['place']}: {_shown(d['was'])} -> {_shown(d['now'])}" for d in version["differences"]
            )


APPLY = Verb(
    "apply", "make the bridges of a file, or tell them what has changed", _take_apply, _apply, _tell_applied
)
EXPORT = Verb("export", "write the file of bridges that there are", _take_export, _export, _tell_file)
VERSIONS = Verb(
    "versions", "what bridges were told, since when, by whom", _take_versions, _versions, _tell_versions
)
