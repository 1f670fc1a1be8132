"""All linked accounts of where somebody comes from, one after the other, and what became of them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from unified_api.management.importing import scopes
from unified_api.management.importing.account import Import, Report, renamed
from unified_api.management.importing.answers import Listed, Malformed, Refused, Unreachable
from unified_api.management.importing.parts import Overtaken
from unified_api.management.importing.source import Source
from unified_api.management.importing.tokens import Tokens

Document = dict[str, Any]


class Run:
    """One run over all accounts that a file of tokens has, in the scope of the tenant.

    slugs: ours by theirs, for integrations that are called otherwise here.
    """

    def __init__(
        self,
        source: Source,
        tokens: Tokens,
        slugs: Mapping[str, str],
        *,
        dry_run: bool,
        tell: Callable[[str], None],
    ) -> None:
        self.source, self.tokens, self.slugs = source, tokens, slugs
        self.dry_run, self.tell = dry_run, tell
        self.without_token = 0
        self.not_understood: list[str] = []
        self._scoped: set[str] = set()

    def go(self) -> Document:
        """The document of the command; `failed` says what a person has to see to."""
        reports: list[Report] = []
        stopped = ""
        try:
            for listed, token in self._chosen():
                source = self.source.of(token)
                self._default_scopes(source, listed.category)
                one = Import(source, renamed(listed, self.slugs), token, dry_run=self.dry_run, tell=self.tell)
                reports.append(one.report)
                one.go()
                self.tell(_line(one.report))
        except (Unreachable, Overtaken) as error:
            stopped = f"{error} Run it again: it goes on where it stood."
        except (Refused, Malformed) as error:
            stopped = f"The list of linked accounts could not be read: {error}. Is the API key the right one?"
        return self._document(reports, stopped)

    def _chosen(self) -> Iterator[tuple[Listed, Any]]:
        """Each account once that a token was given for."""
        seen: set[uuid.UUID] = set()
        for listed in self.source.accounts():
            if isinstance(listed, str):
                self.not_understood.append(listed)
            elif listed.id not in seen:
                seen.add(listed.id)
                token = self.tokens.of(
                    listed.id, listed.end_user_origin_id, listed.category, listed.integration
                )
                if token is None:
                    self.without_token += 1
                else:
                    yield listed, token

    def _default_scopes(self, source: Source, category: str) -> None:
        """What holds for all accounts of a category, once a run, before any of them is made."""
        if category in self._scoped:
            return
        self._scoped.add(category)
        problems: list[str] = []
        try:
            says = scopes.told(source.default_scopes(category), category, problems)
        except (Refused, Malformed) as error:
            self.not_understood.append(f"Default scopes of {category} could not be read: {error}.")
            return
        self.not_understood += problems
        if not self.dry_run:
            scopes.keep_of_all(says)

    def _document(self, reports: list[Report], stopped: str) -> Document:
        states = Counter(report.state for report in reports)
        lines = self.tokens.unused()
        open_ = states["refused"] + states["unfinished"]
        failed = stopped or (
            f"{open_} of {len(reports)} linked accounts were not imported." if open_ else None
        )
        return {
            "dry_run": self.dry_run,
            "accounts": [_shown(report) for report in reports],
            "without_token": self.without_token,
            "tokens_without_account": [] if stopped else lines,
            "problems": self.not_understood,
            "failed": failed,
        }


def tell(document: Document) -> Iterator[str]:
    """The document in lines for people."""
    for one in document["accounts"]:
        yield f"{one['linked_account_id']}  {one['end_user_origin_id']} at {one['integration']}: {one['state']}"
        if one["reason"]:
            yield f"  {one['reason']}"
        counts = sum((Counter(counts) for counts in one["models"].values()), Counter[str]())
        yield f"  ids: {counted(counts)}; models limited: {one['limited']}, fields mapped: {one['mapped']}"
        yield from (f"  {problem}" for problem in one["problems"])
        if one["more_problems"]:
            yield f"  … and {one['more_problems']} more"
    yield from document["problems"]
    if document["without_token"]:
        yield f"{document['without_token']} linked accounts there have no token in the file, and were left out."
    if lines := document["tokens_without_account"]:
        yield f"Tokens whose account is not there any more, by line: {', '.join(map(str, lines))}."
    if document["dry_run"]:
        yield "Nothing was changed."


def counted(counts: Mapping[str, int]) -> str:
    """Counts of ids in words."""
    return (
        f"{counts.get('kept', 0)} taken over, {counts.get('same', 0)} as they are here anyhow,"
        f" {counts.get('refused', 0)} refused, {counts.get('nameless', 0)} records without a remote id"
    )


def _line(report: Report) -> str:
    counts = sum(report.models.values(), Counter[str]())
    return f"{report.listed.id}: {report.state}; ids: {counted(counts)}"


def _shown(report: Report) -> Document:
    listed = report.listed
    return {
        "linked_account_id": str(listed.id),
        "end_user_origin_id": listed.end_user_origin_id,
        "category": listed.category,
        "integration": listed.integration,
        "state": report.state,
        "reason": report.reason,
        "models": {name: dict(counts) for name, counts in report.models.items()},
        "limited": report.limited,
        "mapped": report.mapped,
        "problems": report.problems,
        "more_problems": report.more_problems,
    }
