"""Modems in a thread of their own, as a test's fixture runs them."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
from dataclasses import replace

import pytest
import serial
from fleets import free_port
from ports import ANY_PORT, LIMIT, Client, eventually
from vmodem.emulator.background import Background
from vmodem.emulator.choices import Checked, Choices, check
from vmodem.emulator.dialect import Options
from vmodem.emulator.endpoints import EndpointError
from vmodem.emulator.endpoints.pty import PtyPipe
from vmodem.emulator.endpoints.tcp import Binding, TcpPipe
from vmodem.emulator.events import CallArrived
from vmodem.emulator.transcript import JsonLog
from vmodem.netstack.air import Air


def chosen(seed: int = 0) -> Checked:
    return check(Choices(seed=seed, network="loopback"))


def open_at(path: str) -> Client:
    return Client(serial.serial_for_url(path, 115200, timeout=LIMIT))


def test_the_thread_lives_as_long_as_its_modems() -> None:
    room = Background("a test's")
    before = set(threading.enumerate())
    first = room.start(chosen(), PtyPipe)
    (thread,) = set(threading.enumerate()) - before
    assert thread.name == "a test's"
    second = room.start(chosen(1), lambda: TcpPipe(ANY_PORT))
    assert set(threading.enumerate()) - before == {thread}
    assert second.port.startswith("socket://127.0.0.1:")
    first.stop()
    client = open_at(second.port)
    assert client.ask("AT") == "AT\r\r\nOK\r\n"
    client.port.close()
    second.stop()
    second.stop()
    assert set(threading.enumerate()) == before
    with room.start(chosen(), PtyPipe) as third:
        assert os.path.exists(third.port), "it begins again"
    assert not thread.is_alive()


def test_a_modem_that_cannot_start_leaves_nothing() -> None:
    room = Background()
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(EndpointError, match="Address already in use"):
            room.start(chosen(), lambda: TcpPipe(Binding("127.0.0.1", number)))
    assert set(threading.enumerate()) == before
    two = replace(chosen(), options=(Options(), Options()))
    with pytest.raises(ValueError, match="2 modems at once"):
        room.start(two)


def test_events_states_and_the_log() -> None:
    text = io.BytesIO()
    text.close = lambda: None  # type: ignore[method-assign]  # it is read afterwards
    with Background().start(chosen(), PtyPipe, log=JsonLog(text)) as modem:
        client = open_at(modem.port)
        client.ask("ATE0")
        modem.inject(CallArrived("+491701"))
        assert client.hear("RING\r\n") == "\r\nRING\r\n"
        assert "IP INITIAL" in modem.states
        client.port.close()
        assert eventually(lambda: b'"on": false' in text.getvalue())
    records = [json.loads(line) for line in text.getvalue().splitlines()]
    assert {"event", "effect", "host", "module"} <= {key for record in records for key in record}


def test_modems_that_share_the_air_reach_each_other() -> None:
    room, air = Background(), Air()
    with room.start(chosen(1), PtyPipe, air=air) as one, room.start(chosen(2), PtyPipe, air=air) as other:
        listener, caller = open_at(one.port), open_at(other.port)
        for client in (listener, caller):
            client.online()
        listener.port.write(b"AT+CIFSR\r")
        address = listener.port.read_until(b"\r\n") and listener.port.read_until(b"\r\n").decode().strip()
        number = free_port()
        listener.ask(f"AT+CIPSERVER=1,{number}", "SERVER OK\r\n")
        caller.ask(f'AT+CIPSTART="TCP","{address}",{number}', "CONNECT OK\r\n")
        assert "REMOTE IP: " in listener.hear("\r\n") + listener.hear("\r\n")
        for client in (listener, caller):
            client.port.close()


def test_calls_need_a_modem() -> None:
    with pytest.raises(RuntimeError, match="no modem is running"):
        Background().call(lambda: None)
