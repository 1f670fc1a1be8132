"""The WSGI application that the web server runs."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "unified_api.settings")

application = get_wsgi_application()
# What start-up made stays for ever; with it frozen, a page of records costs no walk through all of it.
gc.freeze()
