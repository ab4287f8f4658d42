"""``vmodem run --pcap``: a real driver on a real port, real sockets, and tshark that reads the file."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from capture_reader import Record, air, complaints, line, needs_tshark, records, streams, tshark
from fleets import LIMIT, Fleet, free_port
from realnet import needs_ping
from responders import a, dns_reply, dns_server, ntp_reply, ntp_server
from scapy.layers.dns import DNS
from scapy.layers.inet import TCP, UDP

Start = Callable[..., Fleet]
FAR = "203.0.113.5"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "capture.pcapng"


@pytest.fixture
def start(tmp_path: Path, file: Path) -> Iterator[Start]:
    (tmp_path / "home").mkdir()
    running: list[Fleet] = []

    def begin(*options: str | Path, count: int = 1, prefix: tuple[str, ...] = ()) -> Fleet:
        given = options if "--pcap" in options else ("--pcap", file, *options)
        running.append(Fleet(tmp_path / "home", count, "--network", "loopback", *given, prefix=prefix))
        return running[-1]

    yield begin
    for fleet in running:
        fleet.close()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.settimeout(LIMIT)
        yield sock


def led_to(server: socket.socket, port: int) -> tuple[str, str]:
    """The options that lead ``FAR:port`` there."""
    return "--route", f"tcp://{FAR}:{port}=tcp://127.0.0.1:{server.getsockname()[1]}"


def now(file: Path) -> list[Record]:
    """The records so far; raises for half a block."""
    return records(file.read_bytes())


class Tap:
    """A client that remembers every byte of both directions."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.written = b""
        self.read = b""
        self._seen = 0

    def write(self, data: bytes) -> None:
        self.written += data
        while data:
            data = data[os.write(self.fd, data) :]

    def hear(self, until: bytes) -> bytes:
        """Read up to and with ``until``; what was read since the last time."""
        while until not in self.read[self._seen :]:
            self.read += os.read(self.fd, 65536)
        end = self.read.index(until, self._seen) + len(until)
        heard, self._seen = self.read[self._seen : end], end
        return heard

    def __enter__(self) -> Tap:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)


# ---- what is in it -------------------------------------------------------------------------------


@needs_tshark
def test_one_file_shows_what_the_driver_said_and_what_the_network_did(
    start: Start, file: Path, server: socket.socket
) -> None:
    before = time.time_ns()
    fleet = start(*led_to(server, 8500))
    with Tap(fleet.line()) as tap:
        tap.write(f'AT+CIPSTART="TCP","{FAR}",8500\r'.encode())
        tap.hear(b"CONNECT OK\r\n")
        peer, _ = server.accept()
        with peer:
            tap.write(b"AT+CIPSEND=5\r")
            tap.hear(b"> ")
            tap.write(b"hello")
            tap.hear(b"SEND OK\r\n")
            assert peer.recv(100) == b"hello"
            peer.sendall(b"you")
            tap.hear(b"you")
            # while it runs
            assert complaints(file) == []
            rows = tshark(
                file, "-T", "fields", "-e", "frame.interface_name", "-e", "_ws.col.Info"
            ).splitlines()
            assert any(row.startswith("sim800 line\tRcvd AT Command: AT+CIPSEND=5") for row in rows)
            assert any(row.startswith("sim800 air") and "[SYN, ACK]" in row for row in rows)
            tap.write(b"AT+CIPCLOSE=0\r")
            tap.hear(b"CLOSE OK\r\n")
            assert peer.recv(100) == b""
        tap.write(b"AT\r")
        tap.hear(b"OK\r\n")
    assert fleet.stop() == (0, "")
    assert complaints(file) == []
    found = now(file)
    assert line(found, outbound=False) == tap.written
    assert line(found, outbound=True) == tap.read
    assert sorted(streams(found).values()) == [b"hello", b"you"]
    times = [record.time for record in found]
    assert times == sorted(times)
    assert before < times[0] < times[-1] < time.time_ns()
    # the order in which things happened, over both interfaces
    flags = [str(packet[TCP].flags) for _, packet in air(found)]
    assert flags[:3] == ["S", "SA", "A"]
    kinds = [record.interface for record in found]
    asked = next(n for n, r in enumerate(found) if r.data.endswith(b"8500\r") and not r.outbound)
    told = next(n for n, r in enumerate(found) if b"CONNECT OK" in r.data)
    assert kinds[asked:told].count("sim800 air") == 3


@needs_tshark
def test_bulk_in_both_directions_is_there_to_the_last_byte(
    start: Start, file: Path, server: socket.socket
) -> None:
    up, down = os.urandom(300_000).replace(b"+", b"-"), os.urandom(300_000)
    fleet = start(*led_to(server, 8500))
    came = bytearray()
    with Tap(fleet.line()) as tap:
        tap.write(b"AT+CIPMODE=1\r")
        tap.hear(b"OK\r\n")
        tap.write(f'AT+CIPSTART="TCP","{FAR}",8500\r'.encode())
        tap.hear(b"CONNECT\r\n")
        peer, _ = server.accept()
        with peer:

            def far_end() -> None:
                peer.settimeout(LIMIT)
                sender = threading.Thread(target=peer.sendall, args=(down,))
                sender.start()
                while len(came) < len(up):
                    came.extend(peer.recv(65536))
                sender.join()
                peer.shutdown(socket.SHUT_WR)
                peer.recv(1)

            far = threading.Thread(target=far_end)
            far.start()
            writer = threading.Thread(target=tap.write, args=(up,))
            writer.start()
            heard = tap.hear(b"\r\nCLOSED\r\n")
            writer.join()
            far.join()
    assert fleet.stop() == (0, "")
    assert bytes(came) == up
    assert heard.removesuffix(b"\r\nCLOSED\r\n") == down
    found = now(file)
    assert line(found, outbound=False) == tap.written
    assert line(found, outbound=True) == tap.read
    assert {ends[2] if ends[0].startswith("10.") else ends[0]: 0 for ends in streams(found)} == {FAR: 0}
    assert sorted(streams(found).values()) == sorted([up, down])
    assert complaints(file) == []


@needs_tshark
@needs_ping
def test_questions_that_a_real_network_answers(start: Start, file: Path) -> None:
    """A name, the time and pings: each asked and answered in the capture, from the module's own address."""
    zone = {"ntp.example": "202.120.2.101"}

    def names(query: DNS) -> list[DNS]:
        name = query.qd[0].qname.decode().rstrip(".")
        return [dns_reply(query, a(name, zone[name]))]

    with dns_server(names) as dns, ntp_server(lambda query: [ntp_reply(query, 1376881810.25)]) as ntp:
        routes = (dns.route("8.8.8.8", 53), ntp.route(zone["ntp.example"], 123))
        fleet = start("--dialect", "bg96", *(word for route in routes for word in ("--route", route)))
        with Tap(fleet.line()) as tap:
            for command in ('AT+QICSGP=1,1,"internet"', "AT+QIACT=1", 'AT+QIDNSCFG=1,"8.8.8.8"'):
                tap.write(command.encode() + b"\r")
                tap.hear(b"OK\r\n")
            tap.write(b'AT+QNTP=1,"ntp.example"\r')
            tap.hear(b'+QNTP: 0,"2013/08/19,')
            tap.write(b'AT+QPING=1,"127.0.0.1",4,2\r')
            tap.hear(b"\r\n+QPING: 0,2,2,0,")
        assert fleet.stop() == (0, "")
    assert complaints(file) == []
    asked = tshark(file, "-Y", "dns || ntp || icmp", "-T", "fields", "-e", "_ws.col.Protocol", "-e", "ip.src")
    rows = [tuple(row.split("\t")) for row in asked.splitlines()]
    (mine,) = {source for kind, source in rows if source.startswith("10.")}
    assert rows == [
        ("DNS", mine),
        ("DNS", "8.8.8.8"),
        ("NTP", mine),
        ("NTP", zone["ntp.example"]),
        *[("ICMP", mine), ("ICMP", "127.0.0.1")] * 2,
    ]
    assert "Aug 19, 2013 03:10:10" in tshark(file, "-Y", "ntp.flags.mode == 4", "-V")


@needs_tshark
def test_servers_datagrams_and_refusals(start: Start, file: Path) -> None:
    port, datagrams = free_port(), free_port(socket.SOCK_DGRAM)
    fleet = start()
    [host] = fleet.hosts()
    mine = host.online()
    host.ask(f"AT+CIPSERVER=1,{port}", "SERVER OK\r\n")
    with socket.create_connection(("127.0.0.1", port), LIMIT) as client:
        address, client_port = client.getsockname()
        host.hear("REMOTE IP: 127.0.0.1\r\n")
        client.sendall(b"hello")
        host.hear("hello")
        host.send("welcome")
        assert client.recv(100) == b"welcome"
    host.hear("CLOSED\r\n")
    host.ask("AT+CIPSERVER=0", "SERVER CLOSE\r\n")
    host.ask("AT+CIPSHUT", "SHUT OK\r\n")
    host.online()
    host.ask('AT+CIPSTART="TCP","127.0.0.1",1', "CONNECT FAIL\r\n")
    host.ask("AT+CIPSHUT", "SHUT OK\r\n")
    host.online()
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", datagrams))
        udp.settimeout(LIMIT)
        host.ask(f'AT+CIPSTART="UDP","127.0.0.1",{datagrams}', "CONNECT OK\r\n")
        host.send("question")
        _, back = udp.recvfrom(100)
        udp.sendto(b"answer", back)
        host.hear("answer")
    fleet.stop()
    assert complaints(file) == []
    found = now(file)
    assert streams(found)[address, client_port, mine, port] == b"hello"
    assert streams(found)[mine, port, address, client_port] == b"welcome"
    refused = [str(p[TCP].flags) for _, p in air(found) if TCP in p and 1 in (p[TCP].sport, p[TCP].dport)]
    assert refused == ["S", "RA"]
    said = [(out, p.src, p.dst, bytes(p[UDP].payload)) for out, p in air(found) if UDP in p]
    assert said == [(True, mine, address, b"question"), (False, address, mine, b"answer")]


def test_each_modem_has_its_own_interfaces(start: Start, file: Path) -> None:
    a, b = start(count=2).hosts()
    address_a, address_b = a.online(), b.online()
    port = free_port()
    a.ask(f"AT+CIPSERVER=1,{port}", "SERVER OK\r\n")
    b.ask(f'AT+CIPSTART="TCP","{address_a}",{port}', "CONNECT OK\r\n")
    a.hear("REMOTE IP: ")
    b.send("from b")
    a.hear("from b")
    found = now(file)
    assert {record.interface for record in found} == {
        f"sim800-{number} {what}" for number in (0, 1) for what in ("air", "line")
    }
    for name, outbound in (("sim800-0", False), ("sim800-1", True)):
        packets = air(found, name)
        assert [(out, p.src, p.dst) for out, p in packets if p[TCP].flags == "S"] == [
            (outbound, address_b, address_a)
        ]
        own = [record for record in found if record.interface.startswith(name)]
        assert b"from b" in streams(own).values()
    assert [record.time for record in found] == sorted(record.time for record in found)


# ---- the file ------------------------------------------------------------------------------------


def test_killed_it_leaves_whole_records(start: Start, file: Path, server: socket.socket) -> None:
    fleet = start(*led_to(server, 8500))
    with Tap(fleet.line()) as tap:
        tap.write(b"AT+CIPMODE=1\r")
        tap.hear(b"OK\r\n")
        tap.write(f'AT+CIPSTART="TCP","{FAR}",8500\r'.encode())
        tap.hear(b"CONNECT\r\n")
        peer, _ = server.accept()
        with peer:
            for _ in range(100):
                tap.write(bytes(1000))
            while len(peer.recv(1000, socket.MSG_PEEK)) < 1000:
                pass
            fleet.process.send_signal(signal.SIGKILL)
            fleet.end()
    assert line(now(file), outbound=False).startswith(b"AT+CIPMODE=1\r")


def test_a_disk_that_fills_ends_the_capture_and_not_the_modem(start: Start, file: Path) -> None:
    fleet = start(prefix=("prlimit", "--fsize=4000"))
    [host] = fleet.hosts()
    for _ in range(200):
        assert host.ask("AT") == "\r\nOK\r\n"
    found = now(file)
    assert 3800 < file.stat().st_size <= 4000
    assert line(found, outbound=True).startswith(b"ATE0\r\r\nOK\r\n\r\nOK\r\n")
    assert fleet.stop() == (0, "vmodem run: the capture ends here: File too large\n")


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("missing/x", "No such file or directory"),
        (".", "Is a directory"),
        ("pipe", "It is a pipe, whose reader could make the modem wait"),
        ("/dev/full", "No space left on device"),
    ],
)
def test_what_cannot_be_written_is_told_in_one_line(
    start: Start, tmp_path: Path, place: str, reason: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    where = tmp_path / place
    status, told = start("--pcap", where).end()
    assert told == f"vmodem run: cannot write the capture {where}: {reason} (choose another place)\n"
    assert status == 3
