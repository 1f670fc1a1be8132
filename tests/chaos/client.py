"""A client of the API as it should be: it repeats what got no answer, with its Idempotency-Key, and asks after 202."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Final

import requests

PAUSE: Final = 0.15
#: Looks at a write that is not there before it counts as never journalled.
NEVER: Final = 4
DONE, REFUSED, UNKNOWN, UNDER_WAY = "done", "refused", "unknown", "under way"


@dataclass
class Order:
    """One write that somebody wants, and what became of it.

    answers: each status, `lost` where there was none. accepted: it was answered 2xx. outcome: done; refused, for good;
    unknown, where the client may not repeat it.
    """

    method: str
    path: str
    body: dict[str, Any]
    token: str
    key: str | None
    wait: bool = True
    answers: list[str] = field(default_factory=list)
    accepted: bool = False
    outcome: str = UNDER_WAY
    write: str | None = None


class Caller:
    """Somebody with an API key, who gives orders in threads of their own until `stop` is set."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self._key = url, key
        self.stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def give(self, order: Order) -> None:
        """Have it carried out in a thread."""
        thread = threading.Thread(target=self._see_through, args=(order,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def busy(self) -> bool:
        """Whether an order is under way."""
        return any(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """End all threads."""
        self.stop.set()
        for thread in self._threads:
            thread.join()

    def get(self, path: str, token: str | None = None, **params: Any) -> requests.Response:
        """A read; raises requests.RequestException."""
        return self._request("GET", path, token, params=params)

    def everything(self, path: str, token: str) -> list[dict[str, Any]]:
        """All pages of a list."""
        params: dict[str, Any] = {"page_size": 100}
        found: list[dict[str, Any]] = []
        while True:
            answer = self.get(path, token, **params)
            answer.raise_for_status()
            page = answer.json()
            found += page["results"]
            if not page["next"]:
                return found
            params["cursor"] = page["next"]

    def _request(
        self, method: str, path: str, token: str | None, headers: dict[str, str] | None = None, **more: Any
    ) -> requests.Response:
        named = {"Authorization": f"Bearer {self._key}", **(headers or {})}
        if token:
            named["X-Account-Token"] = token
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, f"{self.url}/api/{path}", headers=named, timeout=25, **more)

    def _see_through(self, order: Order) -> None:
        while not self.stop.is_set():
            order.outcome = self._once(order)
            if order.outcome != UNDER_WAY:
                return
            time.sleep(PAUSE)

    def _once(self, order: Order) -> str:
        """Send it; what became of it, or `under way` when it is to be sent again."""
        key = {"Idempotency-Key": order.key} if order.key else {}
        params = {} if order.wait else {"run_async": "true"}
        try:
            answer = self._request(
                order.method, order.path, order.token, key, json={"model": order.body}, params=params
            )
        except requests.RequestException:
            order.answers.append("lost")
            return UNDER_WAY if order.key else UNKNOWN
        order.answers.append(str(answer.status_code))
        order.write = answer.headers.get("X-Isthmus-Write", order.write)
        if answer.status_code in {200, 201}:
            order.accepted = True
            return DONE
        if answer.status_code == 202:
            order.accepted = True
            return self._await(order)
        if answer.status_code == 404 and order.method == "PATCH":
            return UNDER_WAY  # not read yet
        if answer.status_code == 503 or (answer.status_code >= 500 and order.key):
            return UNDER_WAY
        return f"{REFUSED}: {answer.status_code} {answer.text[:300]}"

    def _await(self, order: Order) -> str:
        """Ask for its state until it is final."""
        missed = 0
        while not self.stop.is_set():
            try:
                answer = self.get(f"sync/v1/writes/{order.write}")
            except requests.RequestException:
                time.sleep(PAUSE)
                continue
            missed += answer.status_code == 404
            if missed >= NEVER:
                order.answers.append("never journalled")
                return UNDER_WAY
            state = answer.json() if answer.status_code == 200 else {"is_final": False}
            if state["is_final"]:
                order.answers.append(str(state["state"]))
                if state["state"] == "done":
                    return DONE
                return UNDER_WAY if state["state"] == "not applied" else f"{REFUSED}: {state['error']}"
            time.sleep(PAUSE)
        return UNDER_WAY


def new_key() -> str:
    """An Idempotency-Key."""
    return str(uuid.uuid4())
