"""Where there can be no Redmine, its tests say so; and what is meant by answers that a running one seldom gives."""

from __future__ import annotations

import os
import shutil
from http import HTTPStatus
from pathlib import Path

import pytest

from demo.servers import redmine
from integrations.kit.errors import Misconfigured
from integrations.kit.paging import Turn
from integrations.providers.redmine.issues import ById
from tests.conformance.far_side import FarSide
from tests.integrations.providers.redmine.far_side import far_side
from unified_api import registry


def test_where_it_cannot_be_installed_its_tests_are_left_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without root or without apt; who has both installs it."""
    monkeypatch.setattr(redmine, "_THERE", tmp_path / "nothing")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/apt-get")
    far_side.require()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(pytest.skip.Exception, match="apt-get install redmine redmine-sqlite ruby-webrick"):
        far_side.require()


def test_a_far_side_is_there_unless_it_says_otherwise() -> None:
    """Whoever says nothing is tried everywhere."""
    FarSide(judge="nobody", start=far_side.start).require()


def test_only_a_refusal_without_a_reason_is_another_version() -> None:
    """All others are about values."""
    refuse = registry.by_slug("redmine").refuse
    assert refuse is not None

    assert refuse(422, {"errors": []}, {}) == HTTPStatus.PRECONDITION_FAILED
    assert refuse(422, {"errors": ["Subject cannot be blank"]}, {}) is None


def test_a_list_that_ignores_the_lowest_id_is_no_endless_one() -> None:
    """It would show its first page for ever."""
    paging = ById(size=1)
    turn = Turn({"issues": [{"id": 7}], "total_count": 3}, {}, 1)
    state = paging.next(None, turn)

    assert paging.params(state)["issue_id"] == ">=8"
    with pytest.raises(Misconfigured, match="would never end"):
        paging.next(state, turn)
