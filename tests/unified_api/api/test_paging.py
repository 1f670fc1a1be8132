"""Paging while rows come, change and go: every list of every model, by every filter that it declares.

`make paging` plays as many examples as one likes.
"""

from __future__ import annotations

import uuid

import pytest

from tests.paging.play import example, listed, seed_of_code
from tests.people import Person
from tests.unified_api.api.conftest import Link
from tests.unified_api.api.pushing import product_of
from unified_api.models.base import CommonModel, category_of, model_id


@pytest.mark.parametrize("model", listed(), ids=model_id)
def test_whoever_pages_by_whichever_filter_reads_every_row_once(
    model: type[CommonModel], alice: Person, link: Link
) -> None:
    """Whatever is made, changed and deleted between pages: a row that was there throughout shows on one of them.

    One client for each filter and order pages to the end of its list and back. What happens follows from a seed, which
    is another one with every change of the product.
    """
    product = product_of(alice, link, category_of(model), uuid.uuid4().hex)
    assert example(model, seed_of_code(), product, of_every_list=False)["pages"] > 0
