"""The product's settings, with the peer's path beside the product's own."""

from __future__ import annotations

from unified_api.settings import *  # noqa: F403 - all of them

ROOT_URLCONF = "benchmarks.lists.peer"
