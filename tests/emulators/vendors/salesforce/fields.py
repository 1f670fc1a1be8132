"""The fields of records: their types, lengths, and whether they can be written, as the vendor's catalogue says.

Each line has name, type, length (0 for none) and flags: `c` can be given, `u` can be changed, `!` is never empty, `d`
has a value by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.salesforce.common import API, kind_of
from tests.emulators.world import World

on: Final = Routes()
_ALL: Final = """
    Id id 18 !
    CreatedDate datetime 0 !
    LastModifiedDate datetime 0 !
    SystemModstamp datetime 0 !
"""
_BIN: Final = "IsDeleted boolean 0 !d\n"
_OWNER: Final = "OwnerId reference 18 cu!d\n"
_MERGED: Final = "MasterRecordId reference 18 -\nLastActivityDate date 0 -\n"
_PERSON: Final = """
    Name string 121 !
    FirstName string 40 cu
    LastName string 80 cu!
    Email email 80 cu
    Phone phone 40 cu
    MobilePhone phone 40 cu
    Fax phone 40 cu
    LeadSource picklist 255 cu
    Title string 128 cu
    Description textarea 32000 cu
"""


def _place(prefix: str) -> str:
    lengths = {"City": 40, "State": 80, "PostalCode": 20, "Country": 80}
    parts = "\n".join(f"{prefix}{name} string {length} cu" for name, length in lengths.items())
    return f"{parts}\n{prefix}Street textarea 255 cu\n"


_FIELDS: Final = {
    "Lead": f"""{_BIN}{_OWNER}{_MERGED}{_PERSON}{_place("")}
        Company string 255 cu!
        Status picklist 255 cu!d
        Industry picklist 255 cu
        HasOptedOutOfEmail boolean 0 cu!d
        IsConverted boolean 0 c!d
        ConvertedDate date 0 c
        ConvertedContactId reference 18 c
        ConvertedAccountId reference 18 c
        ConvertedOpportunityId reference 18 c
    """,
    "Contact": f"""{_BIN}{_OWNER}{_MERGED}{_PERSON}{_place("Mailing")}
        AccountId reference 18 cu
        HomePhone phone 40 cu
        OtherPhone phone 40 cu
    """,
    "Account": f"""{_BIN.replace("!d", "-")}{_OWNER}{_MERGED}{_place("Billing")}{_place("Shipping")}
        Name string 255 cu!
        Description textarea 32000 cu
        Industry picklist 255 cu
        Website url 255 cu
        NumberOfEmployees int 0 cu
        Phone phone 40 cu
        Fax phone 40 cu
    """,
    "Opportunity": f"""{_BIN}{_OWNER}
        LastActivityDate date 0 -
        Name string 120 cu!
        Description textarea 32000 cu
        Amount currency 0 cu
        AccountId reference 18 cu
        StageName picklist 255 cu!
        CloseDate date 0 cu!
        Probability percent 0 cud
        LeadSource picklist 255 cu
        IsClosed boolean 0 !d
        IsWon boolean 0 !d
    """,
    "User": """
        Name string 121 !
        FirstName string 40 cu
        LastName string 80 cu!
        Username string 80 cu!
        Email email 128 cu!
        IsActive boolean 0 cu!d
        UserType picklist 40 -
    """,
    "Task": f"""{_BIN.replace("!d", "-")}{_OWNER}
        Subject combobox 255 cu
        Description textarea 32000 cu
        Status picklist 255 cu!d
        Priority picklist 20 cu!d
        ActivityDate date 0 cu
        CompletedDateTime datetime 0 -
        IsClosed boolean 0 !d
        TaskSubtype picklist 40 c
        CallType picklist 40 cu
        CallDurationInSeconds int 0 cu
        WhoId reference 18 cu
        WhatId reference 18 cu
        AccountId reference 18 -
    """,
    "Event": f"""{_BIN.replace("!d", "-")}{_OWNER}
        Subject combobox 255 cu
        Description textarea 32000 cu
        StartDateTime datetime 0 cu
        EndDateTime datetime 0 cu
        IsAllDayEvent boolean 0 cu!d
        WhoId reference 18 cu
        WhatId reference 18 cu
        AccountId reference 18 -
    """,
    "Note": f"""{_BIN}{_OWNER}
        Title string 80 cu!
        Body textarea 32000 cu
        ParentId reference 18 c!
        IsPrivate boolean 0 cu!d
    """,
    "OpportunityStage": """
        ApiName string 255 !
        MasterLabel string 255 -
        IsActive boolean 0 !d
        IsClosed boolean 0 !d
        IsWon boolean 0 !d
        SortOrder int 0 -
        DefaultProbability percent 0 -
    """,
}
#: Of the customer's own, as an administrator has made them.
_OWN: Final = {
    "Lead": """
        Campaign_Answer__c string 255 cu
        Download__c string 255 cu
        Score__c double 0 cu
        Interests__c multipicklist 4099 cu
        Customer__c boolean 0 cu!d
    """,
    "Opportunity": """
        Loss_Reason__c picklist 255 cu
    """,
}


@dataclass(frozen=True)
class Field:
    """One of them."""

    name: str
    type: str
    length: int
    flags: str

    @property
    def is_custom(self) -> bool:
        """Whether the customer has made it."""
        return self.name.endswith("__c")

    def describe(self) -> dict[str, Any]:
        """What an account is told of it."""
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c").replace("_", " "),
            "type": self.type,
            "length": self.length,
            "custom": self.is_custom,
            "createable": "c" in self.flags,
            "updateable": "u" in self.flags,
            "nillable": "!" not in self.flags,
            "defaultedOnCreate": "d" in self.flags,
            "externalId": False,
            "inlineHelpText": None,
            "picklistValues": [],
        }


@cache
def fields_of(kind: str) -> dict[str, Field]:
    """The fields of a kind of records, by their names."""
    lines = f"{_ALL}{_FIELDS[kind]}{_OWN.get(kind, '')}".splitlines()
    told = [line.split() for line in lines if line.strip()]
    return {name: Field(name, type_, int(length), flags) for name, type_, length, flags in told}


def kinds() -> list[str]:
    """The kinds of records that have fields."""
    return list(_FIELDS)


def visible(world: World, kind: str) -> dict[str, Field]:
    """The fields that field-level security shows to the account."""
    hidden = world.table("hidden")
    return {name: one for name, one in fields_of(kind).items() if f"{kind}.{name}" not in hidden}


def hide(world: World, kind: str, *names: str) -> None:
    """Have an administrator hide fields from the account."""
    for name in names:
        world.add("hidden", {"id": f"{kind}.{name}"})


@on("GET", f"{API}/sobjects/{{sobject}}/describe")
def describe(world: World, request: Request) -> Answer:
    """A kind of records, with the fields that the account sees."""
    kind = kind_of(world, request)
    shown = [one.describe() for one in visible(world, kind).values()]
    return Answer(200, {"name": kind, "label": kind, "fields": shown, "queryable": True})
