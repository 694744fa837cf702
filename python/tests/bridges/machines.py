from pylabrobot.heating_shaking import HeaterShaker
from pylabrobot.heating_shaking.chatterbox import HeaterShakerChatterboxBackend
from pylabrobot.pumps import Pump, PumpArray
from pylabrobot.pumps.chatterbox import PumpArrayChatterboxBackend, PumpChatterboxBackend
from pylabrobot.resources import Coordinate
from pylabrobot.scales.chatterbox import ScaleChatterboxBackend
from pylabrobot.scales.mettler_toledo_backend import MettlerToledoWXS205SDUBackend
from pylabrobot.scales.scale import Scale
from pylabrobot.temperature_controlling import TemperatureController, TemperatureControllerChatterboxBackend

SIZE = {"size_x": 100.0, "size_y": 100.0, "size_z": 50.0}
pump = Pump(backend=PumpChatterboxBackend())
array = PumpArray(backend=PumpArrayChatterboxBackend(num_channels=4))
block = TemperatureController(name="block", backend=TemperatureControllerChatterboxBackend(23.5), child_location=Coordinate.zero(), **SIZE)
shaker = HeaterShaker(name="shaker", backend=HeaterShakerChatterboxBackend(23.5), child_location=Coordinate.zero(), **SIZE)
scale = Scale(name="scale", backend=ScaleChatterboxBackend(120.2), **SIZE)
def mettler(port): return Scale(name="mettler", backend=MettlerToledoWXS205SDUBackend(port=port), **SIZE)
