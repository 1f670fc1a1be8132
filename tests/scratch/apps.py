"""The app."""

from __future__ import annotations

from django.apps import AppConfig


class ScratchConfig(AppConfig):
    """An app beside those of the product."""

    name = "tests.scratch"
    label = "scratch"
