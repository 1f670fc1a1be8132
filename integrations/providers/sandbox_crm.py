"""A CRM system for rehearsals, served by this installation itself; see `integrations.sandbox`."""

from __future__ import annotations

from integrations.sandbox.adapter import sandbox

provider = sandbox("sandbox-crm", "Sandbox CRM", "crm")
