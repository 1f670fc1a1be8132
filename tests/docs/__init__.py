"""Tests of the documentation, and of what may stand in committed files."""
