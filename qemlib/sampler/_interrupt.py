"""Ctrl-C between two calls of a kernel rather than in the middle of whatever runs."""

from __future__ import annotations

import signal
import threading
from typing import Any


class Interruptible:
    """Within this context the first SIGINT is only noted, in `asked`; a second one interrupts.

    Does nothing outside of the main thread, which alone receives signals, or where somebody else
    already handles SIGINT.
    """

    def __init__(self) -> None:
        self.asked = False
        self._installed = False

    def __enter__(self) -> Interruptible:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._installed = True
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _note(self, _number: int, _frame: Any) -> None:
        self.asked = True
        self._restore()

    def _restore(self) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._installed = False
