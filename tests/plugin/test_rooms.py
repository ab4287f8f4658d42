"""The rooms under the fixture, each alone: time that leaps, two ports of one module, added routes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import serial
from ports import LIMIT, Client
from vmodem.emulator.background import Background
from vmodem.emulator.choices import Choices, check
from vmodem.emulator.clock import LeapingClock
from vmodem.emulator.effects import SetLine, Transport
from vmodem.emulator.endpoints import EndpointError, HostLine, Pipe, PipeSink
from vmodem.emulator.endpoints.either import EitherPipe
from vmodem.emulator.endpoints.inprocess import InProcessPipe
from vmodem.emulator.endpoints.tcp import Binding, TcpPipe
from vmodem.emulator.events import Address, LineSignal
from vmodem.emulator.lab.modem import LabModem
from vmodem.emulator.leaping import leap
from vmodem.netstack.routes import End, Route, Routes

SERVER = "tcp://203.0.113.5:8500"
START = 'AT+CIPSTART="TCP","203.0.113.5",8500'

# ---- time ----------------------------------------------------------------------------------------


def test_a_standing_clock() -> None:
    clock = LeapingClock(running=False)
    assert (clock.now(), clock.delay(0.0), clock.delay(0.1)) == (0.0, 0.0, float("inf"))
    clock.leap_to(7.3)
    clock.leap_to(2.0)
    assert clock.now() == 7.3, "exact, and never back"


def test_a_running_clock_that_leaps() -> None:
    clock = LeapingClock()
    clock.leap_to(100.0)
    first = clock.now()
    assert 100.0 <= first < 100.0 + LIMIT
    assert 0 < clock.delay(first + LIMIT) <= LIMIT
    clock.leap_to(50.0)
    assert clock.now() >= first


def test_the_hosts_time_does_not_leap() -> None:
    with (
        Background().start(check(Choices(network="loopback"))) as modem,
        pytest.raises(TypeError, match="does not"),
    ):
        leap(modem, 1.0)


@pytest.mark.vmodem(clock="standing")
def test_what_is_under_way_arrives_at_its_moment(modem: LabModem) -> None:
    """Scenario, module and path all wait for the same clock."""
    peer = modem.peer(SERVER)
    modem.network.impair(latency="20s")
    with serial.serial_for_url(modem.url, timeout=60) as port:
        client = Client(port)
        client.online()
        before = modem.now
        client.ask(START, "CONNECT OK\r\n")
        assert modem.now - before >= 20.0
        connection = peer.accept()
        connection.send(b"late")
        before = modem.now
        client.hear("late")
        assert modem.now - before == pytest.approx(20.0, abs=0.001)


@pytest.mark.vmodem(clock="standing")
def test_a_read_without_a_limit_waits_for_the_next_thing(modem: LabModem) -> None:
    modem.do({"wait": "1h"}, {"urc": "+LATE"})
    with serial.serial_for_url(modem.url, timeout=None) as port:
        assert port.read(9) == b"\r\n+LATE\r\n"
    assert modem.now == 3600.0


@pytest.mark.vmodem(clock="standing")
def test_a_pause_between_bytes_ends_a_read(modem: LabModem) -> None:
    with serial.serial_for_url(modem.url, timeout=100, inter_byte_timeout=2) as port:
        port.write(b"AT\r")
        assert port.read(100) == b"AT\r\r\nOK\r\n"
        assert modem.now == pytest.approx(2.0, abs=0.01)


def test_moments_come_in_order_each_at_its_own(modem_factory: Callable[..., LabModem]) -> None:
    modem = modem_factory(clock="standing")
    for seconds in (30, 10, 20):
        modem.do({"wait": f"{seconds}s"}, {"mark": f"at {seconds}"})
    modem.skip("1min")
    marks = [(e.time, e.text) for e in modem.transcript if e.text.startswith("mark")]
    assert marks == [(10.0, "mark at 10"), (20.0, "mark at 20"), (30.0, "mark at 30")]


# ---- two ports -----------------------------------------------------------------------------------


class Heard:
    """A driver that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def bytes_received(self, data: bytes) -> None:
        self.told.append(data)

    def signal_changed(self, signal: LineSignal, on: bool) -> None:
        self.told.append((signal, on))

    def output_blocked(self) -> None:
        self.told.append("blocked")

    def output_ready(self) -> None:
        self.told.append("ready")

    def client_opened(self) -> None:
        self.told.append("opened")

    def client_closed(self) -> None:
        self.told.append("closed")

    def input_purged(self) -> None:
        self.told.append("purged")

    def note(self, text: str) -> None:
        self.told.append(f"note {text}")


class Outside(Pipe):
    """A port that a test plays."""

    path = "outside"

    def __init__(self) -> None:
        self.calls: list[object] = []
        self.host_line = HostLine(9600)

    @property
    def host(self) -> HostLine:
        return self.host_line

    def start(self, sink: PipeSink) -> None:
        self.sink = sink

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        self.calls.append((signal, on))

    def set_line(self, line: SetLine) -> None:
        self.calls.append(line)

    def close(self) -> None:
        self.calls.append("close")


def test_two_ports_are_one_to_the_module() -> None:
    with Background().start(check(Choices(network="loopback"))) as modem:
        modem.call(_two_ports)


def _two_ports() -> None:
    outside, driver = Outside(), Heard()
    either = EitherPipe(outside, InProcessPipe("inside"))
    either.start(driver)
    outside.sink.client_opened()
    assert either.host == HostLine(9600)
    client = either.inside.connect(HostLine(115200))
    assert either.host == HostLine(115200), "whoever opened last"
    outside.sink.output_blocked()
    outside.sink.output_blocked()
    either.write(b"x")
    assert client.recv(10) == b"x"
    either.set_signal(LineSignal.DCD, True)
    assert either.inside.signals[LineSignal.DCD]
    either.pause_reading()
    either.resume_reading()
    either.set_line(SetLine())
    outside.sink.bytes_received(b"y")
    outside.sink.signal_changed(LineSignal.DTR, False)
    outside.sink.input_purged()
    outside.sink.client_closed()
    either.inside.disconnect()
    client.close()
    either.close()
    assert outside.calls == [b"x", (LineSignal.DCD, True), "pause", "resume", SetLine(), "close"]
    assert driver.told == [
        "opened",
        "note inside is opened while outside is open too: both are heard",
        "blocked",
        b"y",
        (LineSignal.DTR, False),
        "purged",
        "ready",
        "closed",
    ]


def test_a_port_outside_that_cannot_be_had(modem: LabModem) -> None:
    from vmodem.emulator.background import Lab

    with Background().start(
        check(Choices(network="loopback")), lambda: TcpPipe(Binding("127.0.0.1", 0))
    ) as taken:
        number = int(taken.port.rpartition(":")[2])
        with pytest.raises(EndpointError, match="already in use"):
            modem.hosted.background.start(
                check(Choices(network="loopback")),
                lambda: TcpPipe(Binding("127.0.0.1", number)),
                lab=Lab(beside=True),
            )
        with pytest.raises(EndpointError, match="open that"):
            _ = taken.url


# ---- routes --------------------------------------------------------------------------------------


def test_a_route_that_is_added_comes_first_and_changes_no_name() -> None:
    routes = Routes((Route.parse("tcp://a.example:80=tcp://127.0.0.1:1"),))
    before = routes.synthetic("a.example", offline=True)
    routes.add(Route.entry("tcp://b.example:80", "tcp://127.0.0.1:2"))
    routes.add(Route.entry("tcp://a.example:80", "tcp://127.0.0.1:3"))
    routes.add(Route.entry("tcp://*.example:80", "refuse"))
    assert routes.synthetic("a.example", offline=True) == before
    other = routes.synthetic("b.example", offline=True)
    assert other not in (None, before)
    assert other is not None
    assert routes.name_of(other) == "b.example"
    assert routes.find(Transport.TCP, Address(other, 80)) is End.REFUSE, "the last one added"
    routes.add(Route.entry("tcp://b.example:80", "tcp://127.0.0.1:4"))
    assert routes.find(Transport.TCP, Address(other, 80)) == Address("127.0.0.1", 4)
