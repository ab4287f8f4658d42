"""The real peers of a transcript do on sockets what the ones in memory do; here a socket plays the module."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from real_peers import RealPeers, listening_ports
from real_world import needs_virtual_time
from vmodem.emulator.effects import Transport
from vmodem.emulator.events import Address
from vmodem.emulator.recording.actions import ClientEnds, ClientSends, PeerAccepts, PeerEnds, PeerSends
from vmodem.emulator.recording.format import load, parse
from vmodem.emulator.recording.header import Client
from vmodem.emulator.recording.text import Place
from vmodem.netstack.routes import Route, Routes

DATA = Path(__file__).parent.parent / "transcripts" / "data"
SERVER = Address("116.228.221.51", 8500)
UDP_SERVER = Address("116.228.221.51", 9600)
HEADER = """# dialect: sim800
# peers: tcp 116.228.221.51:8500 script: recv "hello", send "world"
# peers: udp 116.228.221.51:9600 script: recv "ping", send "pong"
> AT
"""


@pytest.fixture
def peers() -> Iterator[RealPeers]:
    peers = RealPeers(parse(HEADER, "x.txt").header)
    yield peers
    peers.close()


def target(peers: RealPeers, transport: Transport, address: Address) -> Address:
    """Where the module's route leads."""
    found = Routes(tuple(Route.parse(text) for text in peers.routes)).find(transport, address)
    assert isinstance(found, Address)
    return found


def pump_until(peers: RealPeers, satisfied: Callable[[], bool]) -> None:
    for _ in range(100):
        if satisfied():
            return
        peers.pump(0.1)
    raise AssertionError("it never came")


def test_a_tcp_server_plays_its_script(peers: RealPeers) -> None:
    assert peers.unsatisfied()[-1] == (
        "tcp 116.228.221.51:8500 has a script, but the module never connected to it"
    )
    with socket.create_connection(target(peers, Transport.TCP, SERVER), timeout=5) as module:
        module.sendall(b"hello")
        pump_until(peers, lambda: peers.received(SERVER) == b"hello")
        assert module.recv(100) == b"world"
        assert peers.unsatisfied() == ["udp 116.228.221.51:9600 " + _unpinged()]
        module.sendall(b"more")
        pump_until(peers, lambda: bool(peers.wrong()))
        assert peers.wrong() == ["tcp 116.228.221.51:8500 received b'more' beyond the end of its script"]
        peers.link_peer_sends(0, b"again")
        peers.peer_sends(PeerSends("tcp", *SERVER, b" and again"))
        peers.peer_ends(PeerEnds(*SERVER))
        assert module.makefile("rb").read() == b"again and again"


@pytest.mark.parametrize(
    "speak",
    [
        lambda peers: peers.peer_sends(PeerSends("tcp", *SERVER, b"first")),
        lambda peers: peers.link_peer_sends(0, b"first"),
    ],
)
def test_a_server_speaks_though_nobody_has_looked_yet(
    peers: RealPeers, speak: Callable[[RealPeers], None]
) -> None:
    with socket.create_connection(target(peers, Transport.TCP, SERVER), timeout=5) as module:
        speak(peers)
        assert module.recv(100) == b"first"


def test_the_newest_connection_is_meant_though_nobody_has_looked_yet(peers: RealPeers) -> None:
    with socket.create_connection(target(peers, Transport.TCP, SERVER), timeout=5):
        peers.peer_sends(PeerSends("tcp", *SERVER, b"first"))
        with socket.create_connection(target(peers, Transport.TCP, SERVER), timeout=5) as newest:
            peers.peer_sends(PeerSends("tcp", *SERVER, b"second"))
            assert newest.recv(100) == b"second"


def _unpinged() -> str:
    return "stopped before Expect(data=b'ping'), having received b'' of it"


def test_a_server_resets_refuses_and_accepts_again(peers: RealPeers) -> None:
    address = target(peers, Transport.TCP, SERVER)
    with socket.create_connection(address, timeout=5) as module:
        module.sendall(b"hel")
        pump_until(peers, lambda: peers.received(SERVER) == b"hel")
        peers.peer_ends(PeerEnds(*SERVER, reset=True))
        with pytest.raises(ConnectionResetError):
            module.recv(1)
    peers.peer_accepts(PeerAccepts(*SERVER, accepts=False))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
    peers.peer_accepts(PeerAccepts(*SERVER, accepts=True))
    socket.create_connection(address, timeout=5).close()


def test_a_udp_server_and_a_stranger(peers: RealPeers) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as module:
        module.settimeout(5)
        module.bind(("127.0.0.1", 0))
        server = target(peers, Transport.UDP, UDP_SERVER)
        module.sendto(b"ping", server)
        pump_until(peers, lambda: peers.received(UDP_SERVER) == b"ping")
        assert module.recvfrom(100) == (b"pong", server)
        peers.peer_sends(PeerSends("udp", *UDP_SERVER, b"to the last sender"))
        assert module.recvfrom(100) == (b"to the last sender", server)
        port = module.getsockname()[1]
        peers.peer_sends(PeerSends("udp", "10.78.103.220", 5678, b"stranger", port))
        data, (host, sender_port) = module.recvfrom(100)
        assert (data, sender_port) == (b"stranger", 5678)
        assert peers.printed("RECV FROM: 10.78.103.220:5678") == f"RECV FROM: {host}:5678"
        assert peers.printed("RECV FROM: 10.78.103.220:567") == "RECV FROM: 10.78.103.220:567"


def test_a_client_connects_to_the_only_listener(peers: RealPeers) -> None:
    client = Client(Place("x.txt", 1), "tcp", "10.78.103.220", port=None)
    with pytest.raises(LookupError, match="not 0"):
        peers.client_connects(client, None)
    with socket.create_server((peers.listen_host, 0)) as listener:
        assert listening_ports(peers.listen_host) == [listener.getsockname()[1]]
        peers.client_connects(client, None)
        module, (host, _) = listener.accept()
        with module:
            module.settimeout(5)
            assert peers.printed("REMOTE IP: 10.78.103.220") == f"REMOTE IP: {host}"
            peers.client_sends(ClientSends("10.78.103.220", None, b"hello server"))
            peers.client_ends(ClientEnds("10.78.103.220", None))
            assert module.makefile("rb").read() == b"hello server"


def test_which_sim800_dialogues_need_virtual_time() -> None:
    reasons = {path.stem: needs_virtual_time(load(path)) for path in DATA.glob("sim800_*.txt")}
    assert {name.removeprefix("sim800_"): why for name, why in reasons.items() if why} == {
        "11_sleep_and_wake": "it is silent for 7.05 s",
        "2.2.4_dtr_escape": "a pty has no DTR line",
        "2.2.4_escape_too_fast": "it is silent for 8.7 s",
        "2.2.5_call_and_sms_in_data_mode": "a pty has no RI line",
        "3.2_multi_server": "a client has the module's own address, which no loopback address can stand for",
        "5_dns": "it asks for names that no route answers",
    }


def test_a_limit_of_acknowledgements_needs_the_netstack_in_memory() -> None:
    transcript = load(DATA / "mxx_3.1_single_client.txt")
    assert needs_virtual_time(transcript) == "the host's own stack acknowledges as it likes"
