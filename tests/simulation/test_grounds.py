"""What leaves although what it was for is no more is blamed, and nothing else."""

from __future__ import annotations

import pytest

from tests.simulation.grounds import Ground


@pytest.mark.parametrize(
    ("operation", "ground", "wrong"),
    [
        ("update", Ground(is_awaited=True, other_is_there=True), ""),
        ("update", Ground(is_awaited=False, other_is_there=True), "its pair did not wait for it"),
        ("delete", Ground(is_awaited=True, other_is_there=False), ""),
        ("delete", Ground(is_awaited=True, other_is_there=True), "the other record was there"),
        ("create", Ground(is_awaited=True, other_is_there=True), ""),
        ("create", Ground(is_awaited=True, other_is_there=False), "the other record was gone"),
    ],
)
def test_a_write_that_leaves_is_held_against_its_pair(operation: str, ground: Ground, wrong: str) -> None:
    """As it is at that moment."""
    assert ground.lacks(operation) == wrong
