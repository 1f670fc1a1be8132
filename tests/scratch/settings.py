"""The product's settings, and the app; its table is made without a migration."""

from __future__ import annotations

from unified_api import settings
from unified_api.settings import *  # noqa: F403 - all of them

INSTALLED_APPS = [*settings.INSTALLED_APPS, "tests.scratch.apps.ScratchConfig"]
