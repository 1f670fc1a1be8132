"""Isthmus: a self-hosted unified API with two-way sync."""

__version__ = "0.1.0"
