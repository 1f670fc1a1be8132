"""An address at which an end user allows what is to be linked: a link token that goes to the end user itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from unified_api.link import oauth, tokens
from unified_api.link.linking import LinkRefused

#: How long it can be begun there.
LASTS: Final = dt.timedelta(minutes=30)


@dataclass(frozen=True)
class Invitation:
    """Whom to invite, and to what. settings: of the account, those that are no secret; nobody can say others."""

    integration: str
    end_user_origin_id: str
    category: str = ""
    end_user_organization_name: str = ""
    end_user_email_address: str = ""
    is_test: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


def invite(invitation: Invitation) -> tuple[str, dt.datetime]:
    """The address, and until when it is good, of the tenant in scope; raises LinkRefused."""
    if not invitation.end_user_origin_id.strip():
        raise LinkRefused("The end user's id is empty; give the id that your own product knows it by.")
    base = oauth.redirect_uri().removesuffix(oauth.CALLBACK)
    provider, _, settings, _ = oauth.prepared(invitation.integration, {}, invitation.settings)
    if invitation.category and invitation.category not in provider.categories:
        raise LinkRefused(f"{provider.name} has no accounts of category {invitation.category!r}.")
    made, text = tokens.issue(
        tokens.Wish(
            end_user_origin_id=invitation.end_user_origin_id,
            end_user_organization_name=invitation.end_user_organization_name,
            end_user_email_address=invitation.end_user_email_address,
            categories=(invitation.category,) if invitation.category else provider.categories,
            lasts=LASTS,
            integration=provider.slug,
            is_test=invitation.is_test,
            settings={name: settings[name] for name in invitation.settings},
        )
    )
    return f"{base}{oauth.BEGIN}{text.reveal()}", made.expires_at
