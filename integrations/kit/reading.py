"""Lists, page by page, resumable from a JSON cursor.

A cursor is `{"since": …}` between runs, and during one it also has the run's `state`, `mode`, `began` and
`newest`. `rest`, where it is told, is the place in what the list leaves out, see `Behind`. The next run's `since`
is the earlier of the provider's own clock when this run's first answer left
it (its Date header) and of the newest change that was seen. Ours is asked only whether that Date lies in the future:
a clock that is ahead would hide what changes until it is reached, one that is late only has some records read twice.
A request asks for `since` minus the resource's lookback.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import structlog

from integrations.kit.decoding import Decoding, Seen, decode_page, joined, records_of, sound
from integrations.kit.endpoints import GET, Behind
from integrations.kit.errors import (
    SHAPELESS,
    Forbidden,
    Gone,
    Misconfigured,
    ProviderError,
    Rejected,
    RetryLater,
)
from integrations.kit.http import Answer
from integrations.kit.lens import Lens
from integrations.kit.observation import Bad, Observation, Page
from integrations.kit.paging import Among, Turn, Whole
from integrations.kit.paths import bury
from integrations.kit.provider import Resource
from integrations.kit.session import Session, beside
from integrations.kit.strict import Decoded

log = structlog.get_logger(__name__)
#: A list of more pages than this does not end.
MAX_PAGES = 200_000
#: Nor does one that shows the records of one page so often again.
MOST_ALIKE = 2


@dataclass(frozen=True)
class Reader:
    """Reads the lists of one account."""

    session: Session

    def pages(self, resource: Resource, cursor: dict[str, Any] | None, *, full: bool) -> Iterator[Page]:
        """The pages from a cursor on; None begins.

        A cursor in the midst of a run goes on as that run began.
        """
        if resource.list is None:
            raise Misconfigured(f"{self.session.provider.slug} does not list {resource.model.__name__}")
        whole, changed = self._spread(resource.list), resource.changes and self._spread(resource.changes)
        resource = replace(resource, list=whole, changes=changed)
        run = _begin(resource, cursor or {}, full=full)
        changes = changed if run["mode"] == "changes" else None
        while True:
            page, run, fault = self._page(resource, changes or whole, run)
            yield page
            if fault is not None:
                raise fault
            if page.last:
                return

    def few(self, resource: Resource, endpoint: GET, **facts: str) -> list[Observation]:
        """The records of a bounded search; none below a record that is gone."""
        found: list[Observation] = []
        state: dict[str, Any] | None = None
        for _number in range(endpoint.pages or 1):
            try:
                decoding, _answer, turn, _items = self._turn(resource, endpoint, state, {}, facts)
            except Gone:
                break
            found += [one for one in decoding.observations if not one.gone]
            state = endpoint.paging.next(state, turn) if endpoint.paging else None
            if state is None:
                break
        return found

    def page_of(
        self, resource: Resource, endpoint: GET, state: dict[str, Any] | None
    ) -> tuple[tuple[Observation, ...], dict[str, Any] | None]:
        """One page of a list whose run nobody keeps, and the state of the next page; None at the end."""
        endpoint = self._spread(endpoint)
        decoding, _answer, turn, _items = self._turn(resource, endpoint, state, {}, {})
        there = tuple(one for one in decoding.observations if not one.gone)
        return there, endpoint.paging.next(state, turn) if endpoint.paging else None

    def _spread(self, endpoint: GET) -> GET:
        """A list of which a table of the provider's says through which addresses it goes."""
        if not endpoint.among:
            return endpoint
        places = sorted(self.session.known(endpoint.among))
        return replace(endpoint, paging=Among(endpoint.of, places, endpoint.paging or Whole()))

    def _page(
        self, resource: Resource, endpoint: GET, run: dict[str, Any]
    ) -> tuple[Page, dict[str, Any], Misconfigured | None]:
        """A page, the run behind it, and why the list cannot go on: what was read of it counts all the same."""
        before = self.session.http.calls
        state = run.get("state")
        decoding, answer, turn, items = self._turn(resource, endpoint, state, _filter(resource, run), {})
        alike = _alike(run, decoding.observations, _place(endpoint, state))
        following, fault = _following(endpoint, {**run, **alike}, turn)
        limited = endpoint.pages is not None and run["page"] >= endpoint.pages
        stamps = _stamps(endpoint, items, decoding.observations)
        last = fault is None and (following is None or limited or _reaches_back(resource, run, stamps))
        rest: dict[str, Any] = {}
        if last and endpoint.behind and run["mode"] == "changes":
            decoding, rest = self._with_rest(resource, endpoint.behind, run, decoding)
        ours = self.session.http.connection.clock()
        run = {**_advance(run, _date(answer, ours), stamps), **alike}
        after = {"since": _next_since(resource, run), **rest} if last else {**run, "state": following}
        complete = last and not limited and resource.sweep and run["mode"] == "full"
        page = Page(
            decoding.observations,
            decoding.bad,
            cursor=after,
            last=last,
            complete=complete,
            requests=self.session.http.calls - before,
            unknown_words=decoding.unknown,
            skew=_skew(answer, ours),
        )
        return page, after, fault

    def _with_rest(
        self, resource: Resource, behind: Behind, run: dict[str, Any], before: Decoding
    ) -> tuple[Decoding, dict[str, Any]]:
        """What was read, with what the list leaves out, and what the cursor keeps of that.

        Without it where that may not be asked: a complete read finds what was missed so, while a run that failed for it
        would find nothing, and never end.
        """
        moments = self.session.http.connection.moments
        started = moments()
        try:
            records, place = behind(self.session, _horizon(resource, run), run.get("rest"))
        except (Forbidden, Rejected, Gone) as error:
            log.warning("left_out_unread", model=resource.model.__name__, error=str(error))
            return before, {}
        except SHAPELESS as error:
            raise Misconfigured(
                f"what lists of {resource.model.__name__} leave out does not have the shape that is documented"
            ) from error
        path = resource.list.path if resource.list else ""
        rest = decode_page(resource, records, Seen(started, moments(), path, "list", dirty=False))
        seen = {one.remote_id for one in rest.observations}
        kept = tuple(one for one in before.observations if one.remote_id not in seen)
        unknown = {
            word: before.unknown.get(word, 0) + rest.unknown.get(word, 0)
            for word in {**before.unknown, **rest.unknown}
        }
        found = Decoding((*kept, *rest.observations), (*before.bad, *rest.bad), unknown)
        return found, {"rest": place} if place else {}

    def _turn(
        self,
        resource: Resource,
        endpoint: GET,
        state: dict[str, Any] | None,
        extra: dict[str, str],
        facts: dict[str, str],
    ) -> tuple[Decoding, Answer, Turn, list[Any]]:
        paging = endpoint.paging.params(state) if endpoint.paging else {}
        answer, decoded = self._listed(
            resource, endpoint, {**extra, **paging}, facts, begun=state is not None
        )
        try:
            items = records_of(endpoint, decoded, status=answer.status)
        except Misconfigured as error:
            raise self.session.http.discreet(error) from None
        turn = Turn(decoded.data, answer.headers, len(items))
        items = _told_of(endpoint, items, {**facts, **paging})
        flawed: list[Bad] = []
        if decoded.flawed:
            items, flawed = sound(resource.mapping, items)
        with beside("something that belongs to a record of the list"):
            records, odd = joined(endpoint.then, self.session, items) if endpoint.then else (items, [])
        # Further requests of `then` may have brought news: the page arrived when the last of them did.
        arrived = self.session.http.connection.moments() if endpoint.then else answer.arrived
        of = resource.list if resource.list and endpoint is resource.changes else endpoint
        seen = Seen(answer.started, arrived, of.path, "list", decoded.dirty)
        decoding = decode_page(resource, records, seen)
        return replace(decoding, bad=(*flawed, *odd, *decoding.bad)), answer, turn, items

    def _listed(
        self,
        resource: Resource,
        endpoint: GET,
        query: dict[str, str],
        facts: dict[str, str],
        *,
        begun: bool,
    ) -> tuple[Answer, Decoded]:
        if endpoint.among and endpoint.of not in {**facts, **query}:
            return self._nothing(endpoint)
        below = any(f"{{{name}}}" in endpoint.path for name in facts)
        try:
            with self.session.surely() if below else nullcontext():
                return self.session.read(endpoint, query, **facts)
        except Forbidden:
            if query.get(endpoint.of) not in endpoint.if_allowed:
                raise
            return self._nothing(endpoint)
        except (Gone, Rejected) as error:
            if begun:  # such as a page token that has expired
                raise _lost(error) from error
            if isinstance(error, Rejected) or below:
                raise
            name = resource.model.__name__
            raise Forbidden(f"the provider has no list of {name} records here: {error}") from error

    def _nothing(self, endpoint: GET) -> tuple[Answer, Decoded]:
        """An empty list, which nobody was asked for."""
        moment = self.session.http.connection.moments()
        return Answer(HTTPStatus.OK, {}, b"", moment, moment), Decoded(bury(endpoint.items or "", []))


def _place(endpoint: GET, state: dict[str, Any] | None) -> str:
    """Of a list that goes through several addresses, which of these a state stands for."""
    several = endpoint.paging if endpoint.of_several else None
    return several.params(state).get(endpoint.of, "") if several else ""


def _told_of(endpoint: GET, items: list[Any], names: Mapping[str, str]) -> list[Any]:
    """Items of one of several addresses, each with the name of it."""
    if endpoint.of not in names:
        return items
    return [{**item, endpoint.of: names[endpoint.of]} if isinstance(item, dict) else item for item in items]


def _lost(error: ProviderError) -> RetryLater:
    """The first page was given, this one is refused: it is the place in the list that is not known any more."""
    lost = RetryLater(
        f"the provider does not let the list go on from here, so that it is read again from its beginning:"
        f" {error.message}",
        request=error.request,
        status=error.status,
        detail=error.detail,
    )
    lost.astray = True
    return lost


def _following(
    endpoint: GET, run: dict[str, Any], turn: Turn
) -> tuple[dict[str, Any] | None, Misconfigured | None]:
    """The state of the next page, None at the end; or why there can be none."""
    following, fault = None, None
    try:
        following = endpoint.paging.next(run.get("state"), turn) if endpoint.paging else None
    except Misconfigured as error:
        fault = error
    if following is not None and (endless := _endless(run)):
        fault = Misconfigured(endless)
    if fault is not None:
        fault.astray, fault.request, following = True, endpoint.name, run.get("state")
    return following, fault


def _endless(run: dict[str, Any]) -> str | None:
    """Why a list that says it goes on will never end."""
    if run.get("again", 0) >= MOST_ALIKE:
        return "several pages show the same records; the list would never end"
    if run["page"] >= MAX_PAGES:
        return f"the list has not ended after {MAX_PAGES} pages"
    return None


def _alike(run: dict[str, Any], seen: tuple[Observation, ...], place: str) -> dict[str, Any]:
    """What a run remembers of the records on its pages, to notice when it goes in circles at one of its addresses.

    One page, and a later one at each power of two (Brent): a circle of any length meets it again and again. Once is no
    proof, as a page may be read twice when records have moved.
    """
    if not seen:
        return {}
    told = "\x1f".join([place, *(o.remote_id for o in seen)])
    shown = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
    again = run.get("again", 0) + 1 if shown == run.get("shown") else run.get("again", 0)
    if run["page"] & (run["page"] - 1):
        return {"again": again, "shown": run.get("shown", shown)}
    return {"again": again if shown == run.get("shown") else 0, "shown": shown}


def begin_again(cursor: dict[str, Any] | None) -> dict[str, Any] | None:
    """The cursor of a run that starts over: what it knew between runs, without its place in the list."""
    known = {name: cursor[name] for name in ("since", "rest") if cursor.get(name)} if cursor else {}
    return known if "since" in known else None


def is_midway(cursor: dict[str, Any] | None) -> bool:
    """Whether a cursor stands somewhere in a list, behind its first page."""
    return bool(cursor) and "state" in (cursor or {})


def _begin(resource: Resource, cursor: dict[str, Any], *, full: bool) -> dict[str, Any]:
    if "state" in cursor:
        return cursor
    since = cursor.get("since")
    changes = resource.incremental and since is not None and not full
    kept = {"rest": cursor["rest"]} if changes and "rest" in cursor else {}
    return {"since": since, "mode": "changes" if changes else "full", "page": 1, **kept}


def _filter(resource: Resource, run: dict[str, Any]) -> dict[str, str]:
    since = resource.since if run["mode"] == "changes" else None
    return since.query(_horizon(resource, run)) if since else {}


def _horizon(resource: Resource, run: dict[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(run["since"]) - timedelta(seconds=resource.lookback)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _stamps(endpoint: GET, items: list[Any], seen: tuple[Observation, ...]) -> list[datetime]:
    """When the records of a page changed, as far as it says."""
    lens = endpoint.since.stamp if endpoint.since else None
    if lens is None:
        found = [o.values.get("remote_updated_at") for o in seen]
    else:
        found = [_stamp(lens, item) for item in items]
    return [moment for moment in found if moment]


def _stamp(lens: Lens, item: Any) -> datetime | None:
    try:
        return lens.read(item) or None
    except SHAPELESS:
        return None


def _reaches_back(resource: Resource, run: dict[str, Any], stamps: list[datetime]) -> bool:
    ordered = resource.since and resource.since.newest_first
    if not ordered or run["mode"] != "changes" or not stamps:
        return False
    return min(stamps) < _horizon(resource, run)


def _advance(run: dict[str, Any], date: str | None, stamps: list[datetime]) -> dict[str, Any]:
    known_newest = [run["newest"]] if "newest" in run else []
    newest = max([m.isoformat() for m in stamps] + known_newest, default=None)
    began = run.get("began") or date
    known = {"began": began, "newest": newest}
    return {**run, **{k: v for k, v in known.items() if v}, "page": run["page"] + 1}


def _next_since(resource: Resource, run: dict[str, Any]) -> str | None:
    """See above; but what is newest in a list of one address says nothing of others that changes go through."""
    counts = ["began", "newest"]
    if run["mode"] == "full" and "began" in run and _goes_further(resource):
        counts.remove("newest")
    known = [datetime.fromisoformat(run[k]) for k in counts if k in run]
    return min(known).isoformat() if known else run["since"]


def _goes_further(resource: Resource) -> bool:
    listed, changes = resource.list, resource.changes
    return bool(changes and changes.of_several and listed and not listed.of_several)


def _date(answer: Answer, ours: datetime) -> str | None:
    """When an answer left, by its provider's clock, but not in the future."""
    told = answer.date
    return min(told, ours).isoformat() if told else None


def _skew(answer: Answer, ours: datetime) -> float | None:
    """By how many seconds the provider's clock is ahead of ours, as far as whole seconds can tell."""
    told = answer.date
    return (told - ours).total_seconds() if told else None
