"""Tests of tenants: the vault's laws, and both walls, each with the other one switched off."""
