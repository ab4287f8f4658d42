"""An M-series module on the bench: brought into each of its states by real dialogue, every answer whole."""

from __future__ import annotations

from collections.abc import Callable

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
from vmodem.dialects.quectel.mxx import QUECTEL_MXX
from vmodem.emulator.events import PdpRefusalChanged
from vmodem.netstack.memory import MemoryConnection, UdpPeer

SECOND = "10.76.40.74"
TCP_PORT = 2020
UDP_LISTEN = 3030
"""The listening ports of S 3.2."""


class Bench(ToolkitBench):
    """An M-series module."""

    dialect = QUECTEL_MXX

    def state(self) -> str:
        """The state that AT+QISTAT prints."""
        answer = self.asks("AT+QISTAT")
        assert answer.startswith(b"\r\nOK\r\n\r\nSTATE: "), answer
        return answer.split(b"STATE: ")[1].split(b"\r\n")[0].decode()

    def server_state(self) -> str:
        """What AT+QISSTAT prints."""
        answer = self.asks("AT+QISSTAT")
        assert answer.startswith(b"\r\nOK\r\n\r\nS: "), answer
        return answer.split(b"S: ")[1].split(b"\r\n")[0].decode()

    def brings_up(self, address: str = LOCAL[0]) -> None:
        """QIREGAPP, QIACT, QILOCIP: IP STATUS."""
        self.does("AT+QIREGAPP", "OK")
        self.does("AT+QIACT", "OK")
        self.does("AT+QILOCIP", address)

    def single(self) -> Bench:
        """IP STATUS with a single connection."""
        self.brings_up()
        return self

    def multi(self) -> Bench:
        """IP STATUS with several connections."""
        self.does("AT+QIMUX=1", "OK")
        self.brings_up()
        return self

    def tcp(self, number: int | None = None, host: str = SERVER) -> MemoryConnection:
        """A TCP connection of the module's, seen from its far end."""
        head = "" if number is None else f"{number},"
        connected = "CONNECT OK" if number is None else f"{number}, CONNECT OK"
        self.does(f'AT+QIOPEN={head}"TCP","{host}",{PORT}', "OK", connected)
        return self.net.connections[-1]

    def udp(self, number: int | None = None, host: str = SERVER) -> UdpPeer:
        """A UDP connection of the module's, and its peer."""
        peer = self.net.udp(host, UDP_PORT)
        head = "" if number is None else f"{number},"
        connected = "CONNECT OK" if number is None else f"{number}, CONNECT OK"
        self.does(f'AT+QIOPEN={head}"UDP","{host}",{UDP_PORT}', "OK", connected)
        return peer

    def listens(self, form: str = "") -> None:
        """SERVER OK on the ports of S 3.2."""
        self.does(f'AT+QILPORT="TCP",{TCP_PORT}', "OK")
        self.does(f'AT+QILPORT="UDP",{UDP_LISTEN}', "OK")
        self.does(f"AT+QISERVER{form}", "OK", "SERVER OK")

    def client(self, listen_port: int = TCP_PORT, host: str = CLIENT) -> MemoryConnection:
        """A client connects to the module's listener."""
        connection = self.net.connect_client(listen_port, host)
        self.settles()
        return connection

    def accepts(self, number: int | None = None, host: str = CLIENT) -> MemoryConnection:
        """The same, and the host is told."""
        connection = self.client(host=host)
        self.hears(f"REMOTE IP: {host}" if number is None else f"{number}, REMOTE IP: {host}")
        return connection

    def transparent(self, *setup: str) -> MemoryConnection:
        """Data mode as a TCP client."""
        for command in ("AT+QIMODE=1", *setup):
            self.does(command, "OK")
        self.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK", "CONNECT")
        return self.net.connections[-1]

    def sends(self, data: bytes, number: int | None = None) -> None:
        """A send of a fixed length."""
        head = "" if number is None else f"{number},"
        self.does(f"AT+QISEND={head}{len(data)}", PROMPT)
        assert self.types(data) == said("SEND OK")

    def arrives(self, peer: MemoryConnection | UdpPeer, *pieces: bytes) -> None:
        """The peer sends."""
        for data in pieces:
            peer.send(data)
        self.settles()


# ---- the documented states, each reached as a host reaches it ----------------------------------------


def ip_initial(_bench: Bench) -> None:
    """A fresh module."""


def ip_start(bench: Bench) -> None:
    bench.does("AT+QIREGAPP", "OK")


def looking_up(bench: Bench) -> None:
    """The bring-up that QIDNSGIP does; while QIACT itself runs it owns the line."""
    bench.does('AT+QIDNSGIP="example.com"', "OK")


def opening(bench: Bench) -> None:
    """The bring-up that QIOPEN does."""
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK")


def serving(bench: Bench) -> None:
    """The bring-up that QISERVER does."""
    bench.does("AT+QISERVER", "OK")


def ip_gprsact(bench: Bench) -> None:
    ip_start(bench)
    bench.does("AT+QIACT", "OK")


def ip_status(bench: Bench) -> None:
    bench.brings_up()


def listening(bench: Bench) -> None:
    bench.single().listens()


def accepted(bench: Bench) -> None:
    listening(bench)
    bench.accepts()


def left_alone(bench: Bench) -> None:
    """The client has left, the listener is open."""
    listening(bench)
    bench.accepts().close()
    bench.settles()
    bench.hears("CLOSED")


def tcp_connecting(bench: Bench) -> None:
    bench.single().does(f'AT+QIOPEN="TCP","{SILENT}",{PORT}', "OK")


def udp_connecting(bench: Bench) -> None:
    bench.single().does(f'AT+QIOPEN="UDP","{SERVER}",{UDP_PORT}', "OK")


def connect_ok(bench: Bench) -> None:
    bench.single().tcp()


def connect_ok_udp(bench: Bench) -> None:
    bench.single().udp()


def connect_ok_listening(bench: Bench) -> None:
    listening(bench)
    bench.tcp()


def ip_close(bench: Bench) -> None:
    connect_ok(bench)
    bench.does("AT+QICLOSE", "CLOSE OK")


def ip_close_by_peer(bench: Bench) -> None:
    bench.single().tcp().close()
    bench.settles()
    bench.hears("CLOSED")


def ip_close_failed(bench: Bench) -> None:
    bench.single().does(f'AT+QIOPEN="TCP","{DEAD}",{PORT}', "OK", "CONNECT FAIL")


def ip_close_listening(bench: Bench) -> None:
    connect_ok_listening(bench)
    bench.does("AT+QICLOSE", "CLOSE OK")


def pdp_deact(bench: Bench) -> None:
    bench.single()
    assert bench.loses_pdp() == said("+PDP DEACT")


def pdp_refused(bench: Bench) -> None:
    ip_start(bench)
    bench.sees(PdpRefusalChanged(True))
    bench.does("AT+QIACT", "ERROR")
    bench.sees(PdpRefusalChanged(False))


def slow(name: str) -> dict[str, float]:
    """What must take time for a state to be seen."""
    if name.startswith("IP CONFIG"):
        return {"configure": 5.0}
    if name.startswith("IP IND"):
        return {"activate": 5.0}
    return {"connect": 5.0} if name == "UDP CONNECTING" else {}


SINGLE_STATES: dict[str, Callable[[Bench], None]] = {
    "IP INITIAL": ip_initial,
    "IP START": ip_start,
    "IP CONFIG": looking_up,
    "IP CONFIG (opening)": opening,
    "IP CONFIG (serving)": serving,
    "IP IND": looking_up,
    "IP IND (opening)": opening,
    "IP IND (serving)": serving,
    "IP GPRSACT": ip_gprsact,
    "IP STATUS": ip_status,
    "IP STATUS (listening)": listening,
    "IP STATUS (client accepted)": accepted,
    "IP STATUS (client left)": left_alone,
    "TCP CONNECTING": tcp_connecting,
    "UDP CONNECTING": udp_connecting,
    "CONNECT OK": connect_ok,
    "CONNECT OK (UDP)": connect_ok_udp,
    "CONNECT OK (listening)": connect_ok_listening,
    "IP CLOSE": ip_close,
    "IP CLOSE (by the peer)": ip_close_by_peer,
    "IP CLOSE (failed)": ip_close_failed,
    "IP CLOSE (listening)": ip_close_listening,
    "PDP DEACT": pdp_deact,
    "PDP DEACT (refused)": pdp_refused,
}


def in_single_state(name: str, cmee: int = 0, *setup: str) -> Bench:
    """A module in the state ``name`` of a single connection."""
    bench = Bench(timings=slow(name), cmee=cmee)
    for command in setup:
        bench.does(command, "OK")
    SINGLE_STATES[name](bench)
    return bench


def multi_opening(bench: Bench) -> None:
    """Link 0 waits for the context."""
    bench.does(f'AT+QIOPEN=0,"TCP","{SERVER}",{PORT}', "OK")


def multi_serving(bench: Bench) -> None:
    bench.does("AT+QISERVER=0,5", "OK")


def ip_processing(bench: Bench) -> None:
    """Link 0 connected, 1 connecting, 2 closed, 3 UDP; 4 and 5 never used."""
    bench.brings_up()
    bench.tcp(0)
    bench.does(f'AT+QIOPEN=1,"TCP","{SILENT}",{PORT}', "OK")
    bench.tcp(2)
    bench.does("AT+QICLOSE=2", "2, CLOSE OK")
    bench.udp(3)


def ip_processing_listening(bench: Bench) -> None:
    """The same with a listener, and an accepted client on link 2."""
    ip_processing(bench)
    bench.listens("=0,5")
    bench.accepts(2)


def multi_pdp_deact(bench: Bench) -> None:
    bench.brings_up()
    bench.tcp(0)
    assert bench.loses_pdp() == said("+PDP DEACT")


MULTI_STATES: dict[str, Callable[[Bench], None]] = {
    "IP INITIAL": ip_initial,
    "IP START": ip_start,
    "IP CONFIG": looking_up,
    "IP CONFIG (opening)": multi_opening,
    "IP CONFIG (serving)": multi_serving,
    "IP IND": looking_up,
    "IP IND (opening)": multi_opening,
    "IP GPRSACT": ip_gprsact,
    "IP STATUS": ip_status,
    "IP PROCESSING": ip_processing,
    "IP PROCESSING (listening)": ip_processing_listening,
    "PDP DEACT": multi_pdp_deact,
    "PDP DEACT (refused)": pdp_refused,
}


def in_multi_state(name: str, cmee: int = 0, *setup: str) -> Bench:
    """A module in the state ``name`` of several connections."""
    bench = Bench(timings=slow(name), cmee=cmee)
    for command in ("AT+QIMUX=1", *setup):
        bench.does(command, "OK")
    MULTI_STATES[name](bench)
    return bench
