"""The raw TCP port: who may connect, who is told what, and what closing means."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from ports import LIMIT, Port, connect, eventually, hears, running
from vmodem.emulator.endpoints import EndpointError
from vmodem.emulator.endpoints.tcp import Binding, TcpPipe


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    with running("tcp", tmp_path) as port:
        yield port


def dtr(port: Port) -> bool:
    module = port.modem.driver.modem._module
    return bool(port.modem.call(lambda: module.dtr))


def test_bytes_are_as_they_are(port: Port) -> None:
    with connect(port) as client:
        client.sendall(b"AT\xff\xfd\x2c\r")
        assert hears(client, b"R\r\n") == b"AT\xff\xfd\x2c\r\r\nERROR\r\n"


def test_connecting_is_opening_and_disconnecting_closing(port: Port) -> None:
    with connect(port):
        assert eventually(lambda: dtr(port))
    assert eventually(lambda: not dtr(port))
    with connect(port) as client:
        assert eventually(lambda: dtr(port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert eventually(lambda: not dtr(port)), "a reset is a closing too"


def test_a_second_client_is_told_by_whom_the_port_is_used(port: Port) -> None:
    with connect(port) as first, connect(port) as second:
        own = first.getsockname()
        assert second.makefile("rb").read() == f"vmodem: the port is in use by {own[0]}:{own[1]}\r\n".encode()
        first.sendall(b"AT\r")
        assert hears(first, b"OK\r\n") == b"AT\r\r\nOK\r\n"
    assert eventually(lambda: not dtr(port))
    with connect(port) as third:
        third.sendall(b"AT\r")
        assert hears(third, b"OK\r\n") == b"AT\r\r\nOK\r\n"


def test_a_port_in_use_is_refused_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(EndpointError) as caught:
            TcpPipe(Binding("127.0.0.1", number))
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{number}: Address already in use; give another port or host"
    )
    with pytest.raises(
        EndpointError, match=r"cannot listen on no\.such\.host\.invalid:1: .*; give another host"
    ):
        TcpPipe(Binding("no.such.host.invalid", 1))


def test_ipv6_has_brackets() -> None:
    try:
        pipe = TcpPipe(Binding("::1", 0))
    except EndpointError:
        pytest.skip("no IPv6 on this host")
    assert pipe.path.startswith("socket://[::1]:")
    pipe.close()
    pipe.close()


def test_the_next_modem_finds_the_port_free_at_once(tmp_path: Path) -> None:
    with running("tcp", tmp_path) as port, connect(port) as client:
        client.sendall(b"AT\r")
        hears(client, b"OK\r\n")
        port.modem.stop()
        TcpPipe(Binding("127.0.0.1", int(port.url.rpartition(":")[2]))).close()


def test_without_descriptors_it_waits_and_does_not_spin(tmp_path: Path) -> None:
    """The listener is left alone for a while; afterwards the client that waited is served."""
    import resource

    with running("tcp", tmp_path) as port:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        client = socket.socket()
        spare = os.dup(0)
        resource.setrlimit(resource.RLIMIT_NOFILE, (spare, before[1]))
        os.close(spare)
        blockers = []
        try:
            while True:
                try:
                    blockers.append(os.dup(0))
                except OSError:
                    break
            host, number = port.url.removeprefix("socket://").split(":")
            client.connect((host, int(number)))
            pipe = port.modem.pipe
            assert eventually(lambda: port.modem.call(lambda: pipe._retry is not None))  # type: ignore[attr-defined]
        finally:
            for blocker in blockers:
                os.close(blocker)
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        client.settimeout(LIMIT)
        client.sendall(b"AT\r")
        assert hears(client, b"OK\r\n") == b"AT\r\r\nOK\r\n"
        client.close()


def test_closed_before_it_was_started() -> None:
    pipe = TcpPipe(Binding("127.0.0.1", 0))
    pipe.close()
    asyncio.run(asyncio.sleep(0))
    pipe.close()
