"""A help desk of ours that costs next to nothing: a process that serves tickets, its adapter, and who works on it.

serving   the process: desks by name, each with tickets; and `/_…`, by which a benchmark tells it what to do
adapter   the integration `desk`
house     desks linked and bridged in a benchmark's house; Isthmus's own processes beside it
manage    `manage.py` with the adapter registered
"""
