"""What tests of linking share: the help desk."""

from tests.unified_api.sync.conftest import desk, no_broker

__all__ = ["desk", "no_broker"]  # fixtures
