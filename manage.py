#!/usr/bin/env python
"""The command line of Isthmus."""

import os
import sys

from unified_api.serve import interpreter


def main() -> None:
    """Run the command that was asked for, with the embedded database running if there is one."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "unified_api.settings")
    try:
        import django
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Isthmus is not installed in this Python: run `make setup`, then .venv/bin/python manage.py")
    from unified_api.serve.embedded import held_database
    from unified_api.serve.postgres import ClusterError

    try:
        with interpreter.loading():
            django.setup()
        with held_database(sys.argv[1:]):
            execute_from_command_line(sys.argv)
    except (ClusterError, ImproperlyConfigured) as error:
        sys.exit(f"isthmus: {error}")


if __name__ == "__main__":
    main()
