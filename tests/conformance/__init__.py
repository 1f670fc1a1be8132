"""One suite for every adapter that is registered, which names none of them.

Laws of lenses, what an adapter says that it can do, how failures are told, and what the vendor's description shows. An
adapter brings its fixtures and its far side: what it is tried against, beside its tests; see `far_side`. `python -m
tests.conformance` runs it and prints what was tried, by adapter, model and ability.
"""
