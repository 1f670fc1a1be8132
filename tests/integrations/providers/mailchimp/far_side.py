"""An emulated audience as the far side of the adapter, with a few members."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conformance.far_side import Samples, Started, emulated
from tests.emulators.engine import emulating
from tests.emulators.vendors.mailchimp import KEY, LIST, members, vendor
from tests.emulators.world import Clock
from tests.integrations.providers.mailchimp.account import START, addressed

_HERE = {"street_1": "1 Main Street", "city": "London", "state": "LND", "postal_code": "SW1", "country": "GB"}
_THERE = {
    "street_1": "2 Side Street",
    "city": "Paris",
    "state": "IDF",
    "postal_code": "75001",
    "country": "FR",
}


@contextmanager
def _start(_request: pytest.FixtureRequest) -> Iterator[Started]:
    with emulating(vendor, Clock(START)) as audience:
        for name in ("Ada", "Ben", "Cleo"):
            members.add(audience.world, f"{name.lower()}@acme.example", FNAME=name)
            audience.world.clock.forward(60)
        yield Started(
            values={"base_url": audience.url, "list_id": LIST, "api_key": KEY},
            samples=lambda _client, _resource: _SAMPLES,
            now=audience.world.clock.now,
            sleep=audience.world.clock.forward,
            refusal=lambda status: vendor.error(status, "no luck"),
            deliveries=audience.packed,
        )


_SAMPLES = Samples(
    [
        {
            "first_name": "Eve",
            "last_name": "Early",
            "email_addresses": addressed("eve@acme.example"),
            "phone_numbers": [{"phone_number": "+1"}],
            "addresses": [_HERE],
        }
    ],
    [
        {
            "first_name": "Eva",
            "last_name": "Late",
            "email_addresses": addressed("eva@acme.example"),
            "phone_numbers": [{"phone_number": "+2"}],
            "addresses": [_THERE],
        }
    ],
)

far_side = emulated(vendor, _start, list_id=LIST)
