"""What a provider's errors are to a caller who waits for it, where nothing was written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.exceptions import NotFound, ParseError, PermissionDenied

from integrations.kit import errors as kit
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.api.errors import Busy, conflict
from unified_api.sync import connect


@contextmanager
def answers_of(account: LinkedAccount) -> Iterator[None]:
    """Within this block the account's provider is called; raises DRF's exceptions."""
    try:
        yield
    except (registry.UnknownIntegration, kit.Gone) as error:
        raise NotFound(str(error)) from error
    except kit.RetryLater as error:
        raise Busy(str(error), after=error.after or 5.0) from error
    except kit.Forbidden as error:
        raise PermissionDenied(str(error)) from error
    except kit.NeedsReauthorisation as error:
        connect.pause(account, str(error))
        raise conflict(f"The linked account has to be linked again: {error}") from error
    except kit.ProviderError as error:
        raise ParseError(str(error)) from error
