"""What tests of linking share: the help desk, and the house that is linked by OAuth."""

from tests.oauth_house import house
from tests.unified_api.sync.conftest import desk, no_broker

__all__ = ["desk", "house", "no_broker"]  # fixtures
