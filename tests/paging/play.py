"""One example: a model, and a seed from which all that happens in it follows.

Outside of pytest: `python -m tests.paging.play FIRST END STEP [MODEL]…`, with a database of its own, and one JSON line
an example.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from unittest import mock

import hypothesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tests import (
    database,  # first: it prepares the environment
    network,
)
from tests.paging.walks import history
from tests.people import Person, employ
from tests.unified_api.api.conftest import Linked
from tests.unified_api.api.pushing import Product, product_of
from unified_api.models.base import CommonModel, category_of, common_model, common_models, model_id
from unified_api.serve.children import follow_parent
from unified_api.sync import job, streams
from unified_api.sync.moments import Moments

ROOT: Final = Path(__file__).resolve().parents[2]
#: The code by which rows come into lists, and into which place.
CODE: Final = ("unified_api", "tests/paging")


def listed() -> list[type[CommonModel]]:
    """The models that have a list, be it below a record of another one."""
    return list(common_models())


@functools.cache
def seed_of_code() -> int:
    """A seed that is the same while the product is the same, and another one after any change of it."""
    digest = hashlib.sha256()
    for path in sorted(path for room in CODE for path in (ROOT / room).rglob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:4])


def example(
    model: type[CommonModel], seed: int, product: Product, *, of_every_list: bool = True
) -> Counter[str]:
    """Play it; how much was read. Raises AssertionError where a client misses a row, or meets one twice.

    of_every_list: whether all of the filters that every list has are tried, or one of them.
    """
    counts: Counter[str] = Counter()

    @hypothesis.seed(seed)
    @settings(
        max_examples=1,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        assume(data.draw(st.booleans()))  # not the simplest history, in which all values are alike
        readers = history(product, model, data, of_every_list=of_every_list)
        assert sum(bool(one.met) for one in readers) > len(readers) // 2
        counts.update(
            lists=len(readers),
            pages=sum(one.pages for one in readers),
            rows=sum(len(one.met) for one in readers),
        )

    try:
        holds()
    except Exception as error:
        error.add_note(
            f'make paging ARGS="--seed {seed} --examples 1 --model {model_id(model)}" plays it again.'
        )
        raise
    return counts


def played(seeds: Sequence[int], models: Sequence[type[CommonModel]]) -> Iterator[dict[str, Any]]:
    """What came of each model by each seed; `wrong`: the first line of what was wrong, or nothing."""
    with database.migrated() as owner, mock.patch.object(job, "wake", return_value=None):
        for seed in seeds:
            database.emptied(owner)
            person = _somebody()
            for model in models:
                yield _told(model, seed, person)


def _told(model: type[CommonModel], seed: int, person: Person) -> dict[str, Any]:
    product = product_of(person, _link, category_of(model), uuid.uuid4().hex)
    wrong, counts = "", Counter[str]()
    try:
        counts = example(model, seed, product)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the others are played
        wrong = f"{type(error).__name__}: {error}".partition("\n")[0]
    return {"seed": seed, "model": model_id(model), "wrong": wrong, "counts": counts}


def _somebody() -> Person:
    from tenants.models import Tenant

    return employ("Alice", Tenant.create("Wonder Ltd").id)


def _link(person: Person, **more: Any) -> Linked:
    account, token = person.link(**more)
    with person.at_work():
        streams.start(account)
    return Linked(person, account, token, Moments())


def main() -> None:
    """Play what the command line names."""
    follow_parent()
    network.block()
    logging.disable(logging.CRITICAL)
    first, end, step = map(int, sys.argv[1:4])
    models = [common_model(name) for name in sys.argv[4:]] or listed()
    for result in played(range(first, end, step), models):
        print(json.dumps(result), flush=True)  # noqa: T201 - read by its caller


if __name__ == "__main__":
    main()
