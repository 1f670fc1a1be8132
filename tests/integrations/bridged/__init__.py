"""Bridges between emulated systems, as the ready-made files tell them."""

import pytest

# The story of recommended leads asserts, and is no test by itself.
pytest.register_assert_rewrite(f"{__name__}.recommended")
