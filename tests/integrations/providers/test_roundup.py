"""What a Roundup says, and what is meant by it, where no running server can be brought to say it at will."""

from __future__ import annotations

from http import HTTPStatus

from unified_api import registry


def test_a_trackers_own_failure_is_no_refusal() -> None:
    """A 400 that names the tracker's log stands for an error of the server: nobody's values are wrong."""
    refuse = registry.by_slug("roundup").refuse
    words = "Mon Nov 23 17:16:02 2026: An error occurred. Please check the server log for more information."

    assert refuse(400, {"error": {"status": 400, "msg": words}}, {}) == HTTPStatus.INTERNAL_SERVER_ERROR
    assert refuse(400, {"error": {"status": 400, "msg": "property title: is required"}}, {}) is None
