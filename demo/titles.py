"""The tickets of the story. Each run has its own, since those of earlier runs are still there."""

from __future__ import annotations


def of_roundup(run: int) -> list[str]:
    """What the developers track."""
    return [f"Printer prints only noise (run {run})", f"Invoice shows the wrong year (run {run})"]


def of_desk(run: int) -> list[str]:
    """What customers wrote."""
    return [f"Cannot log in after the holidays (run {run})", f"Please add a colleague (run {run})"]


def of_product(run: int) -> str:
    """What the product makes itself."""
    return f"Made by the product (run {run})"


def of_plan(run: int) -> str:
    """What is shown before it is written."""
    return f"Chair is broken (run {run})"


def of_move() -> list[str]:
    """Forty that belong together; later runs find them as the first one left them."""
    return [f"Move desk {number:02}" for number in range(1, 41)]


def of_killed(run: int) -> str:
    """What is created by a worker that does not live to tell."""
    return f"Lift stands still (run {run})"
