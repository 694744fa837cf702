"""What instruments share that answer `*IDN?` with maker, model, serial number and firmware, and speak lines."""

from flowtwin_instrument import Instrument, Line


class Scpi(Instrument):
    where = ""  # the line, as `Line` takes it

    def connect(self):
        self.line = Line(self.where)
        maker, model, self.serial_number, self.firmware = self.ask("*IDN?").split(",")
        self.model = f"{maker} {model}"

    def ask(self, question):
        return self.line.ask(question.encode() + b"\n").decode().strip()

    def tell(self, command):
        self.line.tell(command.encode() + b"\n")
