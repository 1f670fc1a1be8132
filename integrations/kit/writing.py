"""Creates, updates and deletes: what is sent is the difference to what is there, read just before.

Where the provider has conditional writes, the condition is read *before* the record: an edit between the two
makes the write fail, and it is thought over again. Where it has none, an edit between reading and writing may
be lost; it is one request wide, and only for the fields that are sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast

import structlog

from integrations.kit.content import Content
from integrations.kit.decoding import Seen, decode_one, whole
from integrations.kit.endpoints import GET, Amend, Stamp, Steps, Upload, Write
from integrations.kit.errors import (
    SHAPELESS,
    Forbidden,
    Gone,
    Misconfigured,
    Moved,
    NeedsReauthorisation,
    ProviderError,
    Rejected,
    RetryLater,
    Uncertain,
    Unmappable,
)
from integrations.kit.http import Answer
from integrations.kit.observation import Observation, Shape
from integrations.kit.paths import MISSING, bury, dig, steps
from integrations.kit.provider import FILE_ADDRESS, Resource
from integrations.kit.session import Session
from integrations.kit.strict import Decoded

log = structlog.get_logger(__name__)

#: So often a conditional write is thought over again, when others keep writing to the same record.
_ROUNDS = 3


@dataclass(frozen=True)
class Writer:
    """Writes to one account."""

    session: Session

    def read(self, resource: Resource, remote_id: str) -> Observation:
        """One record; raises Gone, of a merged one with the record that it was merged into."""
        if resource.get is None:
            raise Misconfigured(
                f"{self.session.provider.slug} does not show a single {resource.model.__name__}"
            )
        return self._look(resource, resource.get, remote_id)[0]

    def _look(self, resource: Resource, endpoint: GET, remote_id: str) -> tuple[Observation, datetime | None]:
        """One record, and what the provider's clock said; raises Gone."""
        answer, decoded, record = self.session.one(endpoint, remote_id)
        arrived = self.session.http.connection.moments() if endpoint.then else answer.arrived
        seen = Seen(answer.started, arrived, endpoint.path, "get", decoded.dirty)
        return _itself(resource, remote_id, _observed(resource, record, seen)), answer.date

    def _before(self, resource: Resource, remote_id: str, stamp: Stamp | None) -> Observation:
        """The record as it is before a write, when every later change will show in its stamp; raises Gone, Moved."""
        if stamp is None or resource.get is None:
            return self.read(resource, remote_id)
        seen: datetime | None = None
        for _look in range(_ROUNDS):
            there, now = self._look(resource, resource.get, remote_id)
            changed = _changed(stamp, there.raw)
            if changed is None or changed == seen or _is_over(stamp, changed, now):
                return there
            seen = changed
            self.session.http.connection.sleep(stamp.seconds)
        raise Moved("the record kept changing before it could be written", request=f"GET {resource.get.path}")

    def create(
        self,
        resource: Resource,
        values: dict[str, Any],
        content: Content | None = None,
        *,
        unmoved: bool = False,
    ) -> Observation:
        """A new record, as the provider shows it afterwards. unmoved: see finish."""
        if resource.create is None:
            raise _refused(self.session, resource, "created")
        missing = {
            n: "is required" for n in sorted(resource.requires("create")) if values.get(n) in (None, [], "")
        }
        if missing:
            raise Rejected(
                f"the {resource.model.__name__.lower()} lacks what the provider requires", fields=missing
            )
        said = {name: value for name, value in values.items() if not (content and name == FILE_ADDRESS)}
        body = self._body(resource, said)
        with _common_names(resource):
            observation = self._create(resource, body, content)
        return self.finish(resource, observation, said, unmoved=unmoved)

    def complete(self, resource: Resource, remote_id: str, values: Mapping[str, Any]) -> Observation:
        """A record whose create broke off behind its id, once the rest of it was sent; raises Gone."""
        if resource.complete is None:
            raise Gone("there is no such record at the provider any more")
        said = {
            name: value for name, value in values.items() if not (resource.uploads and name == FILE_ADDRESS)
        }
        try:
            resource.complete(self.session, remote_id, self._body(resource, said))
        except SHAPELESS as error:
            raise Misconfigured("an answer on the way did not have the shape that is documented") from error
        return self.read(resource, remote_id)

    def update(
        self,
        resource: Resource,
        remote_id: str,
        values: dict[str, Any],
        *,
        expected: Mapping[str, Any] | None = None,
        before: Callable[[Observation], None] | None = None,
    ) -> Observation:
        """The record after it says these values; without a request if it says them already.

        See Client.update.
        """
        if resource.update is None:
            raise _refused(self.session, resource, "changed")
        first: Observation | None = None
        for _round in range(_ROUNDS):
            condition = self.session.condition(resource.update, remote_id=remote_id)
            there = self._before(resource, remote_id, resource.update.stamp)
            first = first or there
            _compare(resource, there, expected or {})
            _compare(resource, there, {n: first.values.get(n, MISSING) for n in values})
            patch = resource.mapping.push(values, there.raw, "update", self.session)
            if not patch:
                return there
            if before:
                before(there)
            try:
                with _common_names(resource):
                    if resource.update.send is not None:
                        return self._amend(resource, resource.update.send, there, patch)
                    body = _whole(resource.update, patch, there.raw)
                    return self._patch(resource, resource.update, remote_id, body, condition)
            except Moved:
                log.info("write_overtaken", model=resource.model.__name__, remote_id=remote_id)
        raise Moved(
            "the record kept changing while it was to be written", request=f"PATCH {resource.update.path}"
        )

    def delete(self, resource: Resource, remote_id: str) -> None:
        """The record is gone afterwards; raises Gone if it was before."""
        if resource.delete is None:
            raise _refused(self.session, resource, "deleted")
        if resource.delete.send is not None:
            self._sent(resource, resource.delete.send, self.read(resource, remote_id), {})
            return
        condition = self.session.condition(resource.delete, remote_id=remote_id)
        if condition:
            self.read(resource, remote_id)
        with self._allowed(resource, remote_id):
            self.session.write(resource.delete, None, condition=condition, remote_id=remote_id)

    @contextmanager
    def _allowed(self, resource: Resource, remote_id: str) -> Iterator[None]:
        """Take a record for gone only where it is not to be seen any more: else something that it names is gone.

        Where a provider hides what may not be touched, a 404 says that it may not.
        """
        try:
            yield
        except Gone as gone:
            self.read(resource, remote_id)
            name = resource.model.__name__.lower()
            facts: dict[str, Any] = {"request": gone.request, "status": gone.status, "detail": gone.detail}
            if self.session.provider.hides and gone.status == HTTPStatus.NOT_FOUND:
                told = f"the credential may not change this {name}, though it sees it"
                raise Forbidden(told, **facts) from gone
            raise Rejected(
                f"the {name} is there, but something that the write needs is gone", **facts
            ) from gone

    def _body(self, resource: Resource, values: Mapping[str, Any]) -> dict[str, Any]:
        body = resource.mapping.push(dict(values), None, "create", self.session)
        mark = bury(resource.marked.path, resource.marked.mark(values)) if resource.marked else {}
        return {**(resource.defaults(self.session.settings) if resource.defaults else {}), **body, **mark}

    def _create(self, resource: Resource, body: dict[str, Any], content: Content | None) -> Observation:
        if not isinstance(resource.create, Write):
            return self._after(resource, self._steps(resource, body, content))
        answer, decoded = self.session.write(resource.create, _whole(resource.create, body, None))
        if resource.create.answer is not None:
            return self._answered(resource, resource.create.answer, answer, decoded, resource.create.path)
        remote_id = _named_in(resource.create, answer, decoded)
        if not isinstance(remote_id, str | int):
            raise Uncertain(
                "it was created, but the answer does not name its id", request=f"POST {resource.create.path}"
            )
        return self._after(resource, str(remote_id))

    def _steps(self, resource: Resource, body: dict[str, Any], content: Content | None) -> str:
        calls = self.session.http.calls
        try:
            if not isinstance(resource.create, Upload):
                return cast("Steps", resource.create)(self.session, body)
            if content is None:
                raise Rejected("a file cannot be made without what is in it")
            return resource.create.send(self.session, body, content)
        except SHAPELESS as error:
            if self.session.http.calls == calls:
                raise Rejected("the values do not make sense to the provider", detail=str(error)) from error
            raise Uncertain("an answer on the way did not have the shape that is documented") from error

    def _after(self, resource: Resource, remote_id: str) -> Observation:
        """Read back what was just written.

        That it was written is known, so a failure must not look like a refusal.
        """
        try:
            return self.read(resource, remote_id)
        except ProviderError as error:
            told = f"it was written as {remote_id}, but could not be read back: {error}"
            raise Uncertain(told, remote_id=remote_id) from error

    def _amend(
        self, resource: Resource, send: Amend, there: Observation, patch: dict[str, Any]
    ) -> Observation:
        """An update of several calls. there: the record as it was just before."""
        self._sent(resource, send, there, patch)
        return self._after(resource, there.remote_id)

    def _sent(self, resource: Resource, send: Amend, there: Observation, patch: dict[str, Any]) -> None:
        try:
            with self._allowed(resource, there.remote_id):
                send(self.session, there.remote_id, patch, there.raw)
        except SHAPELESS as error:
            raise Uncertain("an answer on the way did not have the shape that is documented") from error

    def _patch(
        self,
        resource: Resource,
        endpoint: Write,
        remote_id: str,
        patch: dict[str, Any],
        condition: str | None,
    ) -> Observation:
        with self._allowed(resource, remote_id):
            answer, decoded = self.session.write(endpoint, patch, condition=condition, remote_id=remote_id)
        if endpoint.answer is not None:
            return self._answered(resource, endpoint.answer, answer, decoded, endpoint.path)
        return self._after(resource, remote_id)

    def _answered(
        self, resource: Resource, where: str, answer: Answer, decoded: Decoded, path: str
    ) -> Observation:
        shape: Shape = "write"
        try:
            seen = Seen(answer.started, answer.arrived, path, shape, decoded.dirty)
            return decode_one(resource, whole(decoded, dig(decoded.data, where)), seen)
        except Unmappable as error:
            raise Uncertain(f"it was written, but the answer does not map: {error}", request=path) from error

    def finish(
        self, resource: Resource, made: Observation, values: Mapping[str, Any], *, unmoved: bool = False
    ) -> Observation:
        """Send what a create with these values ignores; raises Uncertain where nobody knows, or it may succeed later.

        The record exists: what is refused here shows in its values, not as an error. unmoved: only where it still says
        what the create's answer showed; an edit since then is somebody's, and no answer to what was created.
        """
        lenses = resource.mapping.lenses
        late = {n: v for n, v in values.items() if n in lenses and lenses[n].after_create}
        if not late:
            return made
        shown = {n: made.values[n] for n in values if n in made.values and n not in late} if unmoved else {}
        try:
            return self.update(resource, made.remote_id, late, expected=shown)
        except ProviderError as error:
            log.warning(
                "create_unfinished", model=resource.model.__name__, remote_id=made.remote_id, error=str(error)
            )
            if isinstance(error, Uncertain | RetryLater | NeedsReauthorisation):
                told = f"it was made as {made.remote_id}, but is not finished: {error}"
                raise Uncertain(told, remote_id=made.remote_id) from error
            return made


@contextmanager
def _common_names(resource: Resource) -> Iterator[None]:
    """Let a refusal name common fields where the provider named its own."""
    try:
        yield
    except Rejected as error:
        targets = {
            name: target for name, lens in resource.mapping.lenses.items() if (target := steps(lens.target))
        }
        common = {target[end]: name for end in (-1, 0) for name, target in targets.items()}
        error.fields = {common.get(name, name): reason for name, reason in error.fields.items()}
        raise


def _named_in(endpoint: Write, answer: Answer, decoded: Decoded) -> Any:
    """The new record's id in the answer to its create; something else where it is not said."""
    if not endpoint.located:
        return dig(decoded.data, endpoint.remote_id)
    found = re.search(endpoint.located, answer.headers.get("Location", ""))
    return found[1] if found else None


def _compare(resource: Resource, there: Observation, expected: Mapping[str, Any]) -> None:
    now = there.values
    moved = {n: v for n, v in expected.items() if not resource.mapping.same(n, now.get(n, MISSING), v)}
    if moved:
        fields = {name: f"is {now.get(name)!r} by now" for name in moved}
        raise Moved("somebody else changed the record first", fields=fields)


def _whole(endpoint: Write, patch: dict[str, Any], current: Any) -> Any:
    """The body in which these fields are sent. current: the record as it was just before, None on a create."""
    if endpoint.body is None:
        return patch
    try:
        return endpoint.body(patch, current)
    except SHAPELESS as error:
        raise Misconfigured("the record does not have the shape that is documented") from error


def _changed(stamp: Stamp, record: Any) -> datetime | None:
    try:
        found = stamp.moment.read(record)
    except SHAPELESS:
        return None
    return found if isinstance(found, datetime) else None


def _is_over(stamp: Stamp, changed: datetime, now: datetime | None) -> bool:
    """Whether no later change can have this stamp. now: what the provider's clock said behind the read."""
    return now is not None and (now - changed).total_seconds() >= 2 * stamp.seconds


def _observed(resource: Resource, record: Any, seen: Seen) -> Observation:
    try:
        return decode_one(resource, record, seen)
    except Unmappable as error:
        raise Misconfigured(f"the record does not map: {error}", request=f"GET {seen.path}") from error


def _itself(resource: Resource, remote_id: str, found: Observation) -> Observation:
    """What was found, if it is what was asked for."""
    if found.gone:
        raise Gone("the provider shows the record as deleted", request=f"GET {found.path}")
    into = found.merged_into or (found.remote_id if resource.redirects else remote_id)
    if into == remote_id:
        return found
    raise Gone(f"it was merged into {into}", request=f"GET {found.path}", merged_into=into)


def _refused(session: Session, resource: Resource, verb: str) -> Rejected:
    return Rejected(
        f"{session.provider.name} does not let {resource.model.__name__.lower()} records be {verb}"
    )
