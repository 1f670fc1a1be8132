"""OAuth 2: where end users are sent, what token endpoints are sent, and what is made of whatever they answer."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from integrations.kit import errors, oauth
from integrations.kit.auth import Finds, OAuth2, Revokes
from integrations.kit.guard import Guard
from integrations.kit.oauth import OAuthClient, TokenEndpoint
from integrations.kit.token_answers import Granted
from integrations.kit.transport import Limits
from tests.integrations.lines import LOOPBACK, NOW, Sleeper
from tests.integrations.listener import Listener, Told, listening, told

CLIENT = OAuthClient("an id: with signs", "canary-secret/+&= 1")
REFRESH = "canary-refresh-5f1c"
PAIR: dict[str, Any] = {
    "access_token": "a1",
    "token_type": "Bearer",
    "refresh_token": "r2",
    "expires_in": 3600,
}
HTML = Told(200, b"<!doctype html><h1>Maintenance</h1>", {"Content-Type": "text/html"})


def endpoint(url: str, guard: Guard = LOOPBACK, **facts: Any) -> TokenEndpoint:
    """The token endpoint below an address."""
    auth = OAuth2(authorize_url="{base_url}/authorize", token_url="{base_url}/oauth/token", **facts)
    return TokenEndpoint(auth, CLIENT, {"base_url": url}, guard=guard, clock=lambda: NOW, sleep=Sleeper())


@contextmanager
def answering(*answers: Told) -> Iterator[Listener]:
    """A token endpoint that answers this, one a request."""
    left = list(answers)
    with listening(lambda _seen: left.pop(0)) as listener:
        yield listener


def refreshed(answer: Told, **facts: Any) -> Granted:
    """What is made of an answer to a refresh."""
    with answering(answer) as listener:
        return endpoint(listener.url, **facts).refresh(REFRESH)


def form(pairs: str, status: int = 200) -> Told:
    """An answer in a form."""
    return Told(status, pairs.encode(), {"Content-Type": "application/x-www-form-urlencoded"})


@pytest.mark.parametrize(
    ("answer", "granted"),
    [
        (told(PAIR), ("a1", "r2", 3600.0)),
        (told({"access_token": "a1", "expires_in": "7200"}), ("a1", None, 7200.0)),
        (told({"access_token": "a1", "expires_in": None, "refresh_token": ""}), ("a1", None, None)),
        (told({**PAIR, "token_type": "bearer", "expires_in": -5}), ("a1", "r2", None)),
        (told({**PAIR, "expires_in": True}), ("a1", "r2", None)),
        (told({**PAIR, "expires_in": 1e300}), ("a1", "r2", 315_360_000.0)),
        (form("access_token=a1&scope=repo%2Cgist&token_type=bearer"), ("a1", None, None)),
        (form("access_token=a1&refresh_token=r2&expires_in=28800"), ("a1", "r2", 28800.0)),
    ],
)
def test_tokens_are_understood_in_json_and_in_forms(answer: Told, granted: tuple[Any, ...]) -> None:
    """Whatever the form, the same comes out; what is no number of seconds is taken as not said."""
    found = refreshed(answer)

    assert (found.access_token, found.refresh_token, found.expires_in) == granted


def test_an_answer_may_tell_settings() -> None:
    """By the provider's name for them, and only texts."""
    answer = told({**PAIR, "instance_url": "https://eu.example", "id": 7})
    assert refreshed(answer, tells={"api": "instance_url", "number": "id", "none": "x"}).told == {
        "api": "https://eu.example"
    }


def _opens(sites: Any, settings: Any) -> dict[str, str]:
    (site,) = [one["id"] for one in sites if one["name"] == settings["site"]]
    return {"base_url": f"https://api.example/{site}"}


def test_settings_that_no_answer_tells_are_asked_for_with_the_new_token() -> None:
    """Once, when the account is linked; a refresh asks for nothing more."""
    with answering(
        told(PAIR), told([{"id": "7", "name": "a"}, {"id": "8", "name": "b"}]), told(PAIR)
    ) as listener:
        finds = Finds(f"{listener.url}/sites", _opens)
        auth = OAuth2(authorize_url="{home}/authorize", token_url="{home}/token", finds=finds)
        settings = {"home": listener.url, "site": "b"}
        way = TokenEndpoint(auth, CLIENT, settings, guard=LOOPBACK, clock=lambda: NOW, sleep=Sleeper())
        found = way.found(way.exchange("code", verifier="v", redirect_uri="https://us.example/b"))
        again = way.refresh(REFRESH)

    assert (found.told, again.told) == ({"base_url": "https://api.example/8"}, {})
    assert [(one.method, one.path) for one in listener.seen] == [
        ("POST", "/token"),
        ("GET", "/sites"),
        ("POST", "/token"),
    ]
    assert listener.seen[1].headers["Authorization"] == "Bearer a1"


def test_an_odd_answer_about_what_a_token_opens_is_for_a_person() -> None:
    """It is told where it was asked, and not the token."""
    with answering(told(PAIR), told({"sites": 5})) as listener:
        way = endpoint(listener.url, finds=Finds(f"{listener.url}/sites", _opens))
        granted = way.exchange("code", verifier="v", redirect_uri="https://us.example/b")
        with pytest.raises(errors.Misconfigured, match="what a token opens") as caught:
            way.found(granted)

    assert "a1" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        told({"error": "invalid_grant"}, 400),
        told({"error": "invalid_grant"}, 401),
        told({"error": "invalid_grant", "error_description": None}, 200),
        told({"error": "invalid_token"}, 403),
        told({"error": "bad_refresh_token"}, 200),
        told({"error": "unauthorized_client", "error_description": "bad_refresh_token"}, 403),
        form("error=bad_refresh_token&error_description=The+token+is+incorrect"),
        form("error=invalid_grant", 400),
    ],
)
def test_a_grant_that_is_over_is_one_for_the_owner(answer: Told) -> None:
    """By the standard's words and those that the adapter knows, in errors and in answers that look good."""
    with pytest.raises(errors.NeedsReauthorisation, match="what the end user allowed is over"):
        refreshed(answer, revoked=("bad_refresh_token",))


@pytest.mark.parametrize(
    "answer",
    [
        told({"error": "invalid_grant"}, 500),
        told({"error": "invalid_grant"}, 429),
        told({"error": "temporarily_unavailable"}, 400),
        told({"error": "server_error"}, 200),
        told({}, 503, Retry_After="40"),
        HTML,
        Told(400, b"<html>blocked</html>", {}),
        Told(401, b"", {}),
        Told(200, b"", {}),
        Told(200, b"[1]", {}),
        Told(200, b'{"access_token": "a', {}),
        Told(200, b"\xff\xfe\x00", {}),
        Told(200, b"access_token=a1&access_token=a2", {}),
        Told(raw=lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")),
        Told(raw=lambda handler: handler.connection.close()),
        told({**PAIR, "more": "x" * 300_000}),
    ],
)
def test_an_outage_is_none(answer: Told) -> None:
    """Server errors, web pages, what is cut, too large or no answer at all: the account waits, nobody is asked."""
    with pytest.raises(errors.RetryLater) as caught:
        refreshed(answer)

    assert caught.value.after == (40.0 if answer.headers.get("Retry-After") else None)


def test_an_answer_that_drips_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token endpoint that never comes to an end holds nobody up for longer than the whole may take."""
    monkeypatch.setattr(oauth, "LIMITS", Limits(connect=1, read=0.2, total=0.4, body=1000))

    def drip(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        handler.connection.settimeout(120)
        handler.rfile.read(1)  # until the other side hangs up

    with pytest.raises(errors.RetryLater, match="no answer came in time"):
        refreshed(Told(raw=drip))


@pytest.mark.parametrize("word", ["invalid_client", "unauthorized_client"])
def test_a_refused_application_is_not_the_accounts_fault(word: str) -> None:
    """It is named as what it is, so that no account is paused for it."""
    with pytest.raises(errors.ApplicationRefused, match="look at its id and secret"):
        refreshed(told({"error": word}, 401))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (told({"error": "invalid_scope"}, 400), "refuses this"),
        (told({"error": {"code": 7}}, 400), "without saying why"),
        (told({"message": "no"}, 403), "without saying why"),
        (told({"ok": True}), "without a usable access token"),
        (told({**PAIR, "access_token": "a\r\nX-Evil: 1"}), "without a usable access token"),
        (told({**PAIR, "access_token": 7}), "without a usable access token"),
        (told({**PAIR, "access_token": "a" * 20_000}), "without a usable access token"),
        (told({**PAIR, "refresh_token": "r\u00e9"}), "a refresh token that is none"),
        (told({**PAIR, "token_type": "mac"}), "of a kind that we cannot use"),
        (Told(302, b"", {"Location": "https://elsewhere.example/token"}), "has moved"),
        (Told(307, b"", {"Location": "/other"}), "has moved"),
    ],
)
def test_what_nobody_understands_is_for_a_person(answer: Told, sentence: str) -> None:
    """No account is paused, and no header broken, by what a token endpoint makes up; redirects are not followed."""
    with answering(answer) as listener:
        with pytest.raises(errors.Misconfigured, match=sentence):
            endpoint(listener.url).refresh(REFRESH)
        assert len(listener.seen) == 1


@pytest.mark.parametrize("status", [400, 200])
def test_no_error_tells_a_secret(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Not even one in which the provider says back what it was sent."""
    caplog.set_level("DEBUG")
    echo = f"{REFRESH} of {CLIENT.id} by {CLIENT.secret} is \u202e\x1b[2J unknown"
    with pytest.raises(errors.NeedsReauthorisation) as caught:
        refreshed(told({"error": "invalid_grant", "error_description": echo}, status))

    shown = f"{caught.value} {caught.value!r} {pickle.dumps(caught.value)!r} {caplog.text}"
    assert "unknown" in str(caught.value)
    assert [text for text in (REFRESH, CLIENT.secret, CLIENT.id, "\x1b", "\u202e") if text in shown] == []


@pytest.mark.parametrize(
    ("ask", "fields"),
    [
        (
            lambda at: at.exchange("c1", verifier="v1", redirect_uri="https://us.example/back"),
            {
                "grant_type": "authorization_code",
                "code": "c1",
                "code_verifier": "v1",
                "redirect_uri": "https://us.example/back",
            },
        ),
        (lambda at: at.refresh("r1"), {"grant_type": "refresh_token", "refresh_token": "r1"}),
        (lambda at: at.by_client(["a", "b"]), {"grant_type": "client_credentials", "scope": "a b"}),
    ],
)
@pytest.mark.parametrize("proof", ["basic", "body", "none"])
def test_the_client_proves_itself_as_the_adapter_says(
    ask: Callable[[TokenEndpoint], Granted], fields: dict[str, str], proof: str
) -> None:
    """By HTTP Basic, id and secret encoded; in the form; or by nothing but its id."""
    with answering(told(PAIR)) as listener:
        ask(endpoint(listener.url, proof=proof, sends={"audience": "x"}))
        [seen] = listener.seen
    named = {
        "basic": {},
        "body": {"client_id": CLIENT.id, "client_secret": CLIENT.secret},
        "none": {"client_id": CLIENT.id},
    }

    basic = base64.b64encode(b"an+id%3A+with+signs:canary-secret%2F%2B%26%3D+1").decode()
    assert (seen.method, seen.path, seen.query) == ("POST", "/oauth/token", {})
    assert dict(parse_qsl(seen.body.decode())) == {**fields, "audience": "x", **named[proof]}
    assert seen.headers.get("Authorization") == (f"Basic {basic}" if proof == "basic" else None)


def test_a_token_endpoint_in_a_private_network_is_not_called() -> None:
    """The guard that stands before every provider stands before this as well."""
    with answering() as listener:
        with pytest.raises(errors.Misconfigured, match="inside a private network"):
            endpoint(listener.url, Guard()).refresh(REFRESH)
        assert listener.seen == []


def test_secrets_go_out_encrypted() -> None:
    """A public token endpoint has to have https://."""
    public = Guard(resolve=lambda _host, port: [(2, ("93.184.216.34", port))])  # type: ignore[list-item] # a family
    with pytest.raises(errors.Misconfigured, match="has to begin with https://"):
        endpoint("http://example.com", public).refresh(REFRESH)


@pytest.mark.parametrize(
    ("template", "settings", "address"),
    [
        ("https://login.example.com/token", {}, "https://login.example.com/token"),
        ("https://{sub}.example.com/token", {"sub": "acme-1"}, "https://acme-1.example.com/token"),
        ("https://example.com/{org}/token", {"org": "a/b?c"}, "https://example.com/a%2Fb%3Fc/token"),
        ("{url}/token", {"url": "https://git.acme.example/x/"}, "https://git.acme.example/x/token"),
    ],
)
def test_an_address_is_filled_in(template: str, settings: dict[str, str], address: str) -> None:
    """A setting is the beginning, a label of the host, or part of the path."""
    assert oauth.address(template, settings) == address


@pytest.mark.parametrize(
    "sub",
    ["evil.example/", "evil.example#", "a@evil.example", "a.b", "", "-a", "a\\", "a:1", "\u00e9", "a" * 64],
)
def test_a_setting_leads_to_no_other_host(sub: str) -> None:
    """What a customer gives as a subdomain is one label, or nothing is sent."""
    with pytest.raises(errors.Misconfigured, match="no part of the name of a host"):
        oauth.address("https://{sub}.example.com/token", {"sub": sub})


@pytest.mark.parametrize(
    ("template", "settings"),
    [
        ("https://example.com/{org}/token", {"org": ".."}),
        ("{url}/authorize", {"url": "javascript:alert(1)//"}),
        ("{url}/authorize", {}),
    ],
)
def test_what_is_no_address_is_refused(template: str, settings: dict[str, str]) -> None:
    """Neither a step up nor another scheme gets into an address."""
    with pytest.raises(errors.Misconfigured):
        oauth.address(template, settings)


def test_end_users_are_sent_with_all_that_binds_the_code() -> None:
    """State, challenge and where to come back to; the verifier stays here (RFC 7636, appendix B)."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    auth = OAuth2(
        authorize_url="https://x.example/a?v=2",
        token_url="https://x.example/t",
        scopes=("r", "w"),
        asks={"p": "q"},
    )
    url = oauth.authorize_address(
        auth, {}, client_id="id & co", redirect_uri="https://us.example/b", state="s", verifier=verifier
    )

    assert url.startswith("https://x.example/a?v=2&")
    assert verifier not in url
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "v": "2",
        "p": "q",
        "response_type": "code",
        "client_id": "id & co",
        "redirect_uri": "https://us.example/b",
        "state": "s",
        "scope": "r w",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }


@pytest.mark.parametrize(
    ("issuer", "told_issuer", "is_from"),
    [
        ("https://{sub}.example.com", "https://acme.example.com", True),
        ("https://{sub}.example.com", "https://acme.example.com/", False),
        ("https://{sub}.example.com", "https://evil.example.com", False),
        ("https://{sub}.example.com", None, False),
        ("", None, True),
        ("", "https://acme.example.com/realm", True),
        ("", "https://acme.example.com:8443", False),
        ("", "https://evil.example", False),
        ("", "https://[", False),
    ],
)
def test_an_answer_is_of_the_server_that_was_asked(
    issuer: str, told_issuer: str | None, *, is_from: bool
) -> None:
    """RFC 9207: the issuer has to be the known one; where none is known, one of the same origin."""
    auth = OAuth2(
        authorize_url="https://{sub}.example.com/a", token_url="https://{sub}.example.com/t", issuer=issuer
    )
    assert oauth.is_from(auth, {"sub": "acme"}, told_issuer) is is_from


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"client": ("a", "b")}, "drop client="),
        (
            {"authorize_url": "https://x.example/a", "token_url": "{base_url}/t"},
            "begin with the same setting",
        ),
        ({"proof": "none", "pkce": False}, "anybody could use a stolen code"),
        ({"authorize_url": "{u}/a", "token_url": "{u}/t", "tells": {"u": "api"}}, "no answer can tell it"),
    ],
)
def test_facts_that_contradict_each_other_fail_at_once(facts: dict[str, Any], sentence: str) -> None:
    """When the adapter is imported, in one sentence."""
    with pytest.raises(TypeError, match=sentence):
        OAuth2(**facts)


@pytest.mark.parametrize(
    ("method", "outcome"), [("DELETE", nullcontext()), ("POST", pytest.raises(errors.Gone))]
)
def test_a_token_that_is_there_no_more_is_over(method: Any, outcome: Any) -> None:
    """Where it is deleted, 404 says that there is none; of an address that takes tokens it says that nobody took it."""
    with listening(lambda _seen: told({}, 404)) as server:
        way = endpoint(server.url, revokes=Revokes("{base_url}/tokens", method=method))
        with outcome:
            way.revoke({"refresh_token": "r1"})
