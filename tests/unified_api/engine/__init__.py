"""Tests of the bridge engine: no database, no clock, no network."""
