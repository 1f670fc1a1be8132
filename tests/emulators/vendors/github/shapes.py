"""The objects of GitHub as it shows them."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote

from tests.emulators.vendors.github.common import ROLES, full_name
from tests.emulators.world import Record, World

WEB: Final = "https://github.example"
#: Addresses below a user, and below a repository, which nobody of ours follows.
_OF_USERS: Final = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_OF_REPOSITORIES: Final = re.findall(
    r"\w+",
    """
    archive assignees blobs branches collaborators comments commits compare contents contributors deployments downloads
    events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels languages merges
    milestones notifications pulls releases stargazers statuses subscribers subscription tags teams trees
    """,
)
_COUNTS: Final = re.findall(
    r"\w+",
    """
    forks forks_count open_issues open_issues_count stargazers_count watchers watchers_count network_count
    subscribers_count size
    """,
)


def user(world: World, one: Record | None) -> Record | None:
    """A user in short; None for one who is gone."""
    if one is None:
        return None
    base = f"{world.url}/users/{one['login']}"
    return {
        "login": one["login"],
        "id": one["id"],
        "node_id": f"U_{one['id']}",
        "avatar_url": f"{WEB}/avatars/{one['id']}",
        "gravatar_id": "",
        "url": base,
        "html_url": f"{WEB}/{one['login']}",
        **{name: base + path for name, path in _OF_USERS.items()},
        "type": "User",
        "site_admin": False,
    }


def profile(world: World, one: Record) -> Record:
    """A user with what anybody may see."""
    blank = dict.fromkeys(("company", "location", "hireable", "bio", "twitter_username"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    moments = {"created_at": one["created_at"], "updated_at": one["created_at"]}
    told = {"name": one["name"], "email": one["email"], "blog": "", "user_view_type": "public"}
    return {**(user(world, one) or {}), **blank, **counts, **moments, **told}


def of_user(world: World, remote_id: Any) -> Record | None:
    """The user with an id, in short."""
    return user(world, world.table("user").get(str(remote_id)))


def repository(world: World, one: Record, role: str) -> Record:
    """A repository, with what one in this role may do there."""
    base = f"{world.url}/repos/{full_name(one)}"
    at_least = {name: ROLES.index(role) >= ROLES.index(needed) for name, needed in _PERMISSIONS.items()}
    owner = {"id": 9919, "login": one["owner"]}
    flags = ("has_projects", "has_wiki", "has_pages", "has_discussions", "archived", "disabled", "fork")
    return {
        "id": one["id"],
        "node_id": f"R_{one['id']}",
        "name": one["name"],
        "full_name": full_name(one),
        "owner": {**(user(world, owner) or {}), "type": "Organization"},
        "private": one["private"],
        "visibility": "private" if one["private"] else "public",
        "html_url": f"{WEB}/{full_name(one)}",
        "description": one["description"],
        "url": base,
        **{f"{name}_url": f"{base}/{name}" for name in _OF_REPOSITORIES},
        **{f"{name}_url": f"{WEB}/{full_name(one)}.git" for name in ("clone", "git", "ssh", "svn")},
        **dict.fromkeys(("homepage", "language", "mirror_url", "license")),
        **dict.fromkeys(_COUNTS, 0),
        **dict.fromkeys(flags, False),
        "has_issues": one["has_issues"],
        "default_branch": "main",
        "pushed_at": one["created_at"],
        "created_at": one["created_at"],
        "updated_at": one["created_at"],
        "permissions": at_least,
    }


_PERMISSIONS: Final = {
    "admin": "admin",
    "maintain": "admin",
    "push": "write",
    "triage": "triage",
    "pull": "read",
}


def label(world: World, one: Record) -> Record:
    """A label."""
    shown = {name: one[name] for name in ("id", "name", "color", "description")}
    url = f"{_home(world, one)}/labels/{quote(one['name'], safe='')}"
    return {**shown, "node_id": f"LA_{one['id']}", "url": url, "default": False}


def issue(world: World, one: Record) -> Record:
    """An issue, or a pull request, which is one."""
    home, number = _home(world, one), one["number"]
    url, kind = f"{home}/issues/{number}", "pull" if one["pull"] else "issues"
    held = {row["name"]: row for row in world.rows("label") if row["repository"] == one["repository"]}
    assignees = [shown for who in one["assignees"] if (shown := of_user(world, who))]
    page = f"{WEB}/{_name(world, one)}/{kind}/{number}"
    pull = {
        "url": f"{home}/pulls/{number}",
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
    }
    kept = (
        "number",
        "title",
        "body",
        "state",
        "state_reason",
        "locked",
        "created_at",
        "updated_at",
        "closed_at",
    )
    return {
        "id": one["id"],
        "node_id": f"I_{one['id']}",
        **{name: one[name] for name in kept},
        "url": url,
        "repository_url": home,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "timeline_url": f"{url}/timeline",
        "html_url": page,
        "user": of_user(world, one["user"]),
        "labels": [label(world, held[name]) for name in one["labels"] if name in held],
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": None,
        "comments": sum(said["issue"] == one["id"] for said in world.rows("comment")),
        "author_association": "NONE",
        "active_lock_reason": None,
        "closed_by": of_user(world, one["closed_by"]),
        "performed_via_github_app": None,
        "type": issue_type(one["type"]),
        "parent_issue_url": f"{home}/issues/{one['parent']}" if one["parent"] else None,
        **({"pull_request": pull, "draft": False} if one["pull"] else {}),
    }


def issue_type(name: str | None) -> Record | None:
    """A type of issues, by its name."""
    told = {
        "id": 410,
        "node_id": "IT_410",
        "name": name,
        "description": None,
        "color": "red",
        "is_enabled": True,
    }
    return told if name else None


def comment(world: World, one: Record) -> Record:
    """A comment on an issue or a pull request."""
    on = world.table("issue")[str(one["issue"])]
    told = issue(world, on)
    return {
        **{name: one[name] for name in ("id", "body", "created_at", "updated_at")},
        "node_id": f"IC_{one['id']}",
        "url": f"{_home(world, on)}/issues/comments/{one['id']}",
        "html_url": f"{told['html_url']}#issuecomment-{one['id']}",
        "issue_url": told["url"],
        "user": of_user(world, one["user"]),
        "author_association": "NONE",
        "performed_via_github_app": None,
    }


def team(world: World, one: Record) -> Record:
    """A team of an organisation."""
    url = f"{world.url}/teams/{one['id']}"
    return {
        **{name: one[name] for name in ("id", "slug", "name", "description")},
        "node_id": f"T_{one['id']}",
        "url": url,
        "html_url": f"{WEB}/orgs/{one['owner']}/teams/{one['slug']}",
        "members_url": f"{url}/members{{/member}}",
        "repositories_url": f"{url}/repos",
        "permission": "pull",
        "privacy": "closed",
        "type": "organization",
        "parent": None,
    }


def hook(world: World, one: Record) -> Record:
    """A webhook, without its secret."""
    url = f"{_home(world, one)}/hooks/{one['id']}"
    config = {**one["config"], **({"secret": "********"} if one["config"].get("secret") else {})}
    return {
        **{name: one[name] for name in ("id", "name", "active", "events", "created_at", "updated_at")},
        "type": "Repository",
        "config": config,
        "url": url,
        "test_url": f"{url}/test",
        "ping_url": f"{url}/pings",
        "deliveries_url": f"{url}/deliveries",
        "last_response": {"code": None, "status": "unused", "message": None},
    }


def _name(world: World, one: Record) -> str:
    return full_name(world.table("repository")[str(one["repository"])])


def _home(world: World, one: Record) -> str:
    return f"{world.url}/repos/{_name(world, one)}"
