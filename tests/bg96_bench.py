"""A BG96 on the bench: contexts and sockets brought up by real dialogue, every answer whole."""

from __future__ import annotations

from toolkit_bench import CLIENT as CLIENT
from toolkit_bench import CTRL_Z as CTRL_Z
from toolkit_bench import DEAD as DEAD
from toolkit_bench import ESC as ESC
from toolkit_bench import LOCAL as LOCAL
from toolkit_bench import OTHER as OTHER
from toolkit_bench import PORT as PORT
from toolkit_bench import PROMPT as PROMPT
from toolkit_bench import SERVER as SERVER
from toolkit_bench import SILENT as SILENT
from toolkit_bench import UDP_PORT as UDP_PORT
from toolkit_bench import ToolkitBench
from toolkit_bench import said as said
from vmodem.dialects.quectel.bg96 import BG96
from vmodem.emulator.events import RegistrationChanged
from vmodem.netstack.memory import MemoryConnection, UdpPeer

BUFFER, PUSH, TRANSPARENT = 0, 1, 2
"""``<access_mode>``."""
LISTEN, UDP_LISTEN = 2020, 3030
"""The local ports of S 3.5 and 3.6."""
INITIAL, OPENING, CONNECTED, LISTENING, CLOSING = range(5)
"""``<socket_state>``."""
ERROR = b"\r\nERROR\r\n"


class Bench(ToolkitBench):
    """A BG96."""

    dialect = BG96

    def up(self, number: int = 1) -> Bench:
        """Context ``number`` active."""
        self.does(f'AT+QICSGP={number},1,"UNINET","","",1', "OK")
        self.does(f"AT+QIACT={number}", "OK")
        return self

    def error(self) -> int:
        """What AT+QIGETERROR prints."""
        answer = self.asks("AT+QIGETERROR")
        assert answer.startswith(b"\r\n+QIGETERROR: "), answer
        return int(answer.split(b": ")[1].split(b",")[0])

    def fails(self, command: str, error: int) -> None:
        """Plain ERROR, for the reason ``error``."""
        answer = self.asks(command)
        assert answer == ERROR, f"{command}: {answer!r}"
        assert self.error() == error, command

    def state(self, number: int) -> int:
        """``<socket_state>`` of a connectID; one that is not listed is Initial."""
        answer = self.asks(f"AT+QISTATE=1,{number}")
        if answer == said("OK"):
            return INITIAL
        return int(answer.split(b",")[5])

    def tcp(self, number: int = 0, access: int = BUFFER, host: str = SERVER) -> MemoryConnection:
        """A TCP connection of the module's, seen from its far end."""
        answer = ("CONNECT",) if access == TRANSPARENT else ("OK", f"+QIOPEN: {number},0")
        self.does(f'AT+QIOPEN=1,{number},"TCP","{host}",{PORT},0,{access}', *answer)
        return self.net.connections[-1]

    def udp(self, number: int = 0, access: int = BUFFER, host: str = SERVER) -> UdpPeer:
        """A UDP connection of the module's, and its peer."""
        peer = self.net.udp(host, UDP_PORT)
        answer = ("CONNECT",) if access == TRANSPARENT else ("OK", f"+QIOPEN: {number},0")
        self.does(f'AT+QIOPEN=1,{number},"UDP","{host}",{UDP_PORT},0,{access}', *answer)
        return peer

    def serves(self, number: int = 2, access: int = BUFFER) -> UdpPeer:
        """A UDP service on port 3030, and somebody who could write to it."""
        peer = self.net.udp(SERVER, UDP_PORT)
        self.does(
            f'AT+QIOPEN=1,{number},"UDP SERVICE","127.0.0.1",0,{UDP_LISTEN},{access}',
            "OK",
            f"+QIOPEN: {number},0",
        )
        return peer

    def listens(self, number: int = 1, access: int = BUFFER, port: int = LISTEN) -> None:
        """A TCP listener on port 2020."""
        self.does(
            f'AT+QIOPEN=1,{number},"TCP LISTENER","127.0.0.1",0,{port},{access}',
            "OK",
            f"+QIOPEN: {number},0",
        )

    def accepts(self, number: int = 11, server: int = 1, host: str = CLIENT) -> MemoryConnection:
        """A client connects to the listener, and the host is told."""
        connection = self.client(LISTEN, host)
        remote = connection.remote
        self.hears(f'+QIURC: "incoming",{number},{server},"{remote.host}",{remote.port}')
        return connection

    def sends(self, command: str, payload: bytes, answer: str = "SEND OK") -> None:
        """A prompt, the payload, the result."""
        assert self.asks(command) == PROMPT, command
        assert self.types(payload) == said(answer)

    def escapes(self) -> None:
        """Out of data mode with ``+++``."""
        self.waits(1.0)
        self.types(b"+++")
        assert self.waits(1.0) == said("OK")

    def registration(self, stat: int) -> None:
        """The network's word to the module; nothing of it is heard."""
        self.sees(RegistrationChanged(stat))
