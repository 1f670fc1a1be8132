"""What answers tell about limits, of which there are three at once.

https://developer.atlassian.com/cloud/jira/platform/rate-limiting

Bursts count by site, address and method; writes by issue; and what an application does costs points of an hour, of one
pool for all its sites, or of one for each of them. The reason of a refusal says which it was. What is left of a pool is
told ahead by a header that is in trial [?]: `Beta-RateLimit: "global-app-quota";r=11000;t=600`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from integrations.kit.limiter import Rate

_REASON: Final = "RateLimit-Reason"
_OF_ALL_SITES: Final = "jira-quota-global-based"
_POOL: Final = re.compile(r'"(global|tenant)-app-quota";\s*r=(\d{1,12});\s*t=(\d{1,6})(?!\d)')


@dataclass(frozen=True)
class Points(Rate):
    """The points of an application, at one of its sites or at all of them."""

    per_application: bool = True

    def read(self, headers: Mapping[str, str], now: datetime) -> tuple[int, datetime] | None:
        """How many points are left, and until when."""
        found = _pool(headers)
        return None if found is None else (int(found[2]), now + timedelta(seconds=int(found[3])))

    def is_of_application(self, headers: Mapping[str, str]) -> bool:
        """Whether an answer is about the pool of all sites: a refusal by its reason, another one by what it tells."""
        if _REASON in headers:
            return headers[_REASON] == _OF_ALL_SITES
        found = _pool(headers)
        return found is not None and found[1] == "global"


def _pool(headers: Mapping[str, str]) -> re.Match[str] | None:
    """What is told of a pool; of a refusal for another reason the pool is not spoken of."""
    if "quota" not in headers.get(_REASON, "quota"):
        return None
    return _POOL.search(headers.get("Beta-RateLimit", ""))
