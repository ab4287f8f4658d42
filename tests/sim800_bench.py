"""A SIM800 on the bench: brought into each of its states by real dialogue, every answer compared whole."""

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
from vmodem.emulator.events import PdpRefusalChanged
from vmodem.netstack.memory import MemoryConnection, UdpPeer


class Bench(ToolkitBench):
    """A SIM800."""

    # ---- dialogues ------------------------------------------------------------------------------

    def state(self) -> str:
        """The state that AT+CIPSTATUS prints."""
        answer = self.asks("AT+CIPSTATUS")
        assert answer.startswith(b"\r\nOK\r\n\r\nSTATE: "), answer
        return answer.split(b"STATE: ")[1].split(b"\r\n")[0].decode()

    def brings_up(self, address: str = LOCAL[0]) -> None:
        """CSTT, CIICR, CIFSR: IP STATUS."""
        self.does("AT+CSTT", "OK")
        self.does("AT+CIICR", "OK")
        self.does("AT+CIFSR", address)

    def single(self) -> Bench:
        """IP STATUS with a single connection."""
        self.brings_up()
        return self

    def multi(self) -> Bench:
        """IP STATUS with several connections."""
        self.does("AT+CIPMUX=1", "OK")
        self.brings_up()
        return self

    def tcp(self, number: int | None = None, host: str = SERVER) -> MemoryConnection:
        """A TCP connection of the module's, seen from its far end."""
        head = "" if number is None else f"{number},"
        connected = "CONNECT OK" if number is None else f"{number}, CONNECT OK"
        self.does(f'AT+CIPSTART={head}"TCP","{host}","{PORT}"', "OK", connected)
        return self.net.connections[-1]

    def udp(self, number: int | None = None, host: str = SERVER) -> UdpPeer:
        """A UDP connection of the module's, and its peer."""
        peer = self.net.udp(host, UDP_PORT)
        head = "" if number is None else f"{number},"
        connected = "CONNECT OK" if number is None else f"{number}, CONNECT OK"
        self.does(f'AT+CIPSTART={head}"UDP","{host}",{UDP_PORT}', "OK", connected)
        return peer

    def transparent(self, *setup: str) -> MemoryConnection:
        """Data mode as a TCP client."""
        for command in ("AT+CIPMODE=1", *setup):
            self.does(command, "OK")
        self.does(f'AT+CIPSTART="TCP","{SERVER}",{PORT}', "OK", "CONNECT")
        return self.net.connections[-1]


# ---- the documented states, each reached as a host reaches it ----------------------------------------


def ip_initial(_bench: Bench) -> None:
    """A fresh module."""


def ip_start(bench: Bench) -> None:
    bench.does("AT+CSTT", "OK")


def ip_config(bench: Bench) -> None:
    """The implicit bring-up of CIPSTART; while CIICR itself runs it owns the line."""
    bench.does(f'AT+CIPSTART="TCP","{SERVER}",{PORT}', "OK")


def ip_gprsact(bench: Bench) -> None:
    ip_start(bench)
    bench.does("AT+CIICR", "OK")


def ip_status(bench: Bench) -> None:
    bench.brings_up()


def tcp_connecting(bench: Bench) -> None:
    bench.single().does(f'AT+CIPSTART="TCP","{SILENT}",{PORT}', "OK")


def udp_connecting(bench: Bench) -> None:
    bench.single().does(f'AT+CIPSTART="UDP","{SERVER}",{UDP_PORT}', "OK")


def server_listening(bench: Bench) -> None:
    bench.single().does("AT+CIPSERVER=1,1234", "OK", "SERVER OK")


def connect_ok(bench: Bench) -> None:
    bench.single().tcp()


def connect_ok_udp(bench: Bench) -> None:
    bench.does("AT+CIPUDPMODE=1", "OK")
    bench.single().udp()


def connect_ok_server(bench: Bench) -> None:
    server_listening(bench)
    bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}")


def connect_ok_server_closed(bench: Bench) -> None:
    connect_ok_server(bench)
    bench.does("AT+CIPSERVER=0", "OK", "SERVER CLOSE")


def tcp_closed(bench: Bench) -> None:
    connect_ok(bench)
    bench.does("AT+CIPCLOSE", "CLOSE OK")


def udp_closed(bench: Bench) -> None:
    bench.single().udp()
    bench.does("AT+CIPCLOSE", "CLOSE OK")


def pdp_deact(bench: Bench) -> None:
    bench.single()
    assert bench.loses_pdp() == said("+PDP: DEACT")


def pdp_refused(bench: Bench) -> None:
    ip_start(bench)
    bench.sees(PdpRefusalChanged(True))
    bench.does("AT+CIICR", "+PDP: DEACT", "ERROR")
    bench.sees(PdpRefusalChanged(False))


SLOW = {
    "IP CONFIG": {"activate": 5.0},
    "UDP CONNECTING": {"connect": 5.0},
}
"""What must take time for a state to be seen."""

SINGLE_STATES: dict[str, Callable[[Bench], None]] = {
    "IP INITIAL": ip_initial,
    "IP START": ip_start,
    "IP CONFIG": ip_config,
    "IP GPRSACT": ip_gprsact,
    "IP STATUS": ip_status,
    "TCP CONNECTING": tcp_connecting,
    "UDP CONNECTING": udp_connecting,
    "SERVER LISTENING": server_listening,
    "CONNECT OK": connect_ok,
    "CONNECT OK (UDP, extended)": connect_ok_udp,
    "CONNECT OK (server)": connect_ok_server,
    "CONNECT OK (server, listener closed)": connect_ok_server_closed,
    "TCP CLOSED": tcp_closed,
    "UDP CLOSED": udp_closed,
    "PDP DEACT": pdp_deact,
    "PDP DEACT (refused)": pdp_refused,
}


def in_single_state(name: str, cmee: int = 0, *setup: str) -> Bench:
    """A module in the state ``name`` of a single connection."""
    bench = Bench(timings=SLOW.get(name), cmee=cmee)
    for command in setup:
        bench.does(command, "OK")
    SINGLE_STATES[name](bench)
    return bench


def ip_processing(bench: Bench) -> None:
    """Link 0 connected, link 1 connecting, link 2 closed, link 3 UDP; 4 and 5 never used."""
    bench.brings_up()
    bench.does("AT+CIPUDPMODE=3,1", "OK")
    bench.tcp(0)
    bench.does(f'AT+CIPSTART=1,"TCP","{SILENT}",{PORT}', "OK")
    bench.tcp(2)
    bench.does("AT+CIPCLOSE=2", "2, CLOSE OK")
    bench.udp(3)


def multi_pdp_deact(bench: Bench) -> None:
    bench.brings_up()
    bench.tcp(0)
    assert bench.loses_pdp() == said("+PDP: DEACT")


MULTI_STATES: dict[str, Callable[[Bench], None]] = {
    "IP INITIAL": ip_initial,
    "IP START": ip_start,
    "IP GPRSACT": ip_gprsact,
    "IP STATUS": ip_status,
    "IP PROCESSING": ip_processing,
    "PDP DEACT": multi_pdp_deact,
}


def in_multi_state(name: str, cmee: int = 0, *setup: str) -> Bench:
    """A module in the state ``name`` of several connections."""
    bench = Bench(cmee=cmee)
    for command in ("AT+CIPMUX=1", *setup):
        bench.does(command, "OK")
    MULTI_STATES[name](bench)
    return bench
