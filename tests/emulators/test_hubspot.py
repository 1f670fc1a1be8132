"""HubSpot's emulator, driven by the client that HubSpot publishes: it takes this one for HubSpot.

What SEMANTICS.md says of HubSpot with a source, and the test that stands for it:

    limit and after; only some properties come back        test_lists_and_batches
    10,000 results to a question                           test_the_search_comes_behind_and_has_a_window
    archived=true, archivedAt                              test_what_is_archived_and_what_is_merged
    version 3 of the signature, five minutes               providers/hubspot/test_sent.py
    headers of limits, absent on search                    test_limits_are_told_and_refused
    idProperty                                             test_lists_and_batches
    207 with errors                                        test_lists_and_batches
    errors with category and correlationId                 test_what_is_refused

Not looked at here, as the adapter does not use it: dated paths, batch/upsert and objectWriteTraceId, gdpr-delete,
lists, /webhooks/v3 (subscriptions of public apps), and what tokens say of themselves. Custom objects are looked at by
the adapter's own tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4 import AssociationSpec
from hubspot.crm.companies import SimplePublicObjectInputForCreate as NewCompany
from hubspot.crm.contacts import (
    ApiException,
    BatchReadInputSimplePublicObjectId,
    Filter,
    FilterGroup,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectId,
    SimplePublicObjectInput,
)
from hubspot.crm.contacts import SimplePublicObjectInputForCreate as NewContact

from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.hubspot import TOKEN, objects, searching, vendor
from tests.emulators.world import Clock


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A portal."""
    with emulating(vendor, Clock(datetime(2026, 1, 31, 9, 30, tzinfo=UTC))) as running:
        yield running


@pytest.fixture
def hub(emulator: Emulator) -> HubSpot:
    """HubSpot's own client, for that portal."""
    return HubSpot(access_token=TOKEN, host=emulator.url)


def test_a_contact_is_made_associated_changed_and_found(hub: HubSpot) -> None:
    """What is read again is what was written; a company that is associated becomes the first one."""
    told = {"firstname": "Ada", "email": "ada@acme.example", "vip": "true"}
    ada = hub.crm.contacts.basic_api.create(NewContact(properties=told, associations=[]))
    acme = hub.crm.companies.basic_api.create(NewCompany(properties={"name": "Acme"}, associations=[]))
    spec = AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=279)
    hub.crm.associations.v4.basic_api.create("contacts", ada.id, "companies", acme.id, [spec])
    hub.crm.contacts.basic_api.update(ada.id, SimplePublicObjectInput(properties={"firstname": "Augusta"}))
    shown = hub.crm.contacts.basic_api.get_by_id(ada.id, properties=["firstname", "vip"])
    there = hub.crm.associations.v4.basic_api.get_page("contacts", ada.id, "companies").results

    assert (shown.properties["firstname"], shown.properties["vip"]) == ("Augusta", "true")
    assert [(one.to_object_id, {told.type_id for told in one.association_types}) for one in there] == [
        (acme.id, {1, 279})
    ]


def test_lists_and_batches(emulator: Emulator, hub: HubSpot) -> None:
    """Pages are followed to the end; a batch says what it does not have; an address finds who has it."""
    made = [objects.new(emulator.world, "contacts", email=f"{number}@acme.example") for number in range(7)]
    first = hub.crm.contacts.basic_api.get_page(limit=5)
    rest = hub.crm.contacts.basic_api.get_page(limit=5, after=first.paging.next.after)
    asked = BatchReadInputSimplePublicObjectId(
        inputs=[SimplePublicObjectId(id=made[0]["id"]), SimplePublicObjectId(id="1")],
        properties=["email"],
        properties_with_history=[],
    )
    batch = hub.crm.contacts.batch_api.read(asked)
    named = hub.crm.contacts.basic_api.get_by_id("3@acme.example", id_property="email")

    assert [len(first.results), len(rest.results), rest.paging] == [5, 2, None]
    assert "email" not in first.results[0].properties
    assert [one.properties["email"] for one in batch.results] == ["0@acme.example"]
    assert batch.num_errors == 1
    assert named.id == made[3]["id"]


def test_the_search_comes_behind_and_has_a_window(
    emulator: Emulator, hub: HubSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was made just now is not found though it is there; and behind the window nothing is shown."""
    monkeypatch.setattr(searching, "WINDOW", 3)
    for name in ("Ada", "Ben", "Cleo", "Dan"):
        objects.new(emulator.world, "contacts", firstname=name)
    filters = [Filter(property_name="firstname", operator="GTE", value="ben")]
    asked = PublicObjectSearchRequest(
        filter_groups=[FilterGroup(filters=filters)], sorts=["firstname"], properties=["firstname"], limit=2
    )
    at_once = hub.crm.contacts.search_api.do_search(asked)
    emulator.world.clock.forward(searching.LAG)
    later = hub.crm.contacts.search_api.do_search(asked)
    asked.after = later.paging.next.after
    with pytest.raises(ApiException) as refused:
        hub.crm.contacts.search_api.do_search(asked)

    assert at_once.total == 0
    assert (later.total, [one.properties["firstname"] for one in later.results]) == (3, ["Ben", "Cleo"])
    assert refused.value.status == 400


def test_what_is_archived_and_what_is_merged(emulator: Emulator, hub: HubSpot) -> None:
    """Archived ones are listed to who asks for them; the former id answers with the one that is left."""
    ada, ben, cleo = (
        objects.new(emulator.world, "contacts", firstname=name) for name in ("Ada", "Ben", "Cleo")
    )
    hub.crm.contacts.basic_api.archive(ada["id"])
    hub.crm.contacts.basic_api.archive(ada["id"])
    with pytest.raises(ApiException) as gone:
        hub.crm.contacts.basic_api.get_by_id(ada["id"])
    (archived,) = hub.crm.contacts.basic_api.get_page(archived=True).results
    hub.crm.contacts.basic_api.merge(
        PublicMergeInput(primary_object_id=ben["id"], object_id_to_merge=cleo["id"])
    )

    assert gone.value.status == 404
    assert (archived.id, archived.archived_at is not None) == (ada["id"], True)
    assert hub.crm.contacts.basic_api.get_by_id(cleo["id"]).id == ben["id"]


def test_owners_pipelines_and_properties(hub: HubSpot) -> None:
    """Archived owners are listed to who asks for them."""
    assert [one.first_name for one in hub.crm.owners.owners_api.get_page().results] == ["Ada", "Ben"]
    assert [one.first_name for one in hub.crm.owners.owners_api.get_page(archived=True).results] == ["Cleo"]
    assert [len(one.stages) for one in hub.crm.pipelines.pipelines_api.get_all("deals").results] == [3, 3]
    told = {one.name: one for one in hub.crm.properties.core_api.get_all("contacts").results}
    assert told["interests"].field_type == "checkbox"
    assert told["lastmodifieddate"].modification_metadata.read_only_value


def test_what_is_refused(emulator: Emulator, hub: HubSpot) -> None:
    """Another token, values that are none, and an address that somebody has."""
    objects.new(emulator.world, "contacts", email="ada@acme.example")
    with pytest.raises(ApiException) as stranger:
        HubSpot(access_token="other", host=emulator.url).crm.contacts.basic_api.get_page()
    statuses = []
    for told in ({"nothing": "x"}, {"hs_object_id": "1"}, {"score": "many"}, {"email": "ADA@acme.example"}):
        with pytest.raises(ApiException) as refused:
            hub.crm.contacts.basic_api.create(NewContact(properties=told, associations=[]))
        statuses.append(refused.value.status)

    assert stranger.value.status == 401
    assert statuses == [400, 400, 400, 409]


def test_limits_are_told_and_refused(emulator: Emulator, hub: HubSpot) -> None:
    """By headers, but for the search, which refuses the sixth question of a second by the name of its limit."""
    _, _, told = hub.crm.contacts.basic_api.get_page_with_http_info()
    asked = PublicObjectSearchRequest(filter_groups=[], sorts=[], properties=[], limit=1)
    _, _, silent = hub.crm.contacts.search_api.do_search_with_http_info(asked)
    for _ in range(4):
        hub.crm.contacts.search_api.do_search(asked)
    with pytest.raises(ApiException, match="SECONDLY") as refused:
        hub.crm.contacts.search_api.do_search(asked)

    assert told["X-HubSpot-RateLimit-Remaining"] == "189"
    assert "X-HubSpot-RateLimit-Remaining" not in silent
    assert (refused.value.status, "Retry-After" in refused.value.headers) == (429, False)
