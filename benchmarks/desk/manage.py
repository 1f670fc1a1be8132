"""`manage.py` of an installation that knows the benchmarks' adapter as well."""

from __future__ import annotations

import sys

import django
from django.core.management import execute_from_command_line

from unified_api import registry

if __name__ == "__main__":
    django.setup()
    from benchmarks.desk.adapter import counterpart, provider

    for each in (provider, counterpart):
        registry.register(each)
    execute_from_command_line(sys.argv)
