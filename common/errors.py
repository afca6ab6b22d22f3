"""The errors that a person caused or can mend: shown as one line, without a traceback."""

import functools
import signal
import sys
from collections.abc import Callable


class RepriseError(Exception):
    """A fault that a person can act on. The message says what is wrong, where, and what to do."""


def one_line_errors(main: Callable[..., None]) -> Callable[..., None]:
    """Make a command print a `RepriseError` as one line on stderr and exit with status 1.

    Any other exception is a bug of ours and keeps its traceback. Ctrl-C exits with the shell's 130, also where the
    command was started by a script with `&`, whose jobs begin life ignoring it.
    """

    @functools.wraps(main)
    def guarded(*args, **kwargs) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            main(*args, **kwargs)
        except RepriseError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)
        except KeyboardInterrupt:
            print("interrupted: finished work is kept; run the same command to go on", file=sys.stderr)
            sys.exit(130)

    return guarded
