"""A Canaille: a directory of people, and the OAuth 2 server that lets others in to it.

https://canaille.readthedocs.io/en/latest/tutorial/install.html
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from demo.servers.server import Server
from unified_api.serve.disguise import Disguise

_CSRF: Final = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_SECONDS: Final = 60.0


class Canaille(Server):
    """One worker, as SQLite has one writer at a time. Its client is trusted: nobody is asked for consent."""

    name = "canaille"
    client_id = "isthmus"
    #: Where its client may send people back to.
    callback = "http://testserver/oauth/callback"

    @property
    def settings(self) -> dict[str, str]:
        """What Isthmus is told to link it."""
        return {"base_url": self.origin}

    @property
    def scim_url(self) -> str:
        """Where it speaks SCIM."""
        return f"{self.origin}/scim/v2"

    @property
    def client_secret(self) -> str:
        """The client's."""
        return str(self._facts()["key"])

    def sent_back(self, address: str) -> str:
        """Where a person's browser is sent back to, who signs in at an authorization address."""
        with requests.Session() as browser:
            browser.trust_env = False
            page = browser.get(address, timeout=_SECONDS)
            page = self._fill_in(browser, page, login=self.username)
            form = self._form(page, password=self.password)
            answer = browser.post(page.url, form, allow_redirects=False, timeout=_SECONDS)
            while answer.headers["Location"].startswith((self.origin, "/")):
                onward = urljoin(page.url, answer.headers["Location"])
                answer = browser.get(onward, allow_redirects=False, timeout=_SECONDS)
        return answer.headers["Location"]

    def revoke(self, token: str) -> None:
        """End a token, as the client that has it."""
        done = requests.post(
            f"{self.origin}/oauth/revoke",
            {"token": token},
            auth=(self.client_id, self.client_secret),
            timeout=_SECONDS,
        )
        done.raise_for_status()

    def token(self) -> str:
        """A token of its client's own, which may do everything in the directory."""
        asked = {"grant_type": "client_credentials"}
        told = requests.post(
            f"{self.origin}/oauth/token", asked, auth=(self.client_id, self.client_secret), timeout=_SECONDS
        )
        told.raise_for_status()
        return str(told.json()["access_token"])

    def scim(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A call below /scim/v2, the decoded answer. Raises requests.HTTPError for a refusal."""
        with requests.Session() as session:
            session.trust_env = False
            signed = {"Authorization": f"Bearer {self.token()}", **headers}
            answer = session.request(
                method, f"{self.scim_url}{path}", json=body, headers=signed, timeout=_SECONDS
            )
        if not answer.ok:
            told = f"{method} {path} was answered {answer.status_code}: {answer.text[:400]}"
            raise requests.HTTPError(told, response=answer)
        return answer.json() if answer.content else None

    def _fill_in(
        self, browser: requests.Session, page: requests.Response, **fields: str
    ) -> requests.Response:
        return browser.post(page.url, self._form(page, **fields), timeout=_SECONDS)

    def _form(self, page: requests.Response, **fields: str) -> dict[str, str]:
        token = _CSRF.search(page.text)
        assert token is not None, page.text  # noqa: S101 - the page has another form than the one that was seen
        return {"csrf_token": token[1], **fields}

    def _prepare(self, bin_folder: Path, way: Disguise) -> None:
        (self.data / "canaille.toml").write_text(self._configuration())
        way.give(self.data)
        canaille = [*way.prefix, str(bin_folder / "canaille")]
        self._run([*canaille, "install"])
        person = {"user-name": self.username, "formatted-name": "Ada Admin", "family-name": "Admin"}
        self._run([*canaille, "create", "user", *_options(person | {"password": self.password})])
        self._run([*canaille, "create", "client", *_options(self._client())])

    def _client(self) -> dict[str, Any]:
        return {
            "client-id": self.client_id,
            "client-secret": self.client_secret,
            "client-name": "Isthmus",
            "client-uri": "http://127.0.0.1",
            "redirect-uris": [self.callback],
            "grant-types": ["authorization_code", "refresh_token", "client_credentials"],
            "response-types": ["code"],
            "scope": ["openid", "profile"],
            "token-endpoint-auth-method": "client_secret_basic",
        }

    def _configuration(self) -> str:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        told = {
            "": {
                "SECRET_KEY": self._facts()["key"],
                "SERVER_NAME": f"127.0.0.1:{self.port}",
                "PREFERRED_URL_SCHEME": "http",
            },
            "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{self.data / 'canaille.sqlite'}"},
            "CANAILLE_SCIM": {"ENABLE_SERVER": True},
            "CANAILLE_OIDC": {"REQUIRE_NONCE": False, "ACTIVE_JWKS": [pem]},
        }
        lines = []
        for section, values in told.items():
            lines += [f"[{section}]"] if section else []
            lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        return "\n".join(lines)

    def _command(self, bin_folder: Path) -> list[str]:
        run = [str(bin_folder / "canaille"), "run", "--bind", f"127.0.0.1:{self.port}", "--workers", "1"]
        return [*run, "--accesslog", str(self.log)]

    def _probe(self) -> object:
        return self.api("GET", "/.well-known/openid-configuration")

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "CANAILLE_CONFIG": str(self.data / "canaille.toml")}


def _options(values: dict[str, Any]) -> list[str]:
    """Options of a command line; one of several values is given several times."""
    pairs = [
        (name, one) for name, told in values.items() for one in (told if isinstance(told, list) else [told])
    ]
    return [word for name, value in pairs for word in (f"--{name}", str(value))]
