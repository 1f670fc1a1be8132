"""Tests of what the change log remembers."""
