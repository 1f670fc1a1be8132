"""What Isthmus costs: each module measures one thing beside a peer or a limit in the same run.

`python -m benchmarks.NAME` prints one line of JSON; `make bench` runs all of them and writes a table. No part of
the tests: a figure is looked at, never asserted.
"""
