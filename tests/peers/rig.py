"""The emulated rig that the tests talk to: started once, stopped at the end."""

import atexit
import json
import os
import shlex
import subprocess

_server = None


def endpoint(name):
    """Where the instrument `name` is: a path of a pseudo-terminal, or (host, port)."""
    at = _endpoints()[name]
    if "path" in at:
        return at["path"]
    host, port = at["address"].rsplit(":", 1)
    return host, int(port)


def _endpoints():
    global _server
    if _server is None:
        command = shlex.split(os.environ["FLOWTWIN_EMULATE"])
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = json.loads(process.stdout.readline())
        assert ready["ready"]
        _server = process, ready["endpoints"]
        atexit.register(_stop)
    return _server[1]


def _stop():
    process, _ = _server
    process.stdin.close()
    process.stdout.close()
    process.wait(timeout=10)
