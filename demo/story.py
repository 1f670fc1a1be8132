"""The story: what a product's customer has, and what the product gets to see and do. Each step asserts what it saw."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from demo import bridging, directly, losing, overruling, planning, surviving, titles
from demo.isthmus import IsthmusFailed
from demo.servers import Server
from demo.stage import Linked, Stage
from demo.telling import expect

#: Seconds between two reads of a model; so short that the story moves on.
EVERY = "2"
#: The account tokens, as the curl lines of the story name them.
VARIABLES = {"roundup": "ROUNDUP", "django-helpdesk": "HELPDESK"}


def tell(stage: Stage) -> None:
    """All steps; raises NotSeen at the first that does not show what it should."""
    stage.teller.chapter("A customer with two systems")
    put_tickets_in(stage)
    stage.teller.chapter("Linked once")
    make_tenant(stage)
    link_both(stage)
    see_all_tickets(stage)
    stage.teller.chapter("One API for both")
    create_through_the_api(stage)
    change_in_roundup(stage)
    stage.teller.chapter("Kept equal: the bridge")
    bridging.tell(stage)
    stage.teller.chapter("Seen before it is written: the plan")
    planning.tell(stage)
    stage.teller.chapter("Two people, one field")
    overruling.tell(stage)
    stage.teller.chapter("Half of forty tickets gone")
    losing.tell(stage)
    stage.teller.chapter("Killed in the middle of a write")
    surviving.tell(stage)


def put_tickets_in(stage: Stage) -> None:
    """Through the servers' own APIs, as their users do."""
    with stage.teller.step("Tickets are put into Roundup and django-helpdesk through their own APIs"):
        for title in titles.of_roundup(stage.run):
            directly.add_issue(stage.roundup, title, "Since Monday.")
        for title in titles.of_desk(stage.run):
            directly.add_ticket(stage.desk, title, "Sent by mail.", priority=2)
        shown = (
            (stage.roundup.name, titles.of_roundup(stage.run)),
            (stage.desk.name, titles.of_desk(stage.run)),
        )
        stage.teller.values(*shown)


def make_tenant(stage: Stage) -> None:
    """A tenant with an API key; a further key where an earlier run made the tenant."""
    with stage.teller.step("The company whose product this is becomes a tenant, and gets an API key"):
        words = ["tenant", "key", "create", stage.tenant]
        try:
            made = stage.isthmus.manage(*words)
        except IsthmusFailed:
            words = ["tenant", "create", stage.tenant]
            made = stage.isthmus.manage(*words)
        stage.isthmus.key = made["api_key"]
        stage.teller.command(*words)
        stage.teller.values(("KEY", made["api_key"]))


def link_both(stage: Stage) -> None:
    """Each credential is checked by a live call before it is stored; both accounts at once."""
    servers: tuple[Server, ...] = (stage.roundup, stage.desk)
    with stage.teller.step("Both systems are linked; the passwords come by standard input"):
        with ThreadPoolExecutor() as threads:
            for server, linked in zip(servers, threads.map(partial(_link, stage), servers), strict=True):
                stage.accounts[server.name] = linked
        for server in servers:
            stage.teller.command(*_linking(stage, server))
            stage.teller.values((VARIABLES[server.name], stage.accounts[server.name].token))


def _link(stage: Stage, server: Server) -> Linked:
    made = stage.isthmus.manage(*_linking(stage, server), secrets=server.secrets)
    # A run that was stopped halfway may have left the reading paused.
    how = ["--resume"] if made["relinked"] else ["--frequency", EVERY]
    stage.isthmus.manage("sync", made["linked_account_id"], *how)
    return Linked(made["linked_account_id"], made["account_token"])


def _linking(stage: Stage, server: Server) -> list[str]:
    given = [word for name, value in server.settings.items() for word in ("--set", f"{name}={value}")]
    whom = ["--tenant", stage.tenant, "--integration", server.name, "--end-user", stage.end_user]
    return ["link", *whom, *given, "--secrets-stdin"]


def see_all_tickets(stage: Stage) -> None:
    """What was put in is read, and stands there in one form."""
    see_tickets(stage, stage.roundup, titles.of_roundup(stage.run))
    see_tickets(stage, stage.desk, titles.of_desk(stage.run))


def see_tickets(stage: Stage, server: Server, wanted: list[str]) -> None:
    """Those of one server, which all are open."""
    token = stage.accounts[server.name].token
    with stage.teller.step(f"The tickets of {server.name}, read through the API of Isthmus"):
        stage.teller.say(stage.isthmus.curl("GET", "ticketing/v1/tickets", f"${VARIABLES[server.name]}"))
        found = stage.until(
            f"the list of {server.name}'s tickets",
            lambda: {ticket["name"]: ticket for ticket in stage.tickets(token)},
            lambda seen: set(wanted) <= set(seen),
        )
        for title in wanted:
            shown = {name: found[title][name] for name in ("name", "status", "priority")}
            expect(f"the status of {title!r}", shown["status"], "OPEN")
            stage.teller.values(("ticket", shown))


def create_through_the_api(stage: Stage) -> None:
    """A ticket that the product makes is there at once, in the customer's system."""
    title = titles.of_product(stage.run)
    body = {"model": {"name": title, "status": "OPEN", "priority": "HIGH", "description": "Over the API."}}
    with stage.teller.step("A ticket is created through the API, and read from Roundup directly"):
        before = directly.find_issue(stage.roundup, title=title)
        expect("the issue in Roundup before", before, None)
        made = _make(stage, body)
        after = directly.find_issue(stage.roundup, id=made["remote_id"])
        wanted = {"id": made["remote_id"], "title": title, "status": "unread", "priority": "urgent"}
        expect("the issue in Roundup", after, wanted)
        stage.teller.values(("before", before), ("after", after), ("its id in Isthmus", made["id"]))


def _make(stage: Stage, body: dict[str, Any]) -> dict[str, Any]:
    """A ticket made through the API. Where Roundup failed at it, Isthmus says so, and finds out what became of it."""
    stage.teller.say(stage.isthmus.curl("POST", "ticketing/v1/tickets", "$ROUNDUP", body))
    answer = stage.isthmus.api("POST", "ticketing/v1/tickets", stage.tracker_token, body)
    made: dict[str, Any] = answer["model"]
    if made["remote_id"] is None:
        stage.teller.values(*((one["problem_type"], one["detail"]) for one in answer["warnings"]))
        (made,) = stage.until(
            "what became of it",
            lambda: stage.tickets(stage.tracker_token, name=body["model"]["name"]),
            lambda seen: seen and seen[0]["remote_id"],
        )
    return made


def change_in_roundup(stage: Stage) -> None:
    """What the customer changes is seen without being asked for."""
    title = titles.of_roundup(stage.run)[0]
    with stage.teller.step("A ticket is changed in Roundup, and seen through the API"):
        (before,) = stage.tickets(stage.tracker_token, name=title)
        directly.edit_issue(stage.roundup, before["remote_id"], status="in-progress")
        path = f"ticketing/v1/tickets/{before['id']}"
        stage.teller.say(stage.isthmus.curl("GET", path, "$ROUNDUP"))
        after = stage.until(
            f"the status of {title!r}",
            lambda: stage.isthmus.api("GET", path, stage.tracker_token)["status"],
            "IN_PROGRESS",
        )
        stage.teller.values(("before", before["status"]), ("after", after))


def epilogue(stage: Stage, *, stays: bool) -> None:
    """That all was seen, and, where the stage stays, what to try."""
    stage.teller.chapter(f"All {stage.teller.steps} steps were seen")
    if stays:
        _invite(stage)


def _invite(stage: Stage) -> None:
    teller, isthmus = stage.teller, stage.isthmus
    teller.say("Everything goes on running. To try:")
    operator = isthmus.manage("operator", "create", "demo", "--reset")
    doors = [
        *(
            (s.name, f"{s.settings['base_url']}/", s.username, s.password)
            for s in (stage.roundup, stage.desk)
        ),
        ("console", f"{isthmus.url}/admin/", operator["username"], operator["password"]),
    ]
    teller.values(*((name, f"{url}  {user} / {password}") for name, url, user, password in doors))
    for token, name in ((stage.tracker_token, "Roundup"), (stage.desk_token, "help desk")):
        teller.say(f"Tickets of the {name}:")
        teller.say(isthmus.curl("GET", "ticketing/v1/tickets", token))
    teller.line("\nCtrl-C stops everything; what was made stays for the next run.")
