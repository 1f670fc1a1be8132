"""What every common model is: a typed table, whose declaration is also its place in the API."""

from __future__ import annotations

import functools
import hashlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.apps import apps
from django.db import models
from django.db.models.expressions import RawSQL

from tenants.analysts import Shown
from tenants.models import TenantModel
from unified_api.models.fields import Custom, Ref, Refs, WireField
from unified_api.models.sealed import Sensitive
from unified_api.models.shapes import Keyed

#: Ids of records are uuid5 in this namespace, so a relation's id is known before its record is seen.
NAMESPACE = uuid.UUID("7b1f8a52-6f3c-4f0e-9a53-0d2f5b6c1e77")


def in_order_of(name: str, kind: str) -> models.Index:
    """An index for lists that are ordered by a field, see `unified_api.api.orders`. kind: the type of its column."""
    latest = RawSQL(f"coalesce({name}, 'infinity'::{kind})", ())  # noqa: S611 - names of our own
    return models.Index("tenant_id", "linked_account_id", latest, "id", name="%(app_label)s_%(class)s_o")


#: What analysts see of every record, see `tenants.analysts`.
_ORIGIN = (
    "id",
    "linked_account_id",
    "remote_id",
    "created_at",
    "modified_at",
    "remote_was_deleted",
)

#: What the names of custom fields begin with, where they stand beside others: `field_mappings.churn_risk`.
CUSTOM = "field_mappings."
#: The same of fields of the provider's own in a write: `remote_fields.x_risk`. No record has them as columns.
OWN = "remote_fields."


@dataclass(frozen=True)
class Wire:
    """Where a model stands in the API.

    path: URL segment. writes: offered operations among `create` and `update`. contract: part of the wire contract,
    or ours. public: the name used in statuses and events, where it differs from the class's. remote_fields: whether
    the contract shows the provider's further fields beside the common ones. category: of the accounts that hold it,
    where that is not the one of its name. alone: whether it has a list of its own, or only lists below other records.
    beyond: keys of every record that the contract does not have for this model. by_remote_ids: whether the contract has
    the filter `remote_ids` for it; where not, it is ours. meta: values that the contract's meta/post asks for. listed:
    the choices whose words have a list of their own, at `{path}/{choice}s`. ignores: whether a record can be ignored,
    see `unified_api.sync.ignoring`. searched: the fields by which a live search at the provider can ask.
    """

    path: str
    writes: tuple[str, ...] = ()
    contract: bool = True
    public: str | None = None
    remote_fields: bool = False
    category: str | None = None
    alone: bool = True
    beyond: tuple[str, ...] = ()
    by_remote_ids: bool = False
    meta: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    ignores: bool = False
    searched: tuple[str, ...] = ()

    @property
    def is_mappable(self) -> bool:
        """Whether the contract has custom fields of it, and so calls that map them."""
        return self.contract and "field_mappings" not in self.beyond


class CommonModel(TenantModel):
    """One record, mirrored from one linked account.

    `linked_account_id`, `remote_id`: where it comes from. `created_at`, `modified_at`: stamps of the tenant's feed,
    never the provider's times. `is_shell`: known only by reference so far. `digest`: of the list answer that the row
    shows, null when something else changed the row since. `as_of`: the moment when the answer that it shows arrived.
    `remote_version`: the provider's version of it, comparable as text. `settled_at`: list answers that began earlier
    may lag behind a write of ours. The rules for these are in `unified_api.sync.store`. `field_mappings`: custom fields
    by target, see `unified_api.sync.targets`; each is an attribute under its whole name, too.

    Lists go by index `c`, whose last column is there for lists of what was modified: what was not is left out in the
    index, without a look at its row. `m` is for readers who ask often, and find little or nothing.
    """

    wire: ClassVar[Wire]

    id = models.UUIDField(primary_key=True, editable=False)
    linked_account_id = models.UUIDField(editable=False)
    remote_id = models.TextField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    modified_at = models.DateTimeField(editable=False)
    remote_was_deleted = models.BooleanField(default=False, editable=False)
    is_shell = models.BooleanField(default=False, editable=False)
    digest = models.BinaryField(null=True, editable=False)
    as_of = models.BigIntegerField(default=0, editable=False)
    remote_version = models.TextField(null=True, editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)
    field_mappings = models.JSONField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        abstract = True
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "linked_account_id", *columns], name=f"%(app_label)s_%(class)s_{letter}"
            )
            for letter, columns in (
                ("c", ["created_at", "id", "modified_at"]),
                ("m", ["modified_at", "id"]),
                ("r", ["remote_id"]),
            )
        ]

    def __str__(self) -> str:
        return f"{model_id(type(self))} {self.remote_id}"

    @classmethod
    def shown_to_analysts(cls) -> Shown:
        """Its declared fields but the sensitive ones, and where and since when it is known."""
        fields = tuple(f.name for f in wire_fields(cls).values() if not f.sensitive)
        return Shown(cls._meta.db_table, _ORIGIN, fields, model_id(cls), custom="field_mappings")

    if not TYPE_CHECKING:  # a type checker would take every misspelt name for an attribute

        def __getattr__(self, name: str) -> Any:
            """A custom field; None where the record has none of this name."""
            if name.startswith(CUSTOM):
                return (self.field_mappings or {}).get(name.removeprefix(CUSTOM))
            raise AttributeError(f"{type(self).__name__} has no attribute {name}")


class Fields(dict[str, WireField]):
    """Declared fields by name. Custom ones are known by their names, too, but are not among those that there are."""

    def __missing__(self, name: str) -> WireField:
        if not name.startswith(CUSTOM):
            raise KeyError(name)
        field = Custom()
        field.name = name
        return field

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and name.startswith(CUSTOM))

    def get(self, name: str, default: Any = None) -> Any:
        """The field of a name."""
        return self[name] if name in self else default  # noqa: SIM401 - this is that `get`


@functools.cache
def wire_fields(model: type[CommonModel]) -> Fields:
    """The declared fields of a model by name, in the order of declaration."""
    return Fields({f.name: f for f in model._meta.get_fields() if isinstance(f, WireField)})


@functools.cache
def relations(model: type[CommonModel]) -> dict[str, Ref | Refs]:
    """The fields that hold ids of other records."""
    return {name: f for name, f in wire_fields(model).items() if isinstance(f, Ref | Refs)}


@functools.cache
def sensitive(model: type[CommonModel]) -> tuple[str, ...]:
    """The names of the fields that are sealed."""
    return tuple(name for name, field in wire_fields(model).items() if isinstance(field, Sensitive))


@functools.cache
def nested(model: type[CommonModel]) -> dict[str, Keyed]:
    """The fields of nested objects with keys of ours."""
    return {name: f for name, f in wire_fields(model).items() if isinstance(f, Keyed)}


@functools.cache
def referring(model: type[CommonModel]) -> dict[str, Ref | Refs | Keyed]:
    """The fields that name other records, be it within nested objects."""
    inner = {name: f for name, f in nested(model).items() if f.relations}
    return {**relations(model), **inner}


@functools.cache
def expandable(model: type[CommonModel]) -> tuple[str, ...]:
    """The names that `expand` takes: relations, and nested objects that are always shown whole."""
    fields = wire_fields(model).items()
    return tuple(name for name, f in fields if isinstance(f, Ref | Refs | Keyed) and f.expands)


@functools.cache
def model_id(model: type[CommonModel]) -> str:
    """`category.Model`, as used within the product and by references."""
    return f"{model._meta.app_label}.{model.__name__}"


def public_id(model: type[CommonModel]) -> str:
    """`category.Model` as the wire contract names it in statuses and events."""
    return f"{model._meta.app_label}.{model.wire.public or model.__name__}"


def common_model(name: str) -> type[CommonModel]:
    """The model of `category.Model`; raises LookupError for a name that is none."""
    try:
        found = apps.get_model(name)
    except ValueError as error:  # not even of the form of a name
        raise LookupError(f"{name} is not a common model") from error
    if issubclass(found, CommonModel):
        return found
    raise LookupError(f"{name} is not a common model")


def category_of(model: type[CommonModel]) -> str:
    """The category of the linked accounts that hold records of this model."""
    return model.wire.category or model._meta.app_label


def common_models(category: str | None = None) -> list[type[CommonModel]]:
    """All common models, or those that accounts of one category hold, in the order of declaration."""
    known: list[Any] = [m for m in apps.get_models() if issubclass(m, CommonModel)]
    return [m for m in known if category in {None, category_of(m)}]


def record_id(linked_account_id: uuid.UUID, model: type[CommonModel], remote_id: str) -> uuid.UUID:
    """The id of a record that no exception of the identity table names."""
    named = _named(linked_account_id, model).copy()
    named.update(remote_id.encode())
    return uuid.UUID(bytes=named.digest()[:16], version=5)


@functools.lru_cache(maxsize=1024)
def _named(linked_account_id: uuid.UUID, model: type[CommonModel]) -> hashlib._Hash:
    """What the ids of a model's records have in common: a uuid5 is the SHA-1 of namespace and name."""
    common = NAMESPACE.bytes + f"{linked_account_id}\x1f{model_id(model)}\x1f".encode()
    return hashlib.sha1(common, usedforsecurity=False)
