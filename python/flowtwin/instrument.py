"""What an instrument program needs: standard library only, Python 3.9 or newer.

A driver is a class with a method for each thing that its kind of instrument can do (docs/instrument-programs.md):

    class Pump(Instrument):
        kind = "pump"
        def dispense(self, rate_ul_per_min, volume_ul): ...
        def stop(self): ...
        def status(self): return "running"      # stopped, running, paused, delayed, stalled
        def dispensed_ul(self): return 12.5     # since the last dispense
    serve(Pump())

A method that cannot do what it should raises `Fault`. Anything else that it raises is told as words. What it prints goes
to standard error, of which flowtwin shows the last lines when something fails.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time

PROTOCOL = 1
READS = (
    "status", "dispensed_ul", "rate_ul_per_min", "temperature_c", "power_percent", "set_point_c", "mode", "on",
    "integration_us", "value", "granted", "position",
)
WORKS = ("dispense", "withdraw", "heat", "switch", "arm", "inject")


class Fault(Exception):
    """A fault by its kind, with what that kind has: Fault("stalled"), Fault("refused", detail="the lid is open")."""

    def __init__(self, kind, **more):
        super().__init__(kind, more)
        self.told = {"kind": kind, **more}


class Instrument:
    """One instrument. Its methods are named as requests are, with the same arguments."""
    kind = ""
    model = "an instrument"
    serial_number: "str | None" = None
    firmware: "str | None" = None
    limits: dict[str, list[float]] = {}  # {"rate_ul_per_min": [0.1, 5000.0]}: what is outside is refused
    bore_mm: "float | None" = None  # the inner diameter of the syringe that flowtwin asks for; None: as the pump is set
    line = None  # the line that `connect` opens, if any; it is closed before `connect` is called again

    def connect(self):
        """Called when flowtwin asks who this is: first, and again after the line was lost. Nothing may move, or stop."""

    def reconnect(self):
        if isinstance(self.line, Line):
            self.line.close()
        self.line = None
        self.connect()

    def make_safe(self):
        """Called when flowtwin has gone, if anything has worked since. Kinds that can harm have this default."""
        safe = {"pump": "stop", "heater": "off", "light": "switch"}.get(self.kind)
        if safe:
            getattr(self, safe)(*([False] if safe == "switch" else []))

    def identify(self, kind, bore_mm=None):
        """Who it is. Set `model`, `serial_number`, `limits` in `connect`, or here."""
        if kind != self.kind:
            raise Fault("refused", detail=f"this is a {self.kind}, and no {kind}")
        self.bore_mm = bore_mm
        self.reconnect()
        who = {name: getattr(self, name) for name in ("model", "serial_number", "firmware") if getattr(self, name)}
        reads = [what for what in READS if callable(getattr(self, what, None))]
        return {"protocol": PROTOCOL, **who, "reads": reads, "limits": self.limits}

    def read(self, what):
        if what not in READS or not callable(getattr(self, what, None)):
            raise Fault("unsupported", detail=f"{what} cannot be read")
        return {"value": getattr(self, what)()}


def serve(instrument, others=None):
    """Answers requests until there are no more, then makes safe what has worked. `others` has instruments by name."""
    out, sys.stdout = sys.stdout, sys.stderr
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worked = {}

    def tell(line):
        out.write(json.dumps(line) + "\n")
        out.flush()

    try:
        tell({"hello": {"protocol": PROTOCOL}})
        for line in sys.stdin:
            if line.strip():
                tell(_answer(json.loads(line), instrument, others or {}, worked))
    except BrokenPipeError:
        pass
    finally:
        for it in worked.values():
            _make_safe(it)


def _answer(asked, instrument, others, worked):
    name = next((key for key in asked if key not in ("id", "to")), "")
    to = others.get(asked.get("to"), instrument)
    try:
        if name.startswith("_") or name in READS or not callable(getattr(to, name, None)):
            raise Fault("unsupported", detail=f"this program cannot do {name!r}")
        for key, (low, high) in to.limits.items():
            if not low <= asked[name].get(key, low) <= high:
                raise Fault("out_of_range", quantity=key, value=asked[name][key], low=low, high=high, unit="")
        if name in WORKS:
            worked[id(to)] = to
        return {"id": asked["id"], "ok": getattr(to, name)(**asked[name]) or {}}
    except Fault as fault:
        return {"id": asked["id"], "error": fault.told}
    except TimeoutError as error:
        return {"id": asked["id"], "error": {"kind": "no_reply", "waited_s": getattr(error, "waited_s", 0.0)}}
    except OSError as error:  # flowtwin asks who this is again, and that connects again
        return {"id": asked["id"], "error": {"kind": "link_lost", "detail": f"{type(error).__name__}: {error}"}}
    except Exception as error:
        print(f"{name}: {error!r}", file=sys.stderr)
        return {"id": asked["id"], "error": f"{type(error).__name__}: {error}"}


def _make_safe(instrument, tries=10):
    for _ in range(tries):
        try:
            return instrument.make_safe()
        except Exception as error:
            print(f"make_safe: {error!r}", file=sys.stderr)
        with contextlib.suppress(Exception):
            time.sleep(0.1)
            instrument.reconnect()


class Line:
    """A serial port by its path, with its baud rate, or a TCP port as `host:port`. 8 data bits, no parity, 1 stop bit."""

    def __init__(self, where, baud=9600, patience_s=float(os.environ.get("FLOWTWIN_LINE_PATIENCE_S", "0.5"))):
        self.patience_s = patience_s
        self.socket = None
        if ":" in where and not where.startswith("/"):
            host, port = where.rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)), timeout=patience_s)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.fd = self.socket.fileno()
        else:
            self.fd = _open_serial(where, baud)

    def close(self):
        if self.socket:
            self.socket.close()
        else:
            os.close(self.fd)

    def tell(self, request):
        """Drops what nobody has asked for, and sends."""
        while select.select([self.fd], [], [], 0)[0]:
            self._read(4096)
        os.write(self.fd, request)

    def ask(self, request, until=b"\n", count=None, patience_s=None):
        """Sends, and returns the answer up to `until`, or `count` bytes of it."""
        self.tell(request)
        answer, patience_s = b"", patience_s or self.patience_s
        while not (len(answer) >= count if count else answer.endswith(until)):
            answer += self.more(4096, patience_s)
        return answer

    def more(self, most, patience_s=None):
        """What comes next, at most so many bytes."""
        if not select.select([self.fd], [], [], patience_s := patience_s or self.patience_s)[0]:
            error = TimeoutError(f"nothing more came within {patience_s} s")
            error.waited_s = patience_s
            raise error
        return self._read(most)

    def _read(self, most):
        came = os.read(self.fd, most)
        if not came:
            raise Fault("link_lost", detail="the instrument has closed the line")
        return came


def _open_serial(path, baud):
    import termios

    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    mode = termios.tcgetattr(fd)
    speed = getattr(termios, f"B{baud}")
    mode[0], mode[1], mode[3] = 0, 0, 0
    mode[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
    mode[4], mode[5] = speed, speed
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 0, 0
    termios.tcsetattr(fd, termios.TCSANOW, mode)
    return fd
