"""Ctrl-C and SIGTERM as a request to save and stop, rather than as an end in the middle of a step."""

import signal
import threading
from typing import Any, Self


class Interrupted(SystemExit):
    """A signal stopped the run after a checkpoint; ends the process with the shell's status (143 or 130)."""

    def __init__(self, signal_number: int, step: int) -> None:
        super().__init__(signal_number, step)
        self.code = 128 + signal_number
        self.step = step


class StopSignals:
    """Within this context the first signal only sets `received`; a second one acts as it did before."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        self.install()
        return self

    def __exit__(self, *raised: object) -> None:
        _set_handlers(self._before)

    def install(self) -> None:
        """Take the signals over, once more where Lightning has put its own handler on top."""
        if self.received is None:
            _set_handlers(dict.fromkeys(self._before, self._note))

    def _note(self, number: int, frame: object) -> None:
        self.received = number
        _set_handlers(self._before)


def _set_handlers(handlers: dict[int, Any]) -> None:
    if threading.current_thread() is threading.main_thread():  # Python allows it nowhere else
        for number, handler in handlers.items():
            signal.signal(number, handler)
