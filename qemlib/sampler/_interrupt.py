"""Ctrl-C between two calls of a kernel rather than in the middle of whatever runs."""

import signal
import threading


class Interruptible:
    """Within this context the first SIGINT is only noted, in `asked`; a second one interrupts.

    Does nothing outside of the main thread, which alone receives signals, or where somebody else
    already handles SIGINT.
    """

    def __init__(self):
        self.asked = False
        self._installed = False

    def __enter__(self):
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._installed = True
        return self

    def __exit__(self, *_):
        self._restore()

    def _note(self, _number, _frame):
        self.asked = True
        self._restore()

    def _restore(self):
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._installed = False
