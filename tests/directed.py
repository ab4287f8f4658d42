"""A modem with a scenario on the manual clock: what a test of a story writes down."""

from __future__ import annotations

from directed_world import DirectedWorld
from impaired_world import ImpairedNet
from vmodem.emulator.dialect import Options
from vmodem.emulator.engine import Modem
from vmodem.emulator.registry import find
from vmodem.emulator.scenario.load import checked
from vmodem.emulator.scenario.model import Scenario
from vmodem.emulator.scenario.text import parse
from vmodem.emulator.world import START, Writer, whole
from vmodem.netstack.memory import MemoryConnection

SERVER, PORT = "203.0.113.5", 8500
HEAD = "version: 1\nname: test\n"
DIALECTS = ("sim800", "quectel_mxx", "bg96")

UP = {
    "sim800": ["AT+CSTT", "AT+CIICR", "AT+CIFSR"],
    "quectel_mxx": ["AT+QIREGAPP", "AT+QIACT", "AT+QILOCIP"],
    "bg96": ['AT+QICSGP=1,1,"X"', "AT+QIACT=1"],
}
OPEN = {
    "sim800": f'AT+CIPSTART="TCP","{SERVER}",{PORT}',
    "quectel_mxx": f'AT+QIOPEN="TCP","{SERVER}",{PORT}',
    "bg96": f'AT+QIOPEN=1,0,"TCP","{SERVER}",{PORT},0,1',
}
SEND = {"sim800": "AT+CIPSEND=3", "quectel_mxx": "AT+QISEND=3", "bg96": "AT+QISEND=0,3"}
CLOSE = {"sim800": "AT+CIPCLOSE", "quectel_mxx": "AT+QICLOSE", "bg96": "AT+QICLOSE=0"}
ACTIVATE = {"sim800": "AT+CIICR", "quectel_mxx": "AT+QIACT", "bg96": "AT+QIACT=1"}


def scenario_of(text: str) -> Scenario:
    """A scenario; ``version`` and ``name`` are there already."""
    return checked(parse("test.yaml", HEAD + text), lambda match, to: None)


class Story:
    """One module, its host and its server, and what happens to them."""

    def __init__(
        self,
        text: str,
        dialect: str = "sim800",
        *,
        seed: int = 0,
        writer: Writer = whole,
        options: Options | None = None,
    ) -> None:
        self.dialect = dialect
        self.net = ImpairedNet(seed=str(seed))
        self.net.tcp(SERVER, PORT)
        modem = Modem(find(dialect), options or Options(), START)
        self.world = DirectedWorld(modem, self.net, scenario_of(text), seed=seed, writer=writer)
        self.asks("ATE0")

    # ---- the host -------------------------------------------------------------------------------

    def asks(self, line: str) -> bytes:
        """Type a line; what is written at once."""
        return self.types(line.encode() + b"\r")

    def types(self, data: bytes) -> bytes:
        """Type; what is written at once."""
        self.world.send(data)
        return self.world.take()

    def waits(self, seconds: float) -> bytes:
        """What is written meanwhile."""
        self.world.advance(seconds)
        return self.world.take()

    def brings_up(self) -> None:
        """A context is active."""
        for line in UP[self.dialect]:
            answer = self.asks(line)
            assert b"ERROR" not in answer, (line, answer)

    def opens(self) -> bytes:
        """Connect to the server; what is said of it within a second."""
        return self.asks(OPEN[self.dialect]) + self.waits(1.0)

    def connects(self) -> MemoryConnection:
        """A context, and a connection to the server."""
        self.brings_up()
        assert b"CONNECT" in self.opens() or self.dialect == "bg96"
        connection: MemoryConnection = self.net.connections[-1]
        return connection

    def sends(self) -> bytes:
        """Three bytes; the result, within two seconds."""
        prompt = self.asks(SEND[self.dialect])
        if b">" not in prompt:
            return prompt
        return self.types(b"abc") + self.waits(2.0)

    # ---- the end --------------------------------------------------------------------------------

    def outcomes(self) -> dict[str, bool]:
        """How each expectation ended."""
        return {outcome.id: outcome.met for outcome in self.world.report().outcomes}

    @property
    def notes(self) -> list[str]:
        """What the director remarked."""
        return self.world.notes
