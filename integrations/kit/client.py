"""What the shell calls: one account of one provider. No database, no tasks, no clock of its own.

Every method raises `errors.ProviderError` and nothing else that has to do with the provider or the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, TypeVar
from urllib.parse import urljoin

from integrations.kit.content import Content, Spool
from integrations.kit.errors import SHAPELESS, Gone, Misconfigured, RetryLater
from integrations.kit.field_classes import FieldClass
from integrations.kit.guard import Guard
from integrations.kit.http import Http, Patience, Request
from integrations.kit.observation import Bad, Connection, Observation, Page, RawAnswer
from integrations.kit.provider import Provider, Resource
from integrations.kit.reading import Reader
from integrations.kit.session import Session, fill
from integrations.kit.strict import NotJson, strictly
from integrations.kit.transport import Limits, Way, Wire
from integrations.kit.webhooks import Callback, Subscribed, Subscriptions
from integrations.kit.writing import Writer

T = TypeVar("T")

__all__ = ["Bad", "Client", "Connection", "Observation", "Page", "RawAnswer"]


class Client:
    """One account's way to its provider; used by one thread at a time, closed at the end.

    base_url: the account's address.
    """

    def __init__(
        self,
        provider: Provider,
        connection: Connection,
        *,
        http: Http | None = None,
        limits: Limits | None = None,
        patience: Patience | None = None,
        wire: Callable[[Guard, Limits], Way] = Wire,
    ) -> None:
        self.provider = provider
        self.connection = connection
        self.base_url = base_url = fill(provider.base_url, provider.placed(connection.settings))
        names = {**connection.settings, "origin": urljoin(base_url, "/").rstrip("/")}
        self._http = http or Http(
            connection,
            base_url=base_url,
            auth=provider.auth,
            headers={name: fill(text, names) for name, text in provider.headers.items()},
            rate=provider.rate,
            narrow=provider.narrow,
            limits=limits,
            patience=patience,
            wire=wire,
            at_home=provider.is_sandbox,
        )
        session = Session(provider, connection, self._http)
        self._session = session
        self._reader = Reader(session)
        self._writer = Writer(session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def check(self) -> str | None:
        """Prove the credential with a read; the provider's own name for the account.

        A wrong address shows as Misconfigured here, whether nothing or something else answers there.
        """
        check = self.provider.check
        try:
            _answer, decoded = self._session.read(check.get, {})
        except Gone as error:
            raise Misconfigured(f"{self.provider.name} does not answer at this address: {error}") from error
        except RetryLater as error:
            if error.status is not None and error.status < 300:  # noqa: PLR2004 - a success that is no JSON
                raise Misconfigured(f"it is not {self.provider.name} that answers there: {error}") from error
            raise
        try:
            return check.identity(decoded.data, self.connection.settings)
        except SHAPELESS as error:
            raise Misconfigured(
                f"it is not {self.provider.name} that answers there, or it has changed",
                request=f"GET {check.get.path}",
            ) from error

    def pages(
        self, resource: Resource, cursor: dict[str, Any] | None, *, full: bool = False
    ) -> Iterator[Page]:
        """The pages of a list from a cursor on; None begins. full: without the filter for changes."""
        return self._reader.pages(resource, cursor, full=full)

    def field_classes(self, resource: Resource) -> list[FieldClass]:
        """The fields that records have here beside the common ones, by their keys; the account's own say more."""
        told = resource.field_classes
        if told is None:
            return []
        own = self._session.items(told.get) if told.get else ()
        try:
            read = [told.read(item) for item in own] if told.read else []
        except SHAPELESS as error:
            raise Misconfigured(
                f"a field of {resource.model.__name__} is not described as it used to be"
            ) from error
        return list({one.key: one for one in (*told.known, *read) if one is not None}.values())

    def read(self, resource: Resource, remote_id: str) -> Observation:
        """One record; raises Gone."""
        return self._writer.read(resource, remote_id)

    def create(
        self,
        resource: Resource,
        values: Mapping[str, Any],
        content: Content | None = None,
        *,
        unmoved: bool = False,
    ) -> Observation:
        """Make a record. values: common fields, references as remote ids. content: of one that `uploads`.

        unmoved: what a create ignores is only sent to a record that nobody has edited since.
        """
        return self._writer.create(resource, dict(values), content, unmoved=unmoved)

    def download(self, resource: Resource, remote_id: str, into: Spool) -> str:
        """Bring the bytes of a file; its media type as it is told, or nothing. Raises Gone, TooLarge."""
        if resource.download is None:
            raise Misconfigured(f"{self.provider.name} does not show what is in a file")
        return self._session.fetch(resource.download, remote_id, into)

    def fetch(self, address: str, into: Spool) -> str:
        """The same for an address that somebody named: fetched as anybody could, also from the account's own origin."""
        request = Request("GET", "", headers={"Accept": "*/*"}, address=address, strange=True)
        return self._session.bring(request, into)

    def complete(self, resource: Resource, remote_id: str, values: Mapping[str, Any]) -> Observation:
        """Send what is left of a create that broke off when its record had an id; raises Gone where nothing is left."""
        return self._writer.complete(resource, remote_id, values)

    def finish(self, resource: Resource, made: Observation, values: Mapping[str, Any]) -> Observation:
        """Send what a create with these values ignores, where one ended half-way; the record as it is then."""
        return self._writer.finish(resource, made, values)

    def update(
        self,
        resource: Resource,
        remote_id: str,
        values: Mapping[str, Any],
        *,
        expected: Mapping[str, Any] | None = None,
        before: Callable[[Observation], None] | None = None,
    ) -> Observation:
        """Make a record say these values; nothing is sent when it says them already.

        expected: what it must say just before, else Moved, with the fields that differ. before: is given the
        record as it was, after the last look and before the write leaves: the place to journal the pre-image.
        """
        return self._writer.update(resource, remote_id, dict(values), expected=expected, before=before)

    def delete(self, resource: Resource, remote_id: str) -> None:
        """Remove a record; raises Gone when it was not there."""
        self._writer.delete(resource, remote_id)

    def recent(self, resource: Resource, values: Mapping[str, Any]) -> list[Observation]:
        """Records that a create with these values may have made, newest first; a bounded search."""
        if resource.recent is None:
            return []
        if marked := self._marked(resource, values):
            return marked
        same, canonical = resource.mapping.same, resource.mapping.canonical
        known = {name: values[name] for name in resource.recognise if values.get(name) is not None}
        facts = {name: str(canonical(name, value)) for name, value in known.items()}
        found, names = self._reader.few(resource, resource.recent, **facts), resource.known_by(values)
        return [o for o in found if all(same(n, o.values.get(n), values.get(n)) for n in names)]

    def _marked(self, resource: Resource, values: Mapping[str, Any]) -> list[Observation]:
        """The records that a create with these values has marked."""
        if resource.marked is None:
            return []
        return self._reader.few(resource, resource.marked.get, mark=resource.marked.mark(values))

    def search(
        self, resource: Resource, state: dict[str, Any] | None
    ) -> tuple[tuple[Observation, ...], dict[str, Any] | None]:
        """A page of what the list shows just now, and where the next one is; None begins, and is the end."""
        if resource.list is None:
            raise Misconfigured(f"{self.provider.slug} does not list {resource.model.__name__}")
        return self._reader.page_of(resource, resource.list, state)

    def subscribe(self, callback: Callback) -> Subscribed:
        """Have the provider send its webhooks there, in the place of what it sent there before."""
        return self._asked_of_webhooks(lambda way: way.make(self._session, callback))

    def is_subscribed(self, subscription: str, callback: Callback) -> bool:
        """Whether it still sends them there, for all that it says; True where it cannot be asked."""
        return self._asked_of_webhooks(
            lambda way: way.is_active is None or way.is_active(self._session, subscription, callback)
        )

    def unsubscribe(self, subscription: str) -> None:
        """Have it send no more of them; raises Gone when it sent none."""
        self._asked_of_webhooks(lambda way: way.remove(self._session, subscription))

    def _asked_of_webhooks(self, ask: Callable[[Subscriptions], T]) -> T:
        told = self.provider.webhooks
        if told is None or told.subscriptions is None:
            raise Misconfigured(f"{self.provider.name} cannot be asked for webhooks")
        try:
            return ask(told.subscriptions)
        except SHAPELESS as error:
            raise Misconfigured("an answer on the way did not have the shape that is documented") from error

    def raw(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> RawAnswer:
        """Any call below the account's address, signed; every status is an answer.

        body: JSON, or bytes as they are.
        """
        request = Request(method.upper(), path, params or {}, body, headers or {})
        answer = self._http.raw(request)
        return RawAnswer(answer.status, dict(answer.headers), _content(answer.body))


def _content(body: bytes) -> Any:
    try:
        return strictly(body).data if body.strip() else None
    except NotJson:
        pass
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body
