"""The order of requests and answers across all workers: numbers of one database sequence."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict

from django.db import connection

#: Requests whose time of departure is remembered; a page's observations are stored long before it is forgotten.
_REMEMBERED = 1024


class Moments:
    """Draws moments, and remembers when (by the database's clock) the latest were drawn."""

    def __init__(self) -> None:
        self._times: OrderedDict[int, dt.datetime] = OrderedDict()

    def draw(self) -> int:
        """A number greater than every one drawn before, by any worker."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('sync_moment'), clock_timestamp()")
            moment, now = cursor.fetchone()
        self._times[moment] = now
        if len(self._times) > _REMEMBERED:
            self._times.popitem(last=False)
        return int(moment)

    def time_of(self, moment: int) -> dt.datetime:
        """When a moment was drawn; the beginning of time for one forgotten, so that it counts as early."""
        return self._times.get(moment, dt.datetime.min.replace(tzinfo=dt.UTC))
