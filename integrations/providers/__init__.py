"""One file per integration.

Nothing imports them by name: `integrations.apps` registers what it finds here.
"""
