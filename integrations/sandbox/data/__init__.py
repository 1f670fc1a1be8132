"""What a new sandbox holds: made-up records of every common model that hang together. Pure, from a seed.

The same seed gives the same company in every category: the people of its HRIS are the users of its CRM and of its
ticketing system.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from integrations.sandbox.data.company import Company
from integrations.sandbox.data.crm import crm
from integrations.sandbox.data.fill import filled
from integrations.sandbox.data.hris import hris
from integrations.sandbox.data.records import Records
from integrations.sandbox.data.ticketing import ticketing

_TELLERS: Final[Mapping[str, Callable[[Company], Records]]] = {
    "hris": hris,
    "crm": crm,
    "ticketing": ticketing,
}


def generate(category: str, seed: str) -> Records:
    """The records of a category by `category.Model`: common values, each with its `remote_id`.

    What no story tells of a model is filled in by the class of each field, so that no declared field is without values.
    """
    return filled(category, _TELLERS[category](Company.of(seed)))
