"""The emulated rig that the tests talk to: started once, stopped at the end."""

import atexit
import functools
import json
import os
import shlex
import subprocess
import unittest

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


#: What each class of tests has found: checks that held, checks that were made.
scores = {}


class Peer(unittest.TestCase):
    """Tests with software of others. Every assertion is a check; what its driver can do and our emulator cannot is one that failed."""

    #: The packages whose software it is.
    software = ()
    _depth = 0

    @classmethod
    def setUpClass(cls):
        scores[cls] = [0, 0]

    def lacks(self, what):
        """A check that does not hold, and what is missing: the page that shows the scores must say so."""
        scores[type(self)][1] += 1
        self.missing.add(what)

    def __init_subclass__(cls):
        super().__init_subclass__()
        cls.missing = set()


def _counted(check):
    @functools.wraps(check)
    def counting(self, *words, **more):
        if not isinstance(self, Peer) or Peer._depth:
            return check(self, *words, **more)
        scores.setdefault(type(self), [0, 0])[1] += 1
        Peer._depth += 1
        try:
            held = check(self, *words, **more)
        finally:
            Peer._depth -= 1
        scores[type(self)][0] += 1
        return held

    return counting


for _name in dir(unittest.TestCase):
    if _name.startswith("assert"):
        setattr(Peer, _name, _counted(getattr(unittest.TestCase, _name)))
