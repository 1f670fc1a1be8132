"""The pure parts of a pull, each alone: decoding, mapping, digests, ids, the vault. CPU time of one thread.

The best of several rounds over one page of a thousand records of 16 fields (760 bytes each), 14 of them mapped. No
database and no network: these are what a worker's own time goes into, and the ceiling of what it can read.
"""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Callable

from benchmarks.figures import Figure, report, say

RECORDS = 1_000
ROUNDS = 25
SECRETS = 2_000


def rate(name: str, count: int, work: Callable[[], object]) -> Figure:
    """How many a second of CPU time, in the best of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    say(f"{name}: {count / best:,.0f}/s, {best / count * 1e6:.2f} µs each")
    return Figure(name, count / best, "1/s")


def reading() -> list[Figure]:
    """From the body of an answer to observations, their digests and their ids."""
    from benchmarks.remote import records
    from benchmarks.remote.adapter import TICKETS
    from integrations.kit.decoding import Seen, decode_page
    from integrations.kit.strict import decode
    from unified_api.models.base import record_id
    from unified_api.sync.landing import digest

    body = next(records.pages(RECORDS, RECORDS, 0))
    items = decode(body).data["tickets"]
    seen = Seen(1, 2, "/tickets", "list", dirty=False)
    observations = decode_page(TICKETS, items, seen).observations
    account = uuid.uuid4()
    return [
        rate("records decoded from JSON", RECORDS, lambda: decode(body)),
        rate("records mapped", RECORDS, lambda: decode_page(TICKETS, items, seen)),
        rate("records digested", RECORDS, lambda: [digest(o, "1") for o in observations]),
        rate(
            "ids computed", RECORDS, lambda: [record_id(account, o.model, o.remote_id) for o in observations]
        ),
    ]


def vault() -> list[Figure]:
    """Unwrapping the key of a tenant, unsealing a secret with it, and both, as for an account not met before."""
    from tenants.vault import Key, KeyRing, Secret, binding, seal, unseal

    master, own = KeyRing(Key.generate("m1")), Key.generate("t1")
    ring, here = KeyRing(own), binding("secret", str(uuid.uuid4()))
    wrapped = seal(own.text(), ring=master, bound_to=here)
    sealed = seal(Secret("a token of forty characters, or somewhat"), ring=ring, bound_to=here)

    def unwrap() -> KeyRing:
        return KeyRing(Key.parse("t1", unseal(wrapped, ring=master, bound_to=here).reveal()))

    times = range(SECRETS)
    return [
        rate("tenant keys unwrapped", SECRETS, lambda: [unwrap() for _ in times]),
        rate("secrets unsealed", SECRETS, lambda: [unseal(sealed, ring=ring, bound_to=here) for _ in times]),
        rate("both", SECRETS, lambda: [unseal(sealed, ring=unwrap(), bound_to=here) for _ in times]),
        rate("secrets sealed", SECRETS, lambda: [seal(Secret("a"), ring=ring, bound_to=here) for _ in times]),
    ]


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"ISTHMUS_HOME": home, "DJANGO_SETTINGS_MODULE": "unified_api.settings"}
        import django

        django.setup()
        report("digest_and_mapping", [*reading(), *vault()])


if __name__ == "__main__":
    main()
