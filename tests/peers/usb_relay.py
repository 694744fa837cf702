"""Emulated spectrometers on a USB bus that is none: a backend of pyusb, which relays bulk transfers to the sockets of emulators.

A spectrometer whose replies come at one endpoint is given the bytes as they are. What others send is in packets: the endpoint, the
number of bytes (two, low byte first), the bytes.
"""

import socket
from collections import defaultdict
from types import SimpleNamespace

import usb.backend
import usb.core


class Descriptor(SimpleNamespace):
    """Of USB; what is not said is zero."""

    def __getattr__(self, name):
        return 0


class Device:
    """A spectrometer on the bus: where it is, its product id, its endpoints (that for requests first), whether it speaks in packets."""

    def __init__(self, at, number, product, endpoints, packets):
        self.at, self.number, self.product, self.endpoints, self.packets = at, number, product, endpoints, packets
        self.socket, self.came, self.sorted = None, b"", defaultdict(bytes)

    def reach(self):
        if self.socket is None:
            self.socket = socket.create_connection(self.at)
            self.came, self.sorted = b"", defaultdict(bytes)
        return self.socket

    def sort(self):
        """Puts whole packets where they belong."""
        while self.packets and len(self.came) >= 3:
            size = int.from_bytes(self.came[1:3], "little")
            if len(self.came) < 3 + size:
                return
            self.sorted[self.came[0]] += self.came[3 : 3 + size]
            self.came = self.came[3 + size :]
        if not self.packets:
            self.sorted[self.endpoints[1]] += self.came
            self.came = b""


class Relay(usb.backend.IBackend):
    def __init__(self, devices):
        self.devices = devices

    def enumerate_devices(self):
        return iter(self.devices)

    def get_device_descriptor(self, dev):
        number = dev.number
        return Descriptor(idVendor=0x2457, idProduct=dev.product, bNumConfigurations=1, bus=1, address=number, port_numbers=(number,))

    def get_configuration_descriptor(self, dev, config):
        return Descriptor(bNumInterfaces=1, bConfigurationValue=1, extra_descriptors=[])

    def get_interface_descriptor(self, dev, intf, alt, config):
        if alt:
            raise IndexError
        return Descriptor(bNumEndpoints=len(dev.endpoints), extra_descriptors=[])

    def get_endpoint_descriptor(self, dev, ep, intf, alt, config):
        return Descriptor(bEndpointAddress=dev.endpoints[ep], bmAttributes=2, wMaxPacketSize=512, extra_descriptors=[])

    def open_device(self, dev):
        return dev

    def close_device(self, handle):
        if handle.socket is not None:
            handle.socket.close()
            handle.socket = None

    def get_configuration(self, handle):
        return 1

    def nothing(self, *_):
        return None

    set_configuration = claim_interface = release_interface = reset_device = detach_kernel_driver = nothing
    set_interface_altsetting = clear_halt = attach_kernel_driver = nothing

    def is_kernel_driver_active(self, handle, intf):
        return False

    def bulk_write(self, handle, ep, intf, data, timeout):
        assert ep == handle.endpoints[0], hex(ep)
        handle.reach().sendall(bytes(data))
        return len(data)

    def bulk_read(self, handle, ep, intf, buff, timeout):
        reached = handle.reach()
        reached.settimeout(timeout / 1000)
        handle.sort()
        try:
            # A transfer ends when it is full, or with a short packet: where no more is on its way.
            while len(handle.sorted[ep]) < len(buff):
                reached.settimeout(timeout / 1000 if not handle.sorted[ep] else 0.05)
                came = reached.recv(1 << 16)
                if not came:
                    raise usb.core.USBError("the emulator has gone", errno=19)
                handle.came += came
                handle.sort()
        except TimeoutError:
            if not handle.sorted[ep]:
                raise usb.core.USBTimeoutError("nothing came", errno=110) from None
        size = min(len(buff), len(handle.sorted[ep]))
        buff[:size] = type(buff)("B", handle.sorted[ep][:size])
        handle.sorted[ep] = handle.sorted[ep][size:]
        return size
