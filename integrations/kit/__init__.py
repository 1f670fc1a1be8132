"""What every adapter needs, once.

An adapter takes its words from `endpoints`, `lenses`, `mapping`, `paging`, `auth` and `provider`; the shell
calls `client`, and catches what `errors` names. The rest is how that is done.
"""
