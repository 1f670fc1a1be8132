"""Tests of how Isthmus runs."""
