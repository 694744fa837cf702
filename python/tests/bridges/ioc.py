from caproto.server import PVGroup, pvproperty, run
class Oven(PVGroup):
    setpoint = pvproperty(value=25.0, name="SP", precision=3)
    readback = pvproperty(value=23.5, name="PV", precision=3, read_only=True)
    enable = pvproperty(value=0, name="ON")
    serial = pvproperty(value="A1", name="SERIAL")
run(Oven(prefix="flowtwin:oven:").pvdb, interfaces=["127.0.0.1"])
