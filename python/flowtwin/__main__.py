"""The command ``flowtwin``: the same as the program that cargo builds."""

from __future__ import annotations

import os
import signal
import sys

#: Starts this command again, whatever the working folder and the environment: this very package, and nothing of the same
#: name in the folder that somebody happens to be in.
AGAIN = (
    "import sys; sys.path[:] = [{place!r}, *filter(None, sys.path)]; "
    "from flowtwin.__main__ import main; main()"
)


def again() -> list[str]:
    """The words that start this command in a process of its own."""
    place = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return [sys.executable, "-c", AGAIN.format(place=place)]


def main() -> None:
    """Carries out what was typed and ends with the exit code of the command."""
    from flowtwin import _flowtwin

    # Signals are the business of the command: Ctrl-C makes the rig safe. Where somebody had it ignored, it stays so.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    code = _flowtwin.main(["flowtwin", *sys.argv[1:]], again())
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
