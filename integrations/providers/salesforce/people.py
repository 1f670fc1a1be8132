"""Contacts, accounts, and the users whose they are."""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import GET
from integrations.kit.errors import Unwritable
from integrations.kit.lens import Lens, Words
from integrations.kit.lenses import at, compute, on_day
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, merge
from integrations.kit.provider import Resource
from integrations.providers.salesforce.lenses import PlaceLens, email, owner, phones, when
from integrations.providers.salesforce.records import LOOKBACK, Kind, changed, is_gone, resource
from integrations.providers.salesforce.selecting import has_address, says
from integrations.providers.salesforce.soql import QUERY_ALL, STAMP, ById, asks
from unified_api.models.crm import Account, Contact, User

_PLACE = ("Street", "City", "State", "PostalCode", "Country", "CountryCode")
_BILLING, _SHIPPING = (PlaceLens(kind="Account", prefix=one) for one in ("Billing", "Shipping"))


def _places(*prefixes: str) -> tuple[str, ...]:
    return tuple(prefix + name for prefix in prefixes for name in _PLACE)


contacts = resource(
    Kind(name="Contact", merges=True),
    Mapping(
        Contact,
        remote_id="Id",
        version=STAMP,
        merged_into="MasterRecordId",
        gone=compute(is_gone),
        first_name="FirstName",
        last_name="LastName",
        account="AccountId",
        owner=owner(),
        addresses=PlaceLens(kind="Contact", prefix="Mailing"),
        email_addresses=email(),
        phone_numbers=phones(
            main="Phone", MOBILE="MobilePhone", HOME="HomePhone", OTHER="OtherPhone", FAX="Fax"
        ),
        last_activity_at=on_day("LastActivityDate", read_only=True),
        remote_created_at=when("CreatedDate", read_only=True),
    ),
    (
        *("FirstName", "LastName", "AccountId", "OwnerId", "Email"),
        *("Phone", "MobilePhone", "HomePhone", "OtherPhone", "Fax"),
        *_places("Mailing"),
    ),
    recognise=("last_name",),
    tells_apart=("first_name", "email_addresses"),
    sought={"LastName": "{last_name}"},
    selects={**says(last_name="LastName"), **has_address()},
)


class _Places(Lens):
    """Where a company is billed, and where it gets its goods."""

    @property
    def tables(self) -> frozenset[str]:
        """The fields that there are."""
        return _BILLING.tables

    def read(self, record: Any) -> Any:
        """Each of them with its type."""
        found = {"BILLING": _BILLING.read(record), "SHIPPING": _SHIPPING.read(record)}
        if all(value is MISSING for value in found.values()):
            return MISSING
        return [{**one, "address_type": kind} for kind, there in found.items() for one in there or ()]

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:
        """What changes of both; one without a type is where it is billed."""
        told: dict[str, list[Any]] = {"BILLING": [], "SHIPPING": []}
        for one in value or ():
            kind = one.get("address_type") or "BILLING"
            if kind not in told:
                raise Unwritable(f"cannot be of the type {kind!r} there; known are {', '.join(told)}")
            told[kind].append({part: said for part, said in one.items() if part != "address_type"})
        return merge(
            _BILLING.write(told["BILLING"], current, words), _SHIPPING.write(told["SHIPPING"], current, words)
        )


accounts = resource(
    Kind(name="Account", merges=True),
    Mapping(
        Account,
        remote_id="Id",
        version=STAMP,
        merged_into="MasterRecordId",
        gone=compute(is_gone),
        owner=owner(),
        name="Name",
        description="Description",
        industry="Industry",
        website="Website",
        number_of_employees="NumberOfEmployees",
        addresses=_Places(),
        phone_numbers=compute(phones(main="Phone", FAX="Fax").read),
        last_activity_at=on_day("LastActivityDate", read_only=True),
        remote_updated_at=when(STAMP, read_only=True),
        remote_created_at=when("CreatedDate", read_only=True),
    ),
    (
        *("OwnerId", "Name", "Description", "Industry", "Website", "NumberOfEmployees"),
        *_places("Billing", "Shipping"),
    ),
    recognise=("name",),
    sought={"Name": "{name}"},
    selects=says(name="Name"),
)

#: They have some two hundred fields, of which nobody needs the others.
_user = Kind(
    name="User",
    bin=False,
    fields=frozenset({"Id", "Name", "Email", "IsActive", "UserType", "Username", STAMP}),
)
users = Resource(
    mapping=Mapping(
        User,
        remote_id="Id",
        version=STAMP,
        name=at("Name", read_only=True),
        email=at("Email", read_only=True),
        is_active=at("IsActive", read_only=True),
    ),
    list=GET(
        QUERY_ALL,
        items="records",
        query=asks(_user.name, *_user.columns),
        paging=ById(),
        then=_user.whole,
        calls=2,
    ),
    changes=changed(_user),
    get=GET(f"{_user.path}/{{remote_id}}", find=_user.find),
    tables=(_user.name,),
    lookback=LOOKBACK,
    frequency=900.0,
)
