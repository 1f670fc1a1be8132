"""OAuth applications of a tenant: kept sealed, one for each integration and site, found where a token is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from tenants import audit, secrets
from tenants.models import OAuthApplication
from tenants.vault import Secret

#: Characters of a client id that are shown, of those that are long enough.
_SHOWN = 4


class Client(NamedTuple):
    """What an application is known by to the provider. secret: empty for a public one."""

    id: Secret
    secret: Secret


def keep(
    integration: str, client: Client, *, site: str = "", scopes: Sequence[str] = ()
) -> tuple[OAuthApplication, bool]:
    """Register the application of the tenant in scope, in the place of an earlier one; whether there was none.

    Accounts that were linked by the earlier one go on if only its secret is another.
    """
    with transaction.atomic():
        found = (
            OAuthApplication.objects.select_for_update().filter(integration=integration, site=site).first()
        )
        row = found or OAuthApplication(integration=integration, site=site)
        row.hint, row.scopes, row.changed_at = _hint(client.id), list(scopes), timezone.now()
        packed = secrets.pack({"id": client.id, "secret": client.secret})
        secrets.put(packed, row, "sealed_client")
        row.save(force_insert=found is None)
        audit.record(
            "oauth_application.kept", subject=str(row.id), integration=integration, site=site, hint=row.hint
        )
    return row, found is None


def find(integration: str, site: str = "") -> OAuthApplication | None:
    """The tenant's application there; None where it has none."""
    found: OAuthApplication | None = OAuthApplication.objects.filter(
        integration=integration, site=site
    ).first()
    return found


def client(application: OAuthApplication) -> Client | None:
    """Id and secret; None where they were lost with a master key."""
    if not application.sealed_client:
        return None
    kept = secrets.unpack(secrets.opened(application, "sealed_client"))
    return Client(kept["id"], kept["secret"])


def remove(application: OAuthApplication) -> None:
    """Forget it: nobody is linked by it any more, and tokens that it brought are not renewed."""
    with transaction.atomic():
        OAuthApplication.objects.filter(id=application.id).delete()
        audit.record(
            "oauth_application.removed", subject=str(application.id), integration=application.integration
        )


def _hint(client_id: Secret) -> str:
    text = client_id.reveal()
    return text[-_SHOWN:] if len(text) > 2 * _SHOWN else ""
