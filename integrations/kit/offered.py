"""What of an adapter an account has: of a standard that many systems speak, not each can all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from integrations.kit.provider import Provider, Resource


def of_account(provider: Provider, settings: Mapping[str, str]) -> Provider:
    """The provider as the account with these settings has it: see `Since.offered`."""
    held = tuple(_only(resource, settings) for resource in provider.resources)
    return provider if held == provider.resources else replace(provider, resources=held)


def _only(resource: Resource, settings: Mapping[str, str]) -> Resource:
    changes = resource.changes
    told = changes.since.offered if changes and changes.since else ""
    return replace(resource, changes=None) if told and settings.get(told) != "yes" else resource
