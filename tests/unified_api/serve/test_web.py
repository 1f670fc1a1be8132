"""The web server stops when it is told to."""

from __future__ import annotations

import threading

from granian.constants import Interfaces

from unified_api.serve.web import Server


def test_a_signal_within_a_signal_does_not_wait_for_itself() -> None:
    """As the death of a supervisor with several threads sends them."""
    server = Server("unified_api.wsgi:application", interface=Interfaces.WSGI)

    class Struck(threading.Event):
        """An event that the next signal comes into the midst of."""

        def set(self) -> None:
            with self._cond:  # type: ignore[attr-defined] # as the event itself does
                server.signal_handler_interrupt()
                assert server.interrupt_signal
            super().set()

    server.main_loop_interrupt = Struck()
    told = threading.Thread(target=server.signal_handler_interrupt, daemon=True)
    told.start()
    told.join(timeout=120)

    assert server.main_loop_interrupt.is_set()
