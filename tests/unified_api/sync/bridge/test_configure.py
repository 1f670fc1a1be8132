"""From a wish to a configuration: what fields mean by themselves, who is whose counterpart, what stays private."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.kit.lenses import on_day
from integrations.kit.mapping import Mapping as FieldMapping
from integrations.kit.provider import Provider
from tenants.models import LinkedAccount
from tenants.scope import scope
from tests import able
from unified_api import registry
from unified_api.engine.policy import DeleteRule, Direction, FirstContact
from unified_api.engine.values import Both, Side
from unified_api.models.base import common_model, wire_fields
from unified_api.sync.bridge import applying, exporting, file, references
from unified_api.sync.bridge.configuration import Configuration
from unified_api.sync.bridge.configure import configure
from unified_api.sync.bridge.wish import BridgeRefused, Wish
from unified_api.sync.models_bridge import Bridge


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A tenant in scope, no other bridge between the accounts, and nobody who asks the database."""
    monkeypatch.setattr(references, "between", lambda *_accounts: [])
    with scope(uuid.uuid4()):
        yield


def account(side: str, category: str, monkeypatch: pytest.MonkeyPatch, **more: Any) -> LinkedAccount:
    """An account at a system that can do everything, but for what is said."""
    provider: Provider = replace(able.provider(f"able-{side}", category), **more)
    monkeypatch.setitem(registry._providers, provider.slug, provider)
    return LinkedAccount(
        id=uuid.uuid4(), integration=provider.slug, category=category, end_user_origin_id="customer-1"
    )


@pytest.fixture
def joined(_alone: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Both[LinkedAccount]]:
    """Two accounts of each category."""
    return {
        category: Both(*(account(f"{side}-{category}", category, monkeypatch) for side in "ab"))
        for category in ("ticketing", "crm", "hris")
    }


Joined = dict[str, Both[LinkedAccount]]


def wish(joined: Joined, model: str, *fields: str, **more: Any) -> Wish:
    """A wish for these fields."""
    accounts = joined[model.partition(".")[0]]
    return Wish(accounts.a, accounts.b, model, "a", fields, **more)


@pytest.mark.parametrize(
    ("model", "field", "normalizer", "shape", "reference"),
    [
        ("ticketing.Ticket", "name", "trim", "value", False),
        ("ticketing.Ticket", "status", "exact", "value", False),
        ("ticketing.Ticket", "due_date", "instant", "value", False),
        ("ticketing.Ticket", "tags", "trim", "set", False),
        ("ticketing.Ticket", "assignees", "exact", "set", True),
        ("ticketing.Ticket", "parent_ticket", "exact", "value", True),
        ("ticketing.User", "email_address", "email", "value", False),
        ("crm.Lead", "email_addresses", "email", "set", False),
        ("crm.Lead", "phone_numbers", "phone", "set", False),
        ("hris.Employee", "work_email", "email", "value", False),
        ("hris.Employee", "mobile_phone_number", "phone", "value", False),
        ("hris.Employee", "start_date", "exact", "value", False),
        ("hris.Employee", "custom_fields", "trim", "map", False),
        ("crm.Opportunity", "amount", "exact", "value", False),
    ],
)
def test_a_field_is_compared_and_merged_by_what_it_holds(
    joined: Joined, model: str, field: str, normalizer: str, shape: str, *, reference: bool
) -> None:
    """Without a word, the declaration says how values are compared and whether they have parts."""
    told = configure(wish(joined, model, field, match=[field])).policy.fields[field]

    assert (told.normalizer, told.shape, told.reference) == (normalizer, shape, reference)


def test_texts_that_a_side_marks_up_are_compared_as_they_are_read(
    joined: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTML there and plain text here can say the same."""
    tickets = replace(able.resource(common_model("ticketing.Ticket")), markup=("description",))
    marked = account("marked", "ticketing", monkeypatch, resources=(tickets,))
    told = configure(
        replace(wish(joined, "ticketing.Ticket", "name", "description"), account_b=marked)
    ).policy.fields

    assert (told["name"].normalizer, told["description"].normalizer) == ("trim", "rich")


def test_moments_of_which_a_side_keeps_the_day_are_compared_by_their_days(
    joined: Joined, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its midnight is what is left of the other side's half past nine, and no refusal."""
    tickets = able.resource(common_model("ticketing.Ticket"))
    lenses = {**tickets.mapping.lenses, "due_date": on_day("due_date")}
    of_days = replace(tickets, mapping=FieldMapping(tickets.model, **lenses))
    daily = account("daily", "ticketing", monkeypatch, resources=(of_days,))
    told = configure(
        replace(
            wish(joined, "ticketing.Ticket", "due_date", "completed_at", match=["due_date"]), account_b=daily
        )
    ).policy.fields

    assert (told["due_date"].normalizer, told["completed_at"].normalizer) == ("day", "instant")


def test_parts_are_merged_and_contested_ones_have_a_winner(joined: Joined) -> None:
    """`merge` and a person who is asked about single values leave the parts to `otherwise`."""
    options = {"name": {"winner": "ask"}, "tags": {"winner": "merge"}}
    told = configure(
        wish(joined, "ticketing.Ticket", "name", "tags", otherwise="b", options=options)
    ).policy.fields
    asked = configure(replace(wish(joined, "ticketing.Ticket", "name", "tags"), winner="ask")).policy.fields

    assert (told["name"].winner, told["tags"].winner, told["tags"].otherwise) == ("ask", "a", "b")
    assert (asked["name"].winner, asked["tags"].winner) == ("ask", "a")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"name": {"shape": "set"}}, "fields.name.shape: 'set' does not go with it; possible are value"),
        (
            {"tags": {"shape": "map"}},
            "fields.tags.shape: 'map' does not go with it; possible are set, log, value",
        ),
        (
            {"tags": {"winner": "ask"}},
            "fields.tags.winner: 'ask' goes with single values; a set merges by its parts",
        ),
        ({"name": {"normalizer": "loud"}}, "fields.name.normalizer: 'loud' is none of exact,"),
        ({"name": {"fills": "yes"}}, "fields.name.fills: 'yes' is neither true nor false"),
    ],
)
def test_an_option_that_does_not_go_with_its_field_is_refused(
    joined: Joined, options: dict[str, Any], told: str
) -> None:
    """The sentence says what would do."""
    with pytest.raises(BridgeRefused) as caught:
        configure(wish(joined, "ticketing.Ticket", "name", "tags", options=options))

    assert told in str(caught.value)


def test_the_words_of_a_text_are_those_that_are_given(joined: Joined) -> None:
    """A text has no words of its own; a field that is no text has none at all."""
    words = ((name, "b", "Incident", "Bug") for name in ("ticket_type", "due_date"))
    given = [(name, Side(side), there, here) for name, side, there, here in words]
    told = configure(wish(joined, "ticketing.Ticket", "name", "ticket_type", words=given[:1])).policy

    assert told.fields["ticket_type"].words == Both({}, {"Incident": "Bug"})
    with pytest.raises(BridgeRefused, match="due_date holds no words"):
        configure(wish(joined, "ticketing.Ticket", "name", "due_date", words=given[1:]))


def test_counterparts_are_found_by_pairs_or_by_address(joined: Joined) -> None:
    """By pairs where a bridge is made beside, or over the model itself; else people by e-mail."""
    told = configure(wish(joined, "ticketing.Ticket", "name", "assignees", "parent_ticket", "contact"))
    beside = configure(
        wish(joined, "ticketing.Ticket", "name", "contact", beside=("ticketing.Contact", "ticketing.Ticket"))
    )

    assert told.references == {"assignees": "email", "parent_ticket": "pairs", "contact": "email"}
    assert beside.references == {"contact": "pairs"}


@pytest.mark.parametrize(
    ("field", "how", "told"),
    [
        (
            "assigned_teams",
            None,
            "it names a ticketing.Team; bridge ticketing.Team between these accounts too",
        ),
        ("assigned_teams", "email", "a ticketing.Team has no e-mail address"),
        ("assignees", "pairs", "it names a ticketing.User; bridge ticketing.User between these accounts too"),
        ("assignees", "name", "'name' is none of pairs, email"),
    ],
)
def test_a_counterpart_that_nobody_can_find_is_refused(
    joined: Joined, field: str, how: str | None, told: str
) -> None:
    """What would never travel is said when the bridge is made."""
    given = {field: how} if how else {}
    with pytest.raises(BridgeRefused) as caught:
        configure(wish(joined, "ticketing.Ticket", "name", field, references=given))

    assert told in str(caught.value)


def test_people_without_addresses_are_nobody(joined: Joined, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a side tells no address, nobody can say who is who."""
    tickets = able.resource(common_model("ticketing.Ticket"))
    silent = account("silent", "ticketing", monkeypatch, resources=(tickets,))

    with pytest.raises(BridgeRefused, match=r"able-silent tells no e-mail address of a ticketing\.User"):
        configure(replace(wish(joined, "ticketing.Ticket", "name", "assignees"), account_b=silent))


def comments(joined: Joined, *fields: str, **more: Any) -> Wish:
    """A wish for comments beside their tickets."""
    beside = ("ticketing.Ticket", "ticketing.Comment")
    return wish(joined, "ticketing.Comment", "ticket", "body", *fields, beside=beside, **more)


def test_private_comments_stay_where_they_are(joined: Joined) -> None:
    """They are filtered out on either side, beside what somebody asks for; comments match by ticket and text."""
    told = configure(comments(joined, filter={"a": {"body": {"blank": False}}}))

    assert told.match == ("ticket", "body")
    assert told.references == {"ticket": "pairs"}
    assert not told.filter.a.wants({"body": "x", "is_private": True})
    assert told.filter.a.wants({"body": "x", "is_private": False})
    assert told.filter.b.wants({"body": "x"})


def test_private_comments_travel_as_private_ones(joined: Joined) -> None:
    """A bridge that carries the flag takes them along."""
    assert configure(comments(joined, "is_private")).filter.a.wants({"is_private": True})


@pytest.mark.parametrize(
    "told",
    [{"is_private": {"is": True}}, {"any": [{"is_private": {"is": True}}, {"body": {"blank": False}}]}],
)
def test_a_filter_does_not_let_private_comments_out(joined: Joined, told: dict[str, Any]) -> None:
    """Whoever asks for them has to carry the flag."""
    with pytest.raises(BridgeRefused, match="private ones stay where they are"):
        configure(comments(joined, filter={"a": told}))


def test_the_flag_is_carried_only_to_where_it_counts(joined: Joined, monkeypatch: pytest.MonkeyPatch) -> None:
    """A side that cannot take it with a new comment would show it to everybody; so would a flag of one way."""
    model = common_model("ticketing.Comment")
    from integrations.kit.lenses import at

    lenses: dict[str, Any] = {name: name for name in wire_fields(model)}
    mapping = FieldMapping(model, **{**lenses, "is_private": at("is_private", read_only=True)})
    deaf = account(
        "deaf", "ticketing", monkeypatch, resources=(replace(able.resource(model), mapping=mapping),)
    )
    one_way = {"is_private": {"direction": "a_to_b"}}

    with pytest.raises(BridgeRefused, match="able-deaf would show private ones to everybody"):
        configure(replace(comments(joined, "is_private"), account_b=deaf))
    with pytest.raises(BridgeRefused, match="would show private ones to everybody"):
        configure(comments(joined, "is_private", options=one_way))
    told = configure(comments(joined, "is_private", options=one_way, creates=["b"]))
    assert "is_private" in told.policy.fields


def test_a_rule_that_a_side_cannot_keep_is_refused(joined: Joined, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who deletes nothing propagates no delete; what cannot be made again is not restored."""
    tickets = able.resource(common_model("ticketing.Ticket"))
    weak = account(
        "weak", "ticketing", monkeypatch, resources=(replace(tickets, delete=None, create=None, recent=None),)
    )
    told = replace(wish(joined, "ticketing.Ticket", "name"), account_b=weak)

    with pytest.raises(
        BridgeRefused, match=r"deletes\.b: able-weak deletes no ticketing\.Ticket; possible are"
    ):
        configure(replace(told, deletes={"b": "propagate"}))
    with pytest.raises(
        BridgeRefused, match=r"deletes\.a: able-weak creates no ticketing\.Ticket; possible are"
    ):
        configure(replace(told, deletes={"a": "restore"}))
    assert configure(replace(told, deletes={"a": "propagate"})).policy.deletes.a is DeleteRule.PROPAGATE


# --- files -------------------------------------------------------------------------------------------------

NAMES = ("description", "status", "priority", "tags", "assignees", "parent_ticket", "due_date", "ticket_type")


@st.composite
def fields(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Options of a field."""
    winners = ["a", "b", "newest", *(["merge"] if name in {"tags", "assignees"} else ["ask"])]
    options: dict[str, st.SearchStrategy[Any]] = {
        "direction": st.sampled_from([one.value for one in Direction]),
        "winner": st.sampled_from(winners),
        "otherwise": st.sampled_from("ab"),
        "first": st.sampled_from([one.value for one in FirstContact]),
        "fills": st.booleans(),
        "blanks": st.booleans(),
        "normalizer": st.sampled_from(["exact", "trim", "case"]),
    }
    if name in {"status", "priority", "ticket_type", "tags"}:
        own = {"status": ["OPEN", "ON_HOLD"], "priority": ["URGENT", "LOW"]}
        word = st.sampled_from(["OPEN", "URGENT", "yes", "1", "null", "ä: #"])
        theirs = st.sampled_from(own[name]) if name in own else word
        words = st.dictionaries(theirs, word | st.none() if name == "status" else word, max_size=3)
        options["words"] = st.fixed_dictionaries({}, optional={"a": words, "b": words})
    told: dict[str, Any] = draw(st.fixed_dictionaries({}, optional=options))
    return told


@st.composite
def models(draw: st.DrawFn) -> dict[str, Any]:
    """What a file may say of tickets."""
    named = draw(st.lists(st.sampled_from(NAMES), unique=True))
    limit = st.fixed_dictionaries({}, optional={"share": st.floats(0, 1), "least": st.integers(0, 99)})
    rules = [one.value for one in DeleteRule]
    told = {
        "winner": st.sampled_from(["a", "b", "newest", "ask"]),
        "fields": st.fixed_dictionaries({name: fields(name) for name in ("name", *named)}),
    }
    more = {
        "otherwise": st.sampled_from("ab"),
        "first": st.sampled_from([one.value for one in FirstContact]),
        "filter": st.fixed_dictionaries(
            {},
            optional={
                "a": st.just({"tags": {"has": "x"}}),
                "b": st.just({"due_date": {"after": "2026-01-01"}}),
            },
        ),
        "leaving": st.sampled_from(["rest", "stay"]),
        "start": st.fixed_dictionaries(
            {}, optional={"from": st.sampled_from(["everything", "2026-01-01"]), "canary": st.integers(1, 9)}
        ),
        "budget": st.fixed_dictionaries({}, optional={"creates": limit, "deletes": limit}),
        "audit": st.floats(1, 100),
        "creates": st.lists(st.sampled_from("ab"), unique=True),
        "constants": st.fixed_dictionaries(
            {}, optional={"b": st.just({"ticket_url": "https://example.com"})}
        ),
        "deletes": st.fixed_dictionaries({}, optional=dict.fromkeys("ab", st.sampled_from(rules))),
        "frequency": st.floats(1, 86_400),
        "priority": st.sampled_from(list(file.PRIORITIES)),
    }
    chosen: dict[str, Any] = draw(st.fixed_dictionaries(told, optional=more))
    return chosen


def said(text: str, joined: Joined) -> tuple[Wish, Configuration]:
    """What a file wants, and what that amounts to."""
    (told,) = applying.wishes(file.parse(text, "x.yaml"), joined["ticketing"], applying.How())
    return told, configure(told)


@given(models())
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_export_says_what_the_file_said(joined: Joined, model: dict[str, Any]) -> None:
    """Whatever a file says, the export of its bridge says the same."""
    about = {"end_user": "customer-1", "integration": "able", "category": "ticketing"}
    data = {"name": "x", "a": about, "b": about, "models": {"ticketing.Ticket": model}}
    first, configuration = said(exporting.dumped(data), joined)
    accounts = joined["ticketing"]
    bridge = Bridge(
        name="x",
        account_a=accounts.a.id,
        account_b=accounts.b.id,
        model="ticketing.Ticket",
        configuration=configuration.as_data(),
        frequency=first.frequency,
        priority=first.priority,
    )
    text = exporting.export([bridge], {accounts.a.id: accounts.a, accounts.b.id: accounts.b})
    again, exported = said(text, joined)

    assert exported.as_data() == configuration.as_data()
    assert (again.frequency, again.priority) == (first.frequency, first.priority)
