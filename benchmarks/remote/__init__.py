"""A remote system to read from: a server process of its own, and the adapter for it.

`server` serves a ticket list by cursor from pages that were made beforehand, so that it costs next to nothing while
somebody else is measured; `records` makes its records from their numbers; `adapter` is its provider; `worker` is a
process that does the work of an installation.
"""
