"""GitHub Issues: the issues of one repository.

https://docs.github.com/en/rest/issues, and the official OpenAPI description (npm `@octokit/openapi` 23.0.2). What is
marked [?] is general knowledge; either answer is survived.
- Numbers, labels, assignees and webhooks belong to a repository, and so does every list: an account is one.
- Pull requests are issues, too, and are left out; so are the comments on them.
- `since` names seconds, and what changed in that second is shown again. What does not move `updated_at` [?] (a label
  that is renamed, a milestone that is edited) is seen by the daily complete read.
- Nothing tells of deletions: an issue that was deleted answers 410, one that was transferred redirects, and who may
  not see it gets a 404. So does who may not see the repository any more: then nothing is taken for deleted (`hides`).
- 410 is also the answer where issues are switched off.
- Issues cannot be deleted over REST, and nothing can be written on a condition: an issue is read just before.
- Labels, assignees and type of who has neither triage nor push are dropped without a word, and so is an assignee
  that the repository does not have. Both are refused here before anything is sent.
- `labels` and `assignees` replace the whole set; a label that is not there yet is made.
- Too many requests answer 403 or 429; the secondary limit may say so in its sentence alone.
- Tokens of a GitHub App end after eight hours, and come with a refresh token that is good for one time; those of an
  OAuth App do not end. What a token endpoint refuses has the status 200.
- Assignees are read by id, since a login can be changed and taken by somebody else, and written by login.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from integrations.kit.auth import Bearer, OAuth2, Revokes
from integrations.kit.endpoints import GET, Check, Table
from integrations.kit.errors import Forbidden, ProviderError, RetryLater
from integrations.kit.oauth import TOKENS
from integrations.kit.paging import ByLink
from integrations.kit.paths import dig
from integrations.kit.provider import Provider
from integrations.kit.setting import Setting
from integrations.kit.verdict import detail
from integrations.providers.github.issues import comments, tickets
from integrations.providers.github.repository import REPOSITORY, collections, people, tags, teams
from integrations.providers.github.webhooks import webhooks

_API = "https://api.github.com"
_OAUTH = "https://github.com/login/oauth"
#: Seconds for which GitHub asks to be left alone when it does not say for how long.
_A_MINUTE = 60.0
_LIMITING = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})


def _refuse(status: int, body: Any, headers: Any) -> ProviderError | int | None:
    said = str(dig(body, "message")).lower()
    if status == HTTPStatus.GONE and "disabled" in said:
        return Forbidden("issues are switched off in this repository", status=status, detail=detail(body))
    if status not in _LIMITING:
        return None
    if "secondary rate limit" in said and "Retry-After" not in headers:
        return RetryLater(
            "the provider asks to slow down", after=_A_MINUTE, status=status, detail=detail(body)
        )
    limited = "rate limit" in said or "Retry-After" in headers or headers.get("X-RateLimit-Remaining") == "0"
    return HTTPStatus.TOO_MANY_REQUESTS if limited else None


def _faults(body: Any) -> dict[str, str]:
    """Reasons by remote field."""
    return {one["field"]: one.get("message") or one["code"] for one in body["errors"] if "field" in one}


provider = Provider(
    slug="github",
    name="GitHub",
    category="ticketing",
    settings=(
        Setting("owner", "Who the repository belongs to: an organisation or a user"),
        Setting("repository", "Name of the repository, such as hello-world"),
        *TOKENS,
        Setting(
            "token",
            "A token that may read and write issues, from Settings > Developer settings, where OAuth is not used",
            required=False,
            secret=True,
        ),
        Setting(
            "base_url",
            "Address of the API; of an Enterprise server https://HOST/api/v3",
            required=False,
            default=_API,
            kind="url",
        ),
    ),
    auth=OAuth2(
        authorize_url=f"{_OAUTH}/authorize",
        token_url=f"{_OAUTH}/access_token",
        scopes=("repo",),
        proof="body",
        revoked=("bad_refresh_token", "bad_verification_code"),
        refused=("incorrect_client_credentials",),
        grace=0.0,
        # Of this token alone: the grant is that of all accounts that its user has linked.
        revokes=Revokes(
            f"{_API}/applications/{{client_id}}/token",
            method="DELETE",
            signed="basic",
            token="access_token",  # noqa: S106 - a name
            as_json=True,
        ),
        instead=Bearer(),
    ),
    headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
    check=Check(GET(REPOSITORY), lambda told, settings: f"{settings['base_url']}/repositories/{told['id']}"),
    tables={
        "login": Table(
            GET(f"{REPOSITORY}/assignees", items="", paging=ByLink(size_param="per_page")), "login", "id"
        ),
        "triage": Table(GET(REPOSITORY, items="", sole=True), "permissions.triage", "id"),
    },
    refuse=_refuse,
    faults=_faults,
    hides=True,
    webhooks=webhooks,
    resources=(collections, people, teams, tags, tickets, comments),
)
