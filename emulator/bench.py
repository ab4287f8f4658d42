"""A module on the bench: what the tests of a dialect do to it, in virtual time and without a socket.

>>> bench = Bench(SIM800)
>>> bench.net.tcp("192.0.2.1", 80)  # a peer; netstack/memory.py: what peers can do
>>> bench.does("AT+CPIN?", "+CPIN: READY", "OK")

The module is switched on and ready. Everything happens at once, and time stands still unless it is told to
pass; the latencies are 0 unless ``Options(timing_factor=1)`` says otherwise.
"""

from __future__ import annotations

from ..netstack.memory import MemoryConnection, MemoryNetStack
from .dialect import Dialect, Options
from .engine import Modem
from .events import Event, LineChanged, LineSignal, PdpLost
from .world import START, World, Writer, whole

OK = b"\r\nOK\r\n"
ERROR = b"\r\nERROR\r\n"
PROMPT = b"\r\n> "
CTRL_Z = b"\x1a"
ESC = b"\x1b"


def said(*blocks: str | bytes) -> bytes:
    """Blocks as they are framed; a newline stands between the lines of one; bytes are themselves."""
    return b"".join(
        block if isinstance(block, bytes) else b"\r\n" + block.replace("\n", "\r\n").encode() + b"\r\n"
        for block in blocks
    )


class Bench:
    """One module with its network ``net`` and its host. Echo is off unless ``echo``.

    ``writer``: how what the host types is cut (:func:`~.world.bytewise`, :func:`~.world.fragments`).
    """

    network: type[MemoryNetStack] = MemoryNetStack

    def __init__(
        self,
        dialect: Dialect,
        options: Options | None = None,
        *,
        echo: bool = False,
        writer: Writer = whole,
    ) -> None:
        self.net = self.network()
        self.world = World(Modem(dialect, options, START), self.net, writer=writer)
        if not echo:
            self.types(b"ATE0\r")

    # ---- the host --------------------------------------------------------------------------------

    def types(self, data: bytes) -> bytes:
        """Everything that is written at the time of typing."""
        self.world.send(data)
        return self.world.take()

    def asks(self, command: str) -> bytes:
        """Type a line."""
        return self.types(command.encode() + b"\r")

    def does(self, command: str, *blocks: str | bytes) -> None:
        """The answer to ``command`` is exactly this, at once."""
        answer = self.asks(command)
        assert answer == said(*blocks), f"{command}: {answer!r}"

    def hears(self, *blocks: str | bytes) -> None:
        """What the module has written by now without being asked is exactly this."""
        heard = self.world.take()
        assert heard == said(*blocks), f"{heard!r}"

    def waits(self, seconds: float) -> bytes:
        """Everything that is written while time passes."""
        self.world.advance(seconds)
        return self.world.take()

    def settles(self) -> None:
        """What a peer did just now reaches the module."""
        self.world.advance(0.0)

    def dtr(self, on: bool) -> bytes:
        """Switch DTR."""
        return self.sees(LineChanged(LineSignal.DTR, on))

    def signals(self) -> list[tuple[str, bool]]:
        """The changes of DCD and RI so far."""
        shown = (LineSignal.DCD, LineSignal.RI)
        return [(change.signal.value, change.on) for change in self.world.signals if change.signal in shown]

    def dcd(self) -> bool:
        """DCD as it is now; ON is the low level."""
        changes = [change.on for change in self.world.signals if change.signal is LineSignal.DCD]
        return bool(changes) and changes[-1]

    # ---- the network -----------------------------------------------------------------------------

    def sees(self, event: Event) -> bytes:
        """Something happens outside."""
        self.world.event(event)
        return self.world.take()

    def loses_pdp(self, context: int | None = None) -> bytes:
        """The network deactivates the context (``None``: all)."""
        return self.sees(PdpLost(context))

    def client(self, listen_port: int, host: str = "192.0.2.40") -> MemoryConnection:
        """A client connects to the module's listener."""
        connection = self.net.connect_client(listen_port, host)
        self.settles()
        return connection
