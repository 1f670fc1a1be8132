"""Vendors' systems for tests: one engine with state, and a small description for each vendor.

`python -m tests.emulators VENDOR --port N` runs one. What it is asked and what it answers is judged by the vendor's own
description, where that is at hand; see `official`.
"""
