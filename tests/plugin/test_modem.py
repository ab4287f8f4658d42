"""The fixture as a driver's test uses it: every verb does what it says, on the port and in the process."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import serial
from ports import LIMIT, Client
from vmodem.emulator.endpoints import EndpointError
from vmodem.emulator.events import LineChanged, LineSignal
from vmodem.emulator.lab.modem import LabModem
from vmodem.emulator.lab.peer import Connection, PeerError, TcpPeer, UdpPeer

SERVER = "tcp://203.0.113.5:8500"
START = 'AT+CIPSTART="TCP","203.0.113.5",8500'


@contextmanager
def driver(modem: LabModem, url: str | None = None, timeout: float = LIMIT) -> Iterator[Client]:
    port = serial.serial_for_url(modem.port if url is None else url, timeout=timeout)
    with port:
        yield Client(port)


def test_it_answers_at_its_port_and_inside_the_process(modem: LabModem) -> None:
    assert modem.port.startswith("/dev/pts/")
    for url in (modem.port, modem.url):
        with driver(modem, url) as client:
            assert client.ask("AT") == "AT\r\r\nOK\r\n"
    assert "IP INITIAL" in modem.states
    assert modem.transcript.host == b"AT\r" * 2
    assert modem.transcript.module == b"AT\r\r\nOK\r\n" * 2
    assert [entry.mark for entry in modem.transcript] == [">", "<"] * 2


def test_two_clients_at_once_are_told(modem: LabModem) -> None:
    with driver(modem) as one, driver(modem, modem.url) as other:
        one.ask("ATE0")
        assert other.hear("OK\r\n") == "ATE0\r\r\nOK\r\n"
        assert other.ask("AT") == one.hear("OK\r\n") == "\r\nOK\r\n", "both hear everything"
    assert any("both are heard" in entry.text for entry in modem.transcript if entry.mark == "*")


def test_a_fresh_one_each_time(modem: LabModem) -> None:
    assert len(modem.transcript) == 0
    assert modem.now < LIMIT


@pytest.mark.vmodem(endpoint="tcp")
def test_another_endpoint(modem: LabModem) -> None:
    assert modem.port.startswith("socket://127.0.0.1:")
    with driver(modem) as client:
        assert "OK" in client.ask("AT")


def test_what_was_asked(modem: LabModem) -> None:
    with driver(modem) as client:
        client.ask("AT+CSQ")
        client.ask("AT+CSQ")
    modem.assert_seen("AT+CS*")
    modem.assert_seen("AT+CSQ", times=2)
    modem.assert_seen(client="closed")
    modem.assert_never("AT+CREG*")
    with pytest.raises(AssertionError, match=r"AT\+CREG\* was seen 0 times(.|\n)*< AT\+CSQ"):
        modem.assert_seen("AT+CREG*")
    with pytest.raises(AssertionError, match=r"AT\+CSQ was seen 2 times"):
        modem.assert_never("AT+CSQ")
    with pytest.raises(ValueError, match=r"unknown key 'comand' .did you mean 'command'"):
        modem.assert_seen(comand="AT")
    with pytest.raises(ValueError, match="while they are expected"):
        modem.assert_seen(bytes={"count": 3})


def test_expectations(modem: LabModem) -> None:
    asked = modem.expect("AT+CSQ", within=5)
    twice = modem.expect("AT", times=2, within=1000)
    never = modem.expect_never("AT+CFUN*")
    assert not asked.met
    with driver(modem) as client:
        client.ask("AT+CSQ")
        asked.wait()
        assert asked.met
        client.ask("AT")
        assert not twice.met
        client.ask("AT")
    described = modem.describe()
    assert "expectation AT+CSQ (1): met: after " in described
    assert "expectation AT (2): open: happened 2 times so far" in described
    assert str(never).startswith("never {'command': 'AT+CFUN*'} (3): open")
    assert all(outcome.met for outcome in modem.finish())


def test_an_expectation_that_does_not_come(modem_factory: Callable[..., LabModem]) -> None:
    modem = modem_factory(clock="standing")
    expected = modem.expect("AT+CSQ", within="75s")
    begun = time.monotonic()
    with pytest.raises(AssertionError, match="happened 0 times, at least 1 expected"):
        expected.wait(100)
    assert modem.now == 75.0
    assert time.monotonic() - begun < 10
    assert [outcome.met for outcome in modem.finish()] == [False]
    assert modem.finish() == (), "said once"


@pytest.mark.parametrize("standing", [False, True])
def test_what_the_driver_wrote_last_counts(modem_factory: Callable[..., LabModem], standing: bool) -> None:
    """It closed the port behind it and nobody read an answer."""
    for _ in range(10):
        modem = modem_factory(clock="standing" if standing else "running")
        modem.expect("AT+CIPSHUT")
        with serial.serial_for_url(modem.port) as port:
            port.write(b"AT+CIPSHUT\r")
        assert [outcome.met for outcome in modem.finish()] == [True]


def test_a_test_waits_for_a_driver_in_another_thread(modem: LabModem) -> None:
    expected = modem.expect("AT+CSQ", within=LIMIT)

    def drive() -> None:
        with driver(modem) as client:
            client.ask("AT+CSQ")

    thread = threading.Thread(target=drive)
    thread.start()
    expected.wait()
    thread.join()
    assert expected.met


async def _drives(path: str) -> bytes:
    """As a driver on asyncio does: the port's descriptor in the loop."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    loop, heard, done = asyncio.get_running_loop(), bytearray(), asyncio.Event()

    def readable() -> None:
        heard.extend(os.read(descriptor, 4096))
        if heard.endswith(b"OK\r\n"):
            done.set()

    loop.add_reader(descriptor, readable)
    try:
        os.write(descriptor, b"AT+CSQ\r")
        await asyncio.wait_for(done.wait(), LIMIT)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return bytes(heard)


def test_in_an_asyncio_program(modem: LabModem) -> None:
    async def story() -> bytes:
        expected = modem.expect("AT+CSQ", within=LIMIT)
        heard = await _drives(modem.port)
        await asyncio.to_thread(expected.wait)
        modem.urc("+TEST")
        return heard

    assert b"+CSQ: 20,0" in asyncio.run(story())


# ---- the network ---------------------------------------------------------------------------------


def test_a_peer_of_the_tests(modem: LabModem) -> None:
    peer = modem.peer(SERVER)
    assert isinstance(peer, TcpPeer)
    with driver(modem) as client:
        client.online()
        client.ask(START, "CONNECT OK\r\n")
        connection = peer.accept()
        client.ask("AT+CIPSEND=5", "> ")
        client.ask("hello", "SEND OK\r\n")
        connection.expect(b"hello")
        connection.send(b"world")
        assert client.hear("world")
        with pytest.raises(PeerError, match=r"not closed within 0.01 s"):
            connection.expect_close(0.01)
        connection.close()
        client.hear("CLOSED\r\n")
        peer.expect_none()
    modem.assert_seen(state={"link": "CONNECTED"})


def test_a_peer_that_breaks_off_and_one_that_is_closed(modem: LabModem) -> None:
    peer = modem.peer(SERVER)
    with driver(modem) as client:
        client.online()
        client.ask(START, "CONNECT OK\r\n")
        peer.accept().reset()
        client.hear("CLOSED\r\n")
        client.ask(START, "CONNECT OK\r\n")
        connection = peer.accept()
        client.ask("AT+CIPCLOSE", "CLOSE OK\r\n")
        connection.expect_close()


def test_a_served_peer_answers_a_driver_that_waits(modem: LabModem) -> None:
    def story(connection: Connection) -> None:
        connection.expect(b"ping")
        connection.send(b"pong")
        connection.expect_close()

    modem.peer(SERVER).serve(story)
    with driver(modem) as client:
        client.online()
        client.ask(START, "CONNECT OK\r\n")
        client.ask("AT+CIPSEND=4", "> ")
        client.ask("ping", "pong")
        client.ask("AT+CIPCLOSE", "CLOSE OK\r\n")


def test_what_a_peers_story_finds_wrong_is_raised(modem: LabModem) -> None:
    seen = threading.Event()

    def story(connection: Connection) -> None:
        try:
            connection.expect(b"ping", within=LIMIT)
        finally:
            seen.set()

    modem.peer(SERVER).serve(story)
    with driver(modem) as client:
        client.online()
        client.ask(START, "CONNECT OK\r\n")
        client.ask("AT+CIPSEND=4", "> ")
        client.ask("pinG", "SEND OK\r\n")
        assert seen.wait(LIMIT)
        client.hear("CLOSED\r\n")
    with pytest.raises(PeerError, match=r"expected b'ping'.*got b'pinG'"):
        modem.finish()


def test_a_name_leads_to_a_peer_and_datagrams_too(modem: LabModem) -> None:
    echo = modem.peer("tcp://telemetry.example:443").echo()
    datagrams = modem.peer("udp://198.51.100.9:5000")
    assert isinstance(datagrams, UdpPeer)
    with pytest.raises(PeerError, match="nobody has sent"):
        datagrams.send(b"x")
    with driver(modem) as client:
        client.online()
        client.ask('AT+CIPSTART="TCP","telemetry.example",443', "CONNECT OK\r\n")
        client.ask("AT+CIPSEND=5", "> ")
        assert client.ask("hello", "hello").endswith("SEND OK\r\nhello")
        client.ask("AT+CIPCLOSE", "CLOSE OK\r\n")
        client.ask('AT+CIPSTART="UDP","198.51.100.9",5000', "CONNECT OK\r\n")
        client.ask("AT+CIPSEND=3", "> ")
        client.ask("one", "SEND OK\r\n")
        datagrams.expect(b"one")
        datagrams.send(b"two")
        client.hear("two")
    assert echo.name == "tcp://telemetry.example:443"
    with pytest.raises(ValueError, match="neither tcp:// nor udp://"):
        modem.peer("icmp://1.2.3.4")
    with pytest.raises(ValueError, match="it is missing"):
        modem.peer("tcp://1.2.3.4")


def test_failures_that_are_ordered(modem: LabModem) -> None:
    peer = modem.peer(SERVER)
    modem.fail_next("AT+CIPSTART*", "connect_fail")
    modem.fail_next(op="socket.send", reply="\r\n+BUSY\r\n")
    with driver(modem) as client:
        client.online()
        client.ask(START, "CONNECT FAIL\r\n")
        client.ask(START, "CONNECT OK\r\n")
        client.ask("AT+CIPSEND=1", "+BUSY\r\n")
        client.ask("AT+CIPSEND=1", "> ")
        client.ask("x", "SEND OK\r\n")
        peer.accept().expect(b"x")
        modem.deactivate_pdp()
        client.hear("+PDP: DEACT\r\n")
    assert "PDP DEACT" in modem.states


def test_what_is_done_to_the_module(modem: LabModem) -> None:
    with driver(modem) as client:
        client.ask("AT+CMGF=1;+CREG=1")
        modem.urc("+TEST: 1")
        client.hear("+TEST: 1\r\n")
        modem.send_sms("+491701234567", "hello")
        client.hear('+CMTI: "SM",1\r\n')
        modem.ring("+491701234567", for_=0.0)
        client.hear("RING\r\n")
        client.hear("NO CARRIER\r\n")
        modem.signal(7)
        client.ask("AT+CSQ", "+CSQ: 7,0\r\n\r\nOK\r\n")
        modem.register("searching")
        client.hear("+CREG: 2\r\n")
        modem.network.register("home", lac=1, ci=2)
        client.hear("+CREG: 1\r\n")
        modem.sim("remove")
        client.hear("+CPIN: NOT READY\r\n")
        modem.power("off")
        assert modem.machines["power"] == "OFF"
        modem.power("on")
    with pytest.raises(ValueError, match="unknown key 'rssii'"):
        modem.do(signal={"rssii": 1})
    with pytest.raises(ValueError, match="decides about the command that is just received"):
        modem.do(hang=True)
    with pytest.raises(ValueError, match=r"Invalid enum|is not known"):
        modem.register("hom")


def test_the_engines_own_events(modem: LabModem) -> None:
    modem.inject(LineChanged(LineSignal.DTR, True))
    modem.assert_seen(line={"dtr": "on"})


def test_the_network_in_a_test(modem: LabModem) -> None:
    network = modem.network
    with driver(modem) as client:
        client.ask("AT+CREG=1")
        network.lose_coverage(for_=30)
        client.hear("+CREG: 2\r\n")
        modem.skip("29s")
        client.ask("AT+CREG?", "+CREG: 1,2\r\n\r\nOK\r\n")
        modem.skip("1s")
        client.hear("+CREG: 1\r\n")
        network.lose_coverage()
        client.hear("+CREG: 2\r\n")
        network.regain_coverage()
        client.hear("+CREG: 1\r\n")
        network.detach()
        client.ask("AT+CGATT?", "+CGATT: 0\r\n\r\nOK\r\n")
        network.attach()
        client.ask("AT+CGATT?", "+CGATT: 1\r\n\r\nOK\r\n")
        network.refuse_pdp()
        client.ask('AT+CSTT="internet"')
        client.ask("AT+CIICR", "ERROR\r\n")
        network.grant_pdp()
        modem.peer(SERVER)
        network.connects("refuse", times=1)
        client.ask("AT+CIPSHUT", "SHUT OK\r\n")
        client.online()
        client.ask(START, "CONNECT FAIL\r\n")
        network.dns("nxdomain")
        client.ask('AT+CIPSTART="TCP","x.example",80', "OK\r\n")
        network.impair(latency="200ms")
        network.restore()


# ---- time ----------------------------------------------------------------------------------------


@pytest.mark.vmodem(clock="standing", timing="typical")
def test_a_standing_clock_goes_when_the_test_waits(modem: LabModem) -> None:
    """Time is what the driver's own reads wait for: exact, and in no time."""
    assert modem.port == modem.url
    begun = time.monotonic()
    with driver(modem, timeout=120) as client:
        client.ask("ATE0")
        modem.network.connects("silence")
        client.online()
        before = modem.now
        client.ask(START, "OK\r\n")
        assert client.hear("CONNECT FAIL\r\n")
        assert modem.now - before == pytest.approx(75.0, abs=0.1)
        before = modem.now
        modem.skip("10s")
        assert modem.now == before + 10
        assert client.port.read(1) == b""
        assert modem.now - before == pytest.approx(130, abs=0.01), "a read waits as long as it says"
    assert time.monotonic() - begun < 30


@pytest.mark.vmodem(clock="standing")
def test_peers_have_their_time_before_the_clock_leaps(modem: LabModem) -> None:
    modem.peer(SERVER).echo()
    with driver(modem, timeout=60) as client:
        client.online()
        client.ask(START, "CONNECT OK\r\n")
        for _ in range(5):
            client.ask("AT+CIPSEND=5", "> ")
            client.ask("hello", "hello")
    assert modem.now < 60, "no read waited in vain"


@pytest.mark.vmodem(clock="standing")
def test_a_reader_in_another_thread_does_not_move_time(modem: LabModem) -> None:
    with driver(modem, timeout=0.05) as client:
        heard: list[bytes] = []
        thread = threading.Thread(target=lambda: heard.append(client.port.read(1)))
        thread.start()
        thread.join(LIMIT)
        assert heard == [b""]
    assert modem.now == 0.0


def test_a_running_clock_leaps_too(modem: LabModem) -> None:
    with driver(modem) as client:
        modem.do({"wait": "10s"}, {"urc": "+ONE"}, {"wait": "10s"}, {"urc": "+TWO"})
        modem.skip(20)
        client.hear("\r\n+ONE\r\n\r\n+TWO\r\n")
    one, two = (e.time for e in modem.transcript if "+ONE" in e.text or "+TWO" in e.text)
    assert two - one == pytest.approx(10, abs=1)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"clock": "standing", "endpoint": "pty"}, "for the port in the process"),
        ({"clock": "standing", "boot": True}, "nobody boots it"),
        ({"clock": "slow"}, "none of running, standing"),
        ({"endpoint": "usb"}, "none of pty, url, tcp, rfc2217"),
        ({"network": "all"}, "network 'all' is none of"),
        ({"seed": "x"}, "seed 'x' is no int"),
        ({"scenario": "nowhere.yaml"}, "there is no scenario 'nowhere.yaml' .looked in .*plugin"),
        ({"dialct": "sim800"}, "there is no 'dialct' .there are baud, boot"),
        ({"imei": "12"}, "imei '12' is not a number of 15 digits"),
    ],
)
def test_settings_that_make_no_sense(
    modem_factory: Callable[..., LabModem], said: dict[str, object], told: str
) -> None:
    with pytest.raises(pytest.fail.Exception, match=told):
        modem_factory(**said)


def test_several_that_reach_each_other(modem_factory: Callable[..., LabModem]) -> None:
    one, other = modem_factory(), modem_factory(dialect="sim800", number="+49170")
    with driver(one) as listener, driver(other) as caller:
        assert listener.ask("AT+GSN") != caller.ask("AT+GSN")
        for client in (listener, caller):
            client.online()
        address = listener.ask("AT+CIFSR", ".").split()[-1] + listener.hear("\r\n").strip()
        listener.ask("AT+CIPSERVER=1,7000", "SERVER OK\r\n")
        caller.ask(f'AT+CIPSTART="TCP","{address}",7000', "CONNECT OK\r\n")


def test_a_port_that_cannot_be_had(modem: LabModem) -> None:
    with driver(modem, modem.url), pytest.raises(serial.SerialException, match="is in use"):
        serial.serial_for_url(modem.url)
    assert EndpointError is not None
