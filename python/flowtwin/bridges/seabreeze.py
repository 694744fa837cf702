"""A spectrometer of Ocean Optics that python-seabreeze drives: USB2000, USB2000+, USB4000, HR, Maya, QE Pro, STS, Flame, HDX and others.

    python3 -m flowtwin.bridges.seabreeze FLMS01234
    python3 -m flowtwin.bridges.seabreeze 192.168.1.200:57357 --model HDX

Needs ``seabreeze[pyseabreeze]``, and for USB a library libusb; ``--backend cseabreeze`` takes the library of the maker.
"""

from __future__ import annotations

import argparse
import socket
import threading
from typing import Any

from flowtwin.instrument import Fault, Instrument, serve

#: How long the frames may be late, if nobody says otherwise [s].
PATIENCE_S = 0.5
#: How long the request for a frame may take to be sent [s].
SENT_S = 2.0
#: What of a wavelength comes of rounding [nm].
ROUNDED_NM = 1e-9
#: The highest count that flowtwin takes: those of an 18-bit spectrometer are divided.
MOST = 65535


class Burst(threading.Thread):
    """Takes frames one directly after the other."""

    def __init__(self, spectrometer: Any, frames: int) -> None:
        super().__init__(daemon=True)
        self.spectrometer = spectrometer
        self.frames = frames
        self.taken: list[Any] = []
        self.failed: Exception | None = None
        #: Set when the first frame has been asked for.
        self.begun = threading.Event()

    def run(self) -> None:
        try:
            while len(self.taken) < self.frames:
                self.taken.append(self.spectrometer.intensities())
        except Exception as error:  # whatever it is, who fetches the frames hears of it
            self.failed = error
        finally:
            self.begun.set()


class Seabreeze(Instrument):
    kind = "spectrometer"
    notes: list[str] = []

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.spectrometer: Any = None
        self.burst: Burst | None = None
        self.divisor = 1

    def connect(self) -> None:
        if self.spectrometer is not None:
            self.spectrometer.close()
            self.spectrometer = None
        self.burst = None
        try:
            self.spectrometer = self.opened()
        except Exception as error:  # its backends and libusb raise what they like here
            raise Fault("link_lost", detail=f"{self.asked.where}: {error}") from error
        self.model = f"Ocean {self.spectrometer.model}"
        self.serial_number = self.spectrometer.serial_number
        self.divisor = max(1, round(self.spectrometer.max_intensity / MOST))
        self.tell_when_asked()

    def opened(self) -> Any:
        import seabreeze

        seabreeze.use(self.asked.backend)
        from seabreeze.spectrometers import Spectrometer

        if ":" not in self.asked.where:
            return Spectrometer.from_serial_number(self.asked.where)
        if self.asked.backend != "pyseabreeze":
            raise Fault("unsupported", detail="over a network only with --backend pyseabreeze")
        from seabreeze.pyseabreeze.devices import SeaBreezeDevice
        from seabreeze.pyseabreeze.transport import IPv4Transport, IPv4TransportHandle

        host, _, port = self.asked.where.rpartition(":")
        address, number = socket.gethostbyname(host), int(port)
        if (address, number) not in IPv4Transport.devices_ip_port:
            IPv4Transport.register_model(self.asked.model, ipv4_address=address, ipv4_port=number)
        return Spectrometer(SeaBreezeDevice(IPv4TransportHandle(address, number)))

    def tell_when_asked(self) -> None:
        """Has the transport of the Python backend say when a request has been sent. The maker's library does not tell."""
        transport = getattr(self.spectrometer._dev, "_transport", None)
        if transport is None or not hasattr(transport, "write"):
            return
        write = transport.write

        def told(*words: Any, **more: Any) -> Any:
            written = write(*words, **more)
            if threading.current_thread() is self.burst:
                self.burst.begun.set()
            return written

        transport.write = told

    def describe(self) -> dict[str, Any]:
        one = self.spectrometer
        shortest, longest = one.integration_time_micros_limits
        described = {
            "pixels": one.pixels,
            "wavelength_coefficients": coefficients(one.wavelengths()),
            "full_scale": int(one.max_intensity) // self.divisor,
            "min_integration_us": shortest,
            "max_integration_us": longest,
        }
        stored = one.f.nonlinearity_coefficients
        try:
            terms = list(stored.get_nonlinearity_coefficients()) if stored is not None else []
        except Exception:  # a Spark says that it has them, and does not tell them
            terms = []
        if any(terms):
            described["nonlinearity"] = [float(term) * self.divisor**power for power, term in enumerate(terms)]
        return described

    def arm(self, integration_us: int, frames: int) -> dict[str, Any]:
        if self.burst is not None and self.burst.is_alive():
            self.burst.frames = 0
            self.burst.join(self.asked.patience_s)
            if self.burst.is_alive():
                raise Fault("not_ready")
        shortest, longest = self.spectrometer.integration_time_micros_limits
        if not shortest <= integration_us <= longest:
            limits = {"low": shortest, "high": longest, "unit": "µs"}
            raise Fault("out_of_range", quantity="integration time", value=integration_us, **limits)
        base = int(getattr(self.spectrometer.f.spectrometer, "_integration_time_base", 1))
        if integration_us % base:
            kept = integration_us // base * base
            raise Fault("kept_other", quantity="integration time", asked=integration_us, kept=kept, unit="µs")
        try:
            self.spectrometer.trigger_mode(0)
            self.spectrometer.integration_time_micros(integration_us)
        except Exception as error:
            raise Fault("link_lost", detail=str(error)) from error
        self.burst = Burst(self.spectrometer, frames)
        self.burst.start()
        self.burst.begun.wait(SENT_S)
        return {"takes_s": frames * (1e-6 * integration_us + 1e-3 * self.asked.gap_ms)}

    def fetch(self, frame: int) -> dict[str, Any]:
        burst = self.burst
        if burst is None:
            raise Fault("not_ready")
        burst.join(self.asked.patience_s)
        if burst.failed is not None:
            raise Fault("link_lost", detail=f"{type(burst.failed).__name__}: {burst.failed}")
        if burst.is_alive():
            raise Fault("not_ready")
        counts = burst.taken[frame] / self.divisor
        return {"counts": counts.round().clip(0, MOST).astype(int).tolist()}


def coefficients(wavelengths: Any) -> list[float]:
    """The polynomial of degree 3 in the number of the pixel from which its wavelengths come [nm]."""
    import numpy as np

    pixel, middle = np.arange(len(wavelengths)), (len(wavelengths) - 1) / 2.0
    fitted = np.polynomial.Polynomial.fit(pixel, wavelengths, 3, domain=[0.0, 2.0 * middle])
    if (off := float(np.abs(fitted(pixel) - wavelengths).max())) > 0.01:
        raise Fault("unsupported", detail=f"its wavelengths differ by {off:.3f} nm from a polynomial of degree 3")
    terms = enumerate(fitted.convert().coef)
    return [float(term) if abs(term) * len(pixel) ** power > ROUNDED_NM else 0.0 for power, term in terms]


def main() -> None:
    parser = argparse.ArgumentParser(prog="flowtwin.bridges.seabreeze", description=str(__doc__).split("\n")[0])
    parser.add_argument("where", help="the serial number of a spectrometer on USB, or HOST:PORT")
    parser.add_argument("--model", default="HDX", help="the model at HOST:PORT, as python-seabreeze calls it")
    parser.add_argument("--backend", default="pyseabreeze", choices=("pyseabreeze", "cseabreeze"), help="what drives it")
    parser.add_argument("--gap-ms", type=float, default=0.0, help="what a frame takes longer than its integration time")
    parser.add_argument("--patience-s", type=float, default=PATIENCE_S, help="how long the frames may be late")
    serve(Seabreeze(parser.parse_args()))


if __name__ == "__main__":
    main()
