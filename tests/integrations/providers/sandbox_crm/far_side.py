"""The sandbox of this category, served by this installation."""

from __future__ import annotations

from tests.integrations.sandbox.far_side import sandbox

far_side = sandbox("crm")
