"""The examples of the OpenAPI document are what sandboxes answer. `make examples` records them anew."""

from __future__ import annotations

import os

import orjson
import pytest

from tests.unified_api.api.customers import Customer
from tests.unified_api.api.recording import Recorder
from unified_api.api.openapi import examples

pytestmark = pytest.mark.timeout(1200)  # a hundred calls, each through all of the product

RECORD = "ISTHMUS_RECORD_EXAMPLES"


def test_recorded_examples_are_what_a_sandbox_answers_today(customer: Customer) -> None:
    """Every example of a category, down to the last key: but for ids and times of a recording."""
    answered = Recorder(customer).examples()
    recorded = orjson.loads(examples.RECORDED.read_bytes())
    others = {name: one for name, one in recorded.items() if not name.startswith(f"{customer.category}_")}
    if os.environ.get(RECORD):
        text = orjson.dumps(others | answered, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        examples.RECORDED.write_bytes(text + b"\n")
        return
    assert recorded == others | answered
