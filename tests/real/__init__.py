"""Tests against real third-party servers, started on loopback."""
