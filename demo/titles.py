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
