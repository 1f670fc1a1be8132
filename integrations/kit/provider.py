"""An integration as data.

What to ask for when it is linked, how it signs, and what it can do with which model.

Everything here is frozen and checked when the adapter is imported: a contradiction is one sentence at start-up, not a
surprise at night. Capabilities are derived: what has an endpoint is possible, what has no writing lens is read-only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from integrations.kit import declared
from integrations.kit.auth import HOME, Auth, first_name
from integrations.kit.embedded import Embedded
from integrations.kit.endpoints import (
    DELETE,
    GET,
    POST,
    Check,
    Complete,
    Download,
    Marked,
    Since,
    Steps,
    Table,
    Upload,
    Write,
)
from integrations.kit.errors import InvalidSettings
from integrations.kit.field_classes import FieldClasses
from integrations.kit.http import Narrow, Refuse
from integrations.kit.lens import Lens
from integrations.kit.limiter import Pace, Rate
from integrations.kit.mapping import Extended, Narrowed
from integrations.kit.mapping import Mapping as FieldMapping
from integrations.kit.paths import Path, steps
from integrations.kit.setting import Setting
from integrations.kit.target import Target
from integrations.kit.webhooks import Webhooks
from unified_api.models.base import OWN, CommonModel, category_of, common_model, model_id, relations

#: The common field that says where a file is.
FILE_ADDRESS = "file_url"
Operation = Literal["list", "get", "create", "update", "delete"]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One common model at one provider.

    changes: the list that is asked for what changed, where that is another one than `list`, with records of the same
    shape. recent: a bounded search, newest first, for what a create whose answer was lost may have made; recognise: the
    common fields by which such a record is known; tells_apart: further ones, of which those count that the create said.
    marked: creates carry a mark of what they say, by which `recent` need not find them. required: further common fields
    without which a create is refused. defaults: remote body fields of every create, from the account's settings.
    sweep: complete, unfiltered lists prove absence. lookback: seconds by which cursors overlap. read_lag: seconds for
    which lists may lag behind a write or a read by id. frequency: seconds between runs by default; sweep_every: between
    complete sweeps. version: of the mapping; a new one has every record compared anew. markup: the common fields whose
    texts are HTML there; markdown: those whose are Markdown.
    create_calls: requests that a create makes at the most which is a function or an upload, see `costs`; tables: the
    account's own lists that every reading looks into. complete: what is left of a create that takes several calls,
    where one of them failed once the record had its id. mentions: common fields whose texts call people there, with the
    signs that stand before a name (`@`, `[~`): what a bridge carries there calls nobody. download: where the bytes of a
    file are. redirects: a get of a record that was merged answers with the one it was merged into (where it answers
    itself, and names that one, the mapping has merged_into). hosted: its records have no other home than Isthmus, see
    `hosted`. custom: with what the paths begin at which customers' own fields are, such as `properties.`: there they
    may be written. selects: what the list can be asked for, by common field and operator of selective sync: from the
    value to compare with to query parameters. field_classes: fields beside the common ones. quotes: where answers
    repeat something of records of other models, and how that is mapped: what may not be read of these is cut there.
    """

    hosted: ClassVar[bool] = False

    mapping: FieldMapping
    list: GET | None = None
    changes: GET | None = None
    get: GET | None = None
    marked: Marked | None = None
    create: POST | Steps | Upload | None = None
    create_calls: int = 1
    tables: tuple[str, ...] = ()
    complete: Complete | None = None
    update: Write | None = None
    delete: DELETE | None = None
    download: Download | None = None
    recent: GET | None = None
    recognise: tuple[str, ...] = ()
    tells_apart: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    defaults: Callable[[Mapping[str, str]], dict[str, Any]] | None = None
    embedded: tuple[Embedded, ...] = ()
    sweep: bool = True
    lookback: float = 120.0
    read_lag: float = 0.0
    frequency: float = 300.0
    sweep_every: float = 86_400.0
    version: str = "1"
    markup: tuple[str, ...] = ()
    markdown: tuple[str, ...] = ()
    redirects: bool = False
    mentions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    custom: tuple[str, ...] = ()
    selects: Mapping[tuple[str, str], Callable[[Any], Mapping[str, str]]] = field(default_factory=dict)
    field_classes: FieldClasses | None = None
    quotes: Mapping[str, FieldMapping] = field(default_factory=dict)

    def __post_init__(self) -> None:
        name = self.model.__name__
        if self.list is not None and self.list.items is None:
            raise TypeError(f"{name}: list= needs a GET with items=")
        if self.changes and (self.list is None or self.list.since or not self.changes.since):
            raise TypeError(f"{name}: changes= has since=, and stands beside a list= without it")
        if self.list and self.list.if_allowed:
            raise TypeError(
                f"{name}: if_allowed= is for changes=; what list= leaves out would be taken for deleted"
            )
        if (self.update or self.delete) and not self.get:
            raise TypeError(f"{name}: an update or delete reads the record first; give get= too")
        if self.create and not (self.recent and self.recognise):
            raise TypeError(
                f"{name}: a create whose answer is lost is settled by recent= and recognise=; give both"
            )
        for option in ("required", "recognise", "tells_apart", "markup", "markdown", "mentions"):
            unknown = set(getattr(self, option)) - set(self.mapping.lenses)
            if unknown:
                raise TypeError(f"{name}: {option}= names {sorted(unknown)}, which the mapping does not have")

    @property
    def model(self) -> type[CommonModel]:
        """The common model."""
        return self.mapping.model

    @property
    def uploads(self) -> bool:
        """Whether a create sends a file."""
        return isinstance(self.create, Upload)

    @property
    def updates_in_steps(self) -> bool:
        """Whether an update takes several calls, of which some may have arrived and others not."""
        return self.update is not None and self.update.send is not None and self.update.calls > 1

    @property
    def since(self) -> Since | None:
        """How what changed is asked for."""
        listed = self.changes or self.list
        return listed.since if listed else None

    @property
    def incremental(self) -> bool:
        """Whether the list can be asked for changes alone."""
        return self.since is not None

    def can(self, operation: Operation) -> bool:
        """Whether the provider offers it."""
        return getattr(self, operation) is not None

    def writable(self, operation: Literal["create", "update"]) -> frozenset[str]:
        """Names of the common fields that may be sent; empty when the operation is not offered.

        Of a file that is uploaded, its address may be named: the shell brings what is there.
        """
        fields = self.mapping.writable(operation) if self.can(operation) else frozenset[str]()
        return fields | {FILE_ADDRESS} if operation == "create" and self.uploads else fields

    def known_by(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Names of the common fields by which a record is known that a create with these values has made."""
        return (*self.recognise, *(n for n in self.tells_apart if values.get(n) not in (None, [], "")))

    def requires(self, operation: Literal["create", "update"]) -> frozenset[str]:
        """Names of the common fields that must be sent."""
        return frozenset((*self.required, *self.recognise)) if operation == "create" else frozenset()

    def with_targets(self, targets: Iterable[Target]) -> Self:
        """The same with the custom fields of one account; a mapping with others has every record compared anew."""
        told = list(targets)
        lenses = {one.name: one.lens(self) for one in told}
        version = "\x1f".join([self.version, *(f"{one.name}={one.read}" for one in told)])
        return replace(self, mapping=self._extended(lenses), version=version)

    def _extended(self, lenses: dict[str, Lens]) -> FieldMapping:
        return Extended(self.mapping, lenses, apart=self._inside(lambda mapping: mapping.sensitive))

    def _inside(self, places: Callable[[FieldMapping], Iterable[Path]]) -> Sequence[Path]:
        """Places in records inside this one, or in what it repeats of others, as seen from it."""
        inside = [*((one.path, one.mapping) for one in self.embedded), *self.quotes.items()]
        return [(*steps(path), *steps(place)) for path, mapping in inside for place in places(mapping)]

    @property
    def sensitive(self) -> tuple[Path, ...]:
        """Where an answer has sensitive fields, its own and those of records inside it."""
        return (*self.mapping.sensitive, *self._inside(lambda mapping: mapping.sensitive))

    def hidden_places(self, hidden: Mapping[str, Collection[str]], unread: Collection[str]) -> Sequence[Path]:
        """Where an answer has fields of itself and of records inside it that are hidden; see `without`."""

        def places(mapping: FieldMapping) -> Iterable[Path]:
            model = model_id(mapping.model)
            return [""] if model in unread else mapping.places(hidden.get(model, ()))

        return [*self.mapping.places(hidden.get(model_id(self.model), ())), *self._inside(places)]

    def writes_own(self, key: str) -> bool:
        """Whether a field of the provider's own can be written, by its key."""
        return self.field_classes is not None and self.field_classes.writes(key, self.custom)

    def with_own(self, keys: Iterable[str]) -> Self:
        """The same with some of the provider's own fields beside the common ones, for one write."""
        assert self.field_classes is not None  # noqa: S101 - there are none without
        lenses = {OWN + key: self.field_classes.lens(key) for key in keys}
        return replace(self, mapping=self._extended(lenses))

    def without(self, hidden: Mapping[str, Collection[str]], unread: Collection[str]) -> Self:
        """The same without some fields of its model and of those inside it, and without some models inside it.

        hidden: names of fields by `category.Model`. Who may read others has every record compared anew.
        """

        def narrowed(mapping: FieldMapping) -> FieldMapping:
            names = hidden.get(model_id(mapping.model), ())
            return Narrowed(mapping, names) if names else mapping

        told = sorted(f"{model}={','.join(sorted(names))}" for model, names in hidden.items() if names)
        return replace(
            self,
            mapping=narrowed(self.mapping.apart(self.hidden_places(hidden, unread))),
            embedded=tuple(
                replace(one, mapping=narrowed(one.mapping))
                for one in self.embedded
                if model_id(one.mapping.model) not in unread
            ),
            version="\x1f".join([self.version, *told]),
        )

    def selected(self, wanted: Iterable[tuple[str, str, Any]]) -> Self:
        """The same with a list that is asked for certain records: common field, operator, value to compare with."""
        asked: dict[str, Any] = {}
        for name, operator, value in wanted:
            told = self.selects[name, operator](value)
            asked |= {parameter: _literal(text) for parameter, text in told.items()}
        if not asked or self.list is None:
            return self
        return replace(self, list=replace(self.list, params={**self.list.params, **asked}))

    def words(self, name: str) -> tuple[str, ...] | None:
        """The common words that this provider can store in a field.

        None where it is not a matter of words.
        """
        return self.mapping.words(name)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """An integration.

    category: of its accounts. further: categories in which it has accounts of their own beside these, each with
    the models of its category. base_url: template over the settings. headers: templates over the settings and
    `origin` (scheme and host of the base URL), sent with every request. tables: the provider's own words. refuse:
    finds an error in an answer that looks good, or names the status that it should have had. faults: from a
    refused answer's body to reasons by remote field. reason: the header in which a refusal without a body says why.
    rate: which headers tell about the rate limit. narrow: by path and headers of a 429, whether it met a limit of its
    own, which keeps no other calls of the account waiting. paces: such limits that are known, and kept. hides: it
    answers 404 also to who may not see what is there.
    home: where this installation itself serves the system, of a sandbox; `{home}` in the base URL, and no account can
    choose another. webhooks: what it sends by itself when something happens there.
    """

    hosted: ClassVar[bool] = False

    slug: str
    name: str
    category: str
    settings: tuple[Setting, ...]
    auth: Auth
    resources: tuple[Resource, ...]
    check: Check
    base_url: str = "{base_url}"
    headers: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    refuse: Refuse | None = None
    faults: Callable[[Any], dict[str, str]] | None = None
    reason: str = ""
    rate: Rate = field(default_factory=Rate)
    narrow: Narrow | None = None
    paces: tuple[Pace, ...] = ()
    hides: bool = False
    further: tuple[str, ...] = ()
    home: Callable[[], str] | None = None
    webhooks: Webhooks | None = None

    def __post_init__(self) -> None:
        for mistake in declared.mistakes(self):
            raise TypeError(f"{self.slug}: {mistake}")

    @property
    def is_sandbox(self) -> bool:
        """Whether this installation itself serves the system: nobody's records are there."""
        return self.home is not None

    @property
    def host_setting(self) -> Setting | None:
        """The setting that says which host requests, and secrets with them, go to; None where none does."""
        name = first_name(self.base_url)
        return next((one for one in self.settings if one.name == name), None)

    def placed(self, settings: Mapping[str, str]) -> dict[str, str]:
        """The settings of an account, with what stands for this installation's own address, of a sandbox."""
        return {**settings, **({HOME: self.home()} if self.home else {})}

    @property
    def rehearses(self) -> bool:
        """Whether test accounts may be linked: no customer's system is called."""
        return self.is_sandbox or self.hosted

    @cached_property
    def models(self) -> frozenset[type[CommonModel]]:
        """The models that it reads, finds inside other records, or refers to."""
        mappings = [m for r in self.resources for m in (r.mapping, *(e.mapping for e in r.embedded))]
        referred = [
            common_model(to.to)
            for m in mappings
            for name, to in relations(m.model).items()
            if name in m.lenses
        ]
        return frozenset([m.model for m in mappings] + referred)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories in which accounts can be linked."""
        return (self.category, *self.further)

    def within(self, category: str) -> Self:
        """The provider as the accounts of one category have it."""
        return self._by_category.get(category, self) if self.further else self

    @cached_property
    def _by_category(self) -> dict[str, Self]:
        return {category: self._only(category) for category in self.categories}

    def _only(self, category: str) -> Self:
        held = tuple(r for r in self.resources if category_of(r.model) == category)
        return replace(self, category=category, further=(), resources=held)

    def resource(self, model: type[CommonModel] | str) -> Resource | None:
        """The resource of a common model, given as class or as `category.Model`.

        None when it is not offered.
        """
        wanted = model if isinstance(model, str) else model_id(model)
        return next((r for r in self.resources if model_id(r.model) == wanted), None)

    def accept(self, values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Settings and secrets of an account out of what was given to link it; raises InvalidSettings."""
        known = {setting.name: setting for setting in self.settings}
        faults = {
            n: f"is no setting of {self.slug}; known are {', '.join(known)}" for n in values if n not in known
        }
        for name, setting in known.items():
            given = values.get(name)
            fault = setting.fault(given) if given is not None else "is required" if setting.required else None
            if fault:
                faults[name] = fault
        if faults:
            raise InvalidSettings(faults)
        full = {s.name: values.get(s.name, s.default) for s in self.settings}
        there = {name: known[name].canonical(value) for name, value in full.items() if value}
        return (
            {name: value for name, value in there.items() if not known[name].secret},
            {name: value for name, value in there.items() if known[name].secret},
        )


def _literal(text: str) -> str:
    """A template that is this text."""
    return text.replace("{", "{{").replace("}", "}}")
