"""A real directory as the far side of the adapter: that of this run, where other tests leave people as well."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import pytest

from demo.servers import Canaille
from integrations.kit.client import Client
from integrations.kit.provider import Resource
from tests.conformance.far_side import FarSide, Samples, Started
from tests.real.people import add_group, add_user
from unified_api.models.hris import Employee, Group


@contextmanager
def _start(request: pytest.FixtureRequest) -> Iterator[Started]:
    directory: Canaille = request.getfixturevalue("canaille")
    samples = _filled(directory, uuid.uuid4().hex[:8])

    def told(_client: Client, resource: Resource) -> Samples:
        return samples[resource.model]

    yield Started(
        values={"base_url": directory.scim_url, "token": directory.token()},
        samples=told,
        refusal=lambda status: {"status": str(status), "detail": HTTPStatus(status).phrase},
        whole=frozenset({Employee, Group}),
    )


def _filled(directory: Canaille, mark: str) -> dict[Any, Samples]:
    """People in groups; and samples that name these."""
    people = [add_user(directory, f"{name}-{mark}") for name in ("ada", "bob", "cleo")]
    groups = [add_group(directory, f"{name}-{mark}", people[:2])["id"] for name in ("staff", "board")]
    made = {
        "first_name": "Eve",
        "last_name": "Early",
        "display_full_name": "Eve Early",
        "employee_number": "7",
    }
    changed = {
        "first_name": "Eva",
        "last_name": "Late",
        "display_full_name": "Eva Late",
        "employee_number": "8",
    }
    return {
        Employee: Samples(
            [
                {
                    "username": f"eve-{mark}",
                    "work_email": f"eve-{mark}@example.com",
                    "groups": [groups[0]],
                    "employment_status": "INACTIVE",
                    **made,
                }
            ],
            [
                {
                    "username": f"eva-{mark}",
                    "work_email": f"eva-{mark}@example.com",
                    "groups": [groups[1]],
                    "employment_status": "ACTIVE",
                    **changed,
                }
            ],
        ),
        Group: Samples([{"name": f"crew-{mark}"}], [{"name": f"team-{mark}"}]),
    }


far_side = FarSide(judge="a real Canaille", start=_start, marks=[pytest.mark.real])
