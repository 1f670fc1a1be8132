"""The WSGI application that the web server runs."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import resolve

from unified_api.serve.lending import lending

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "unified_api.settings")

application = lending(get_wsgi_application())
# What start-up made stays for ever: frozen, it is not walked through again and again while pages of records are made.
# Routes, and all that they import, would else be loaded by the first request.
resolve("/api/hris/v1/employees")
gc.collect()
gc.freeze()
# Nothing of a page lives as long as the next one, so looking for garbage with each of them finds none.
gc.set_threshold(20_000, 10, 10)
