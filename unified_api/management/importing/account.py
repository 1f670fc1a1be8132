"""One linked account from elsewhere: taken over under its id and token, then its settings, then ids of its records.

    (made, all parts to come) ─▶ settings ─▶ ids, model by model, page by page ─▶ (finished: it may be linked)

Each step is a transaction of its own, and nothing is asked of the source in one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db import transaction

from integrations.kit.provider import Provider
from tenants import accounts, importing
from tenants.importing import NotImported
from tenants.models import LinkedAccount
from tenants.vault import Secret
from unified_api import registry
from unified_api.management.importing import mappings, parts, scopes
from unified_api.management.importing.answers import Listed, Malformed, Page, Refused
from unified_api.management.importing.source import Source
from unified_api.models.base import CommonModel, model_id
from unified_api.sync import clock, imported_ids
from unified_api.sync.models_account import ImportedPart

#: What one account tells of its problems, in full; of the others, how many there are.
FEW: Final = 20
_UNAUTHORIZED: Final = 401
#: Pages of a long list after which it is told how it goes.
_TOLD_EACH: Final = 50


@dataclass
class Report:
    """What became of an account. state: `imported`, `unfinished` or `refused`, and why; models: counts of ids."""

    listed: Listed
    state: str = "imported"
    reason: str = ""
    models: dict[str, Counter[str]] = field(default_factory=dict)
    limited: int = 0
    mapped: int = 0
    problems: list[str] = field(default_factory=list)
    more_problems: int = 0

    def trouble(self, sentences: list[str]) -> None:
        """Tell of problems, of the first few in full."""
        room = max(0, FEW - len(self.problems))
        self.problems += sentences[:room]
        self.more_problems += len(sentences[room:])


def refuse_unknown(listed: Listed) -> None:
    """Raise NotImported where no adapter of this installation has such accounts."""
    try:
        provider: Provider = registry.by_slug(listed.integration)
    except registry.UnknownIntegration as error:
        raise NotImported(f"{error} Name one by --integration {listed.integration}=SLUG.") from error
    if listed.category not in provider.categories:
        raise NotImported(f"{provider.name} has no accounts of {listed.category} here.")
    if listed.is_test and not provider.rehearses:
        raise NotImported(f"It is a test account, and {provider.name} is no sandbox.")


class Import:
    """The import of one account, in the scope of its tenant. source: as that account."""

    def __init__(
        self, source: Source, listed: Listed, token: Secret, *, dry_run: bool, tell: Callable[[str], None]
    ) -> None:
        self.source, self.listed, self.token = source, listed, token
        self.dry_run, self.tell = dry_run, tell
        self.report = Report(listed)

    def go(self) -> Report:
        """As far as it goes; raises Unreachable and Overtaken."""
        try:
            refuse_unknown(self.listed)
            is_known = self._is_known()
            self._refuse_other_token()
            if is_known:
                self._refuse_new_token()
        except (NotImported, Refused, Malformed) as error:
            return self._ended("refused", str(error))
        try:
            known = {} if self.dry_run else self._begin(is_known=is_known)
            self._settings(known.get(parts.SETTINGS))
            for model in parts.models_of(self.listed.category):
                self._model(model, known.get(model_id(model)))
        except NotImported as error:
            return self._ended("refused", str(error))
        except (Refused, Malformed) as error:
            return self._ended("unfinished", str(error))
        return self.report

    def _ended(self, state: str, reason: str) -> Report:
        self.report.state, self.report.reason = state, reason
        return self.report

    def _is_known(self) -> bool:
        """Whether an earlier run made the account; raises NotImported where it is another one's."""
        with transaction.atomic():
            is_here = LinkedAccount.objects.filter(id=self.listed.id, deleted_at=None).exists()
            if is_here and parts.is_known(self.listed.id):
                return True
            importing.refuse_taken(self._account())
            return False

    def _refuse_other_token(self) -> None:
        told = self.source.account_id(self.listed.category)
        if told != self.listed.id:
            raise NotImported(f"Its account token opens another linked account there: {told}.")

    def _refuse_new_token(self) -> None:
        with transaction.atomic():
            found = accounts.by_token(self.token)
        if found is None or found.id != self.listed.id:
            raise NotImported(
                "Its account token is another one than was imported before, which still opens it here. Give that one in"
                " the file; where it is lost, `account-token/regenerate` makes one here for your code to keep."
            )

    def _account(self) -> LinkedAccount:
        listed = self.listed
        names = ("id", "category", "integration", "end_user_origin_id")
        return LinkedAccount(**{name: getattr(listed, name) for name in names})

    def _begin(self, *, is_known: bool) -> dict[str, ImportedPart]:
        """Make the account if there is none; its parts, of which some may be there."""
        about: dict[str, Any] = {
            k: v for k, v in vars(self.listed).items() if k not in {"id", "completed_at"}
        }
        with transaction.atomic(durable=True):
            if not is_known:
                completed = self.listed.completed_at or clock.now()
                importing.bring_in(self.listed.id, self.token, completed_at=completed, **about)
            return parts.begin(self.listed.id, self.listed.category)

    def _settings(self, part: ImportedPart | None) -> None:
        """Scopes and mappings, once: what a person changes here afterwards stays."""
        if part is not None and part.finished_at is not None:
            return
        category, problems = self.listed.category, list[str]()
        says = self._asked("scopes", lambda: scopes.told(self.source.scopes(category), category, problems))
        told = self._asked(
            "field mappings", lambda: mappings.told(self.source.mappings(category), category, problems)
        )
        if part is None:
            self.report.mapped = len(told or [])
        else:
            with transaction.atomic():
                account = LinkedAccount.objects.get(id=self.listed.id)
                self.report.limited = scopes.keep_own(account, says or {})
                self.report.mapped = mappings.keep(account, told or [], problems)
            parts.finish(part)
        self.report.trouble(problems)

    def _asked(self, what: str, ask: Any) -> Any:
        """An answer; None where there is none of this kind, which is a problem."""
        try:
            return ask()
        except Refused as error:
            if error.status == _UNAUTHORIZED:
                raise
            self.report.trouble([f"{what} could not be read: {error}. None are taken over."])
            return None

    def _model(self, model: type[CommonModel], part: ImportedPart | None) -> None:
        """The ids of a model's records, from where an earlier run stood."""
        begun = part.cursor if part else None
        try:
            self._read(model, part)
        except Refused as error:
            if error.status == _UNAUTHORIZED or (part and part.cursor != begun):
                raise
            if part is not None and begun is not None:  # a cursor does not last for ever
                parts.begin_anew(part)
                self._model(model, part)
                return
            self.report.trouble(
                [f"{model_id(model)} could not be read: {error}. No ids of it are taken over."]
            )
        if part is not None:
            parts.finish(part)

    def _read(self, model: type[CommonModel], part: ImportedPart | None) -> None:
        since = part.newest - parts.LOOKBACK if part and part.finished_at and part.newest else None
        pages = self.source.pages(model, part.cursor if part else None, since)
        for number, page in enumerate(pages, 1):
            self._count(model, page, self._landed(model, page, part))
            if number % _TOLD_EACH == 0:
                self.tell(f"{self.listed.id}: {model_id(model)}, {number} pages")

    def _landed(
        self, model: type[CommonModel], page: Page, part: ImportedPart | None
    ) -> imported_ids.Weighed:
        if part is None:
            with transaction.atomic():
                return imported_ids.weigh(self.listed.id, model, page.ids)
        with parts.landing(part, page.next, page.newest):
            weighed = imported_ids.weigh(self.listed.id, model, page.ids)
            imported_ids.keep(self.listed.id, model, weighed)
        return weighed

    def _count(self, model: type[CommonModel], page: Page, weighed: imported_ids.Weighed) -> None:
        bad = [f"{model_id(model)}: {fault}" for fault in page.bad]
        counts = self.report.models.setdefault(model_id(model), Counter())
        counts.update(
            kept=len(weighed.fresh),
            same=weighed.same,
            refused=len(weighed.refused) + len(bad),
            nameless=page.nameless,
        )
        self.report.trouble([*weighed.refused, *bad])


def renamed(listed: Listed, slugs: Mapping[str, str]) -> Listed:
    """The account with our slug of its integration."""
    return replace(listed, integration=slugs.get(listed.integration, listed.integration))
