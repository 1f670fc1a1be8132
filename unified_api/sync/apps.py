"""The Django app of the shell's tables."""

from __future__ import annotations

from django.apps import AppConfig


class SyncConfig(AppConfig):
    """Streams, writes, jobs and the change log."""

    name = "unified_api.sync"
    label = "sync"
    verbose_name = "Synchronization"
