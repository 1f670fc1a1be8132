"""What reports of errors show of settings: never a URL or options that hold a password."""

from __future__ import annotations

import re

from django.views.debug import SafeExceptionReporterFilter


class ReportFilter(SafeExceptionReporterFilter):
    """Django's filter, which does not know that the URLs of databases and brokers hold passwords."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|URL|BROKER|LOGIN", re.IGNORECASE
    )
