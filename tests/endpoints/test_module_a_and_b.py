"""The GSM TCPIP Application Note's module A and module B (S 3.2, 3.4), each on a pty of its own.

The addresses are those that AT+QILOCIP prints; the remote server of S 3.2 step 2 is a real one.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleets import Fleet, Host, free_port

WELCOME = "Welcome to use Quectel module."
LIMIT = 20.0


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A server on loopback that module A connects to as a client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        yield listener


@pytest.fixture
def modules(tmp_path: Path, server: socket.socket) -> Iterator[tuple[Host, Host]]:
    """Module A and module B in one process."""
    (tmp_path / "home").mkdir()
    route = f"tcp://124.79.167.121:7007=tcp://127.0.0.1:{server.getsockname()[1]}"
    fleet = Fleet(tmp_path / "home", 2, "--dialect", "quectel_mxx", "--network", "none", "--route", route)
    a, b = fleet.hosts()
    yield a, b
    fleet.close()


def address_of(module: Host) -> str:
    """What AT+QILOCIP prints: the address alone."""
    return module.ask("AT+QILOCIP", until=".")[2:] + module.hear("\r\n")[:-2]


def listen(module: Host, command: str) -> int:
    """Choose a port that is free on this machine for both protocols, and listen."""
    port = free_port()
    module.ask(f'AT+QILPORT="TCP",{port}')
    module.ask(f'AT+QILPORT="UDP",{port}')
    assert module.ask(command, until="SERVER OK\r\n") == "\r\nOK\r\n\r\nSERVER OK\r\n"
    assert module.ask("AT+QILPORT?") == f"\r\nTCP: {port}\r\nUDP: {port}\r\n\r\nOK\r\n"
    return port


def send(module: Host, command: str) -> None:
    """The 30 bytes of the note; SEND OK without an index."""
    module.ask(command, until="> ")
    module.port.write(WELCOME.encode() + b"\x1a")
    assert module.hear("SEND OK\r\n") == "\r\nSEND OK\r\n"


def acknowledged(module: Host, command: str, expect: str) -> None:
    """Ask until the figures are these: the acknowledgement may still be on its way."""
    for _ in range(200):
        answer = module.ask(command)
        if answer == f"\r\n+QISACK: {expect}\r\n\r\nOK\r\n":
            return
    pytest.fail(f"{command}: {answer!r}, never {expect}")


@pytest.mark.parametrize(
    ("transport", "command", "figures"),
    [("TCP", "AT+QISERVER", "30, 30, 0"), ("UDP", "AT+QISERVER=1", "30, 0, 0")],
)
def test_single_server_and_client_side_by_side(
    modules: tuple[Host, Host], server: socket.socket, transport: str, command: str, figures: str
) -> None:
    a, b = modules
    port = listen(a, command)
    answer = b.ask(f'AT+QIOPEN="{transport}","{address_of(a)}",{port}', "CONNECT OK\r\n")
    assert answer == "\r\nOK\r\n\r\nCONNECT OK\r\n"
    remote = f"\r\nREMOTE IP: {address_of(b)}\r\n"
    if transport == "TCP":
        assert a.hear(remote) == remote
    send(b, "AT+QISEND")
    heard = (remote if transport == "UDP" else "") + WELCOME
    assert a.hear(WELCOME) == heard

    a.ask('AT+QIOPEN="TCP", "124.79.167.121",7007', "CONNECT OK\r\n")
    connection, _ = server.accept()
    with connection:
        connection.settimeout(LIMIT)
        a.ask("AT+QISRVC=2")
        send(a, "AT+QISEND")
        acknowledged(a, "AT+QISACK", figures)
        assert b.hear(WELCOME) == WELCOME
        a.ask("AT+QISRVC=1")
        send(a, "AT+QISEND")
        acknowledged(a, "AT+QISACK", "30, 30, 0")
        assert connection.recv(100) == WELCOME.encode()
        connection.sendall(WELCOME.encode())
        assert a.hear(WELCOME) == WELCOME

        a.ask("AT+QISRVC=2")
        assert a.ask("AT+QICLOSE", "CLOSE OK\r\n") == "\r\nCLOSE OK\r\n"
        if transport == "TCP":
            assert b.hear("CLOSED\r\n") == "\r\nCLOSED\r\n"
        assert a.ask("AT+QICLOSE", "CLOSE OK\r\n") == "\r\nCLOSE OK\r\n"
        a.ask("AT+QISRVC=1")
        connection.shutdown(socket.SHUT_WR)  # it sends no more, and so answers module A's FIN
        assert a.hear("CLOSED\r\n") == "\r\nCLOSED\r\n"
    assert a.ask("AT+QIDEACT", "DEACT OK\r\n") == "\r\nDEACT OK\r\n"


def test_multiple_clients_of_a_server(modules: tuple[Host, Host], server: socket.socket) -> None:
    a, b = modules
    a.ask("AT+QIMUX=1")
    port = listen(a, "AT+QISERVER=0,3")
    address = address_of(a)
    b.ask("AT+QIMUX=1")
    for index in range(3):
        answer = b.ask(f'AT+QIOPEN={index},"TCP","{address}",{port}', "CONNECT OK\r\n")
        assert answer == f"\r\nOK\r\n\r\n{index}, CONNECT OK\r\n"
        remote = f"\r\n{index}, REMOTE IP: {address_of(b)}\r\n"
        assert a.hear(remote) == remote
    # A fourth client is above <max>: it is refused.
    b.ask(f'AT+QIOPEN=3,"TCP","{address}",{port}')
    assert b.hear("\r\n3, C") == "\r\n3, C"
    # The host's kernel accepted it before the module could refuse: connected and reset, or refused.
    refusal = b.hear("\r\n")
    if refusal == "ONNECT OK\r\n":
        refusal = b.hear("\r\n3, CLOSED\r\n")
    assert refusal in ("ONNECT FAIL\r\n", "\r\n3, CLOSED\r\n")

    assert a.ask('AT+QIOPEN=3,"TCP", "124.79.167.121",7007', "CONNECT OK\r\n").endswith("3, CONNECT OK\r\n")
    connection, _ = server.accept()
    with connection:
        connection.settimeout(LIMIT)
        a.ask("AT+QISRVC=2")
        send(a, "AT+QISEND=0")
        acknowledged(a, "AT+QISACK=0", "30, 30, 0")
        assert b.hear(WELCOME) == f"\r\n+RECEIVE: 0, 30\r\n{WELCOME}"
        a.ask("AT+QISRVC=1")
        send(a, "AT+QISEND=3")
        assert connection.recv(100) == WELCOME.encode()
        send(b, "AT+QISEND=0")
        assert a.hear(WELCOME) == f"\r\n+RECEIVE: 0, 30\r\n{WELCOME}"
        a.ask("AT+QISRVC=2")
        assert a.ask("AT+QICLOSE=0", "CLOSE OK\r\n") == "\r\n0, CLOSE OK\r\n"
        assert b.hear("CLOSED\r\n") == "\r\n0, CLOSED\r\n"
        assert a.ask("AT+QICLOSE", "CLOSE OK\r\n") == "\r\nCLOSE OK\r\n"
    assert a.hear("CLOSED\r\n") == "\r\n3, CLOSED\r\n"
    assert a.ask("AT+QIDEACT", "DEACT OK\r\n") == "\r\nDEACT OK\r\n"


def test_listener_on_a_free_port(modules: tuple[Host, Host]) -> None:
    a, b = modules
    assert a.ask("AT+QILPORT?") == "\r\nTCP: 0\r\nUDP: 0\r\n\r\nOK\r\n"
    a.ask("AT+QISERVER", until="SERVER OK\r\n")
    answer = a.ask("AT+QILPORT?")
    port = int(answer.split()[1])
    assert answer == f"\r\nTCP: {port}\r\nUDP: 0\r\n\r\nOK\r\n"
    assert port > 0
    b.ask(f'AT+QIOPEN="TCP","{address_of(a)}",{port}', "CONNECT OK\r\n")
    remote = f"\r\nREMOTE IP: {address_of(b)}\r\n"
    assert a.hear(remote) == remote
