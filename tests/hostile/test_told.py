"""What a hostile provider can make operators see: its words are words, in the log, on the terminal, in the console."""

from __future__ import annotations

import contextvars
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from tests.hostile.conftest import House
from tests.hostile.server import Behaviour, answer, head, says, says_json
from tests.hostile.test_transport import assert_clear

EVIL = "\x1b[2J\x1b]0;owned\x07\r\n2026-01-01 [info] all is well\u202e<script>alert(1)</script>"

#: Name of the case: where the provider puts its orders.
CASES: dict[str, Behaviour] = {
    "in an error": says_json({"error": EVIL}, 400),
    "in an error with 200": says_json({"error": EVIL}),
    "in the reason of the status": says(
        b"HTTP/1.1 400 \x1b[2J\x07<script>alert(1)</script>\r\nContent-Length: 0\r\n\r\n"
    ),
    "in a header": says(
        head(301, Location="http://10.0.0.1/\x1b[2J<script>alert(1)</script>", Content_Length="0")
    ),
    "in the name of a packing": says(answer(b"x", Content_Encoding="\x1b[2J<script>")),
    "in the id of a bad record": says_json({"items": [{"id": EVIL, "title": [EVIL]}], "next": None}),
    "in a word": says_json({"items": [{"id": "1", "state": EVIL, "title": []}], "next": None}),
}


@pytest.mark.parametrize("case", CASES)
def test_words_of_a_provider_give_no_orders(
    case: str, house: House, capfd: pytest.CaptureFixture[str], settings: Any
) -> None:
    """No line of the log is forged, no terminal is cleared by `status`, and the console runs no script."""
    house.oddly(CASES[case])
    stream = house.go()
    assert stream.status != "DONE"
    assert_clear(house, stream.error)

    logged = capfd.readouterr().err
    assert all(json.loads(line)["event"] for line in logged.splitlines())
    assert "\x1b" not in logged + told_by_status()
    shown = told_by_console(house)
    assert "hostile account" in shown
    assert "<script>alert" not in shown


def told_by_status() -> str:
    """What `manage.py status` prints, outside of any tenant."""
    out = io.StringIO()
    contextvars.Context().run(call_command, "status", stdout=out)
    return out.getvalue()


def told_by_console(house: House) -> str:
    """The streams and what is set aside, as the console shows them to an operator."""

    def look() -> str:
        user = User.objects.create_user("grace", is_staff=True, is_superuser=True)
        browser = Client()
        browser.force_login(user)
        browser.post(f"/admin/tenant/{house.account.tenant_id}/enter/")
        pages = [browser.get(f"/admin/sync/{name}/") for name in ("stream", "setaside", "run")]
        assert [page.status_code for page in pages] == [200, 200, 200]
        return "".join(page.content.decode() for page in pages)

    return contextvars.Context().run(look)
