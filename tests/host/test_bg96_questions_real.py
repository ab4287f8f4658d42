"""A BG96 on a pty asks a real DNS server, a real NTP server, and pings for real, all on loopback."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest
import serial
from realnet import needs_ping
from responders import a, dns_reply, dns_server, ntp_reply, ntp_server
from running_modem import ThreadedModem
from scapy.layers.dns import DNS
from vmodem.emulator.recording.header import Header

MOMENT = 1376881810.25  # 2013-08-19 03:10:10.25 UTC
NTP_NAME = "ntp5.ict.ac.cn"
NTP_ADDRESS = "202.120.2.101"
PATIENCE = 10.0


class Port:
    """A client of the port: writes a line, reads until an answer is complete."""

    def __init__(self, path: str) -> None:
        self.serial = serial.Serial(path, 115200, timeout=PATIENCE)

    def asks(self, command: str, *ends: str) -> str:
        """Everything up to a line that begins with each of ``ends`` (``OK`` first), CR LF as one newline."""
        self.serial.write(command.encode() + b"\r")
        answer = b""
        for end in ("OK", *ends):
            while not re.search(rb"\r\n" + end.encode() + rb"[^\r]*\r\n", answer):
                line = self.serial.readline()
                assert line, f"{command}: no {end} in {answer!r}"
                answer += line
        return answer.decode().replace("\r\n", "\n")


@contextmanager
def module(*routes: str) -> Iterator[Port]:
    """A BG96 with context 1 active."""
    modem = ThreadedModem(Header(dialect="bg96"), routes, "127.0.0.1")
    try:
        port = Port(modem.path)
        try:
            port.asks("ATE0")
            port.asks('AT+QICSGP=1,1,"internet"')
            port.asks("AT+QIACT=1")
            yield port
        finally:
            port.serial.close()
    finally:
        modem.close()


def zone(records: Mapping[str, Sequence[tuple[str, int]]]) -> Callable[[DNS], list[DNS]]:
    """A DNS server that knows these names."""

    def answer(query: DNS) -> list[DNS]:
        name = query.qd[0].qname.decode().rstrip(".")
        known = [a(name, address, ttl) for address, ttl in records.get(name, ())]
        return [dns_reply(query, *known, rcode=0 if known else 3)]

    return answer


def test_the_server_that_was_configured_is_asked() -> None:
    records = {"www.baidu.com": [("119.75.218.77", 600), ("119.75.217.56", 417)]}
    with dns_server(zone(records)) as dns, module(dns.route("8.8.8.8", 53)) as port:
        port.asks('AT+QIDNSCFG=1,"8.8.8.8"')
        end = '\\+QIURC: "dnsgip","119.75.217.56"'
        assert port.asks('AT+QIDNSGIP=1,"www.baidu.com"', end) == (
            '\nOK\n\n+QIURC: "dnsgip",0,2,417\n'
            '\n+QIURC: "dnsgip","119.75.218.77"\n\n+QIURC: "dnsgip","119.75.217.56"\n'
        )
        assert port.asks('AT+QIDNSGIP=1,"no.such.host"', "\\+QIURC") == '\nOK\n\n+QIURC: "dnsgip",565\n'
        assert port.asks("AT+QIGETERROR") == "\n+QIGETERROR: 565, DNS parse failed\n\nOK\n"
        assert [query.qd[0].qname for query in dns.queries] == [b"www.baidu.com.", b"no.such.host."]


def test_a_server_tells_the_time_and_the_clock_is_set() -> None:
    records = {NTP_NAME: [(NTP_ADDRESS, 60)]}
    with (
        dns_server(zone(records)) as dns,
        ntp_server(lambda query: [ntp_reply(query, MOMENT)]) as ntp,
        module(dns.route("8.8.8.8", 53), ntp.route(NTP_ADDRESS, 123)) as port,
    ):
        port.asks('AT+QIDNSCFG=1,"8.8.8.8"')
        port.asks('AT+CCLK="04/01/01,00:00:00+32"')
        told = port.asks(f'AT+QNTP=1,"{NTP_NAME}",123', "\\+QNTP")
        assert re.fullmatch(r'\nOK\n\n\+QNTP: 0,"2013/08/19,11:10:1\d\+32"\n', told)
        assert re.fullmatch(r'\n\+CCLK: "13/08/19,11:10:1\d\+32"\n\nOK\n', port.asks("AT+CCLK?"))
        assert len(ntp.queries) == 1


def test_a_route_with_a_name_leads_to_the_server_of_the_test() -> None:
    with (
        ntp_server(lambda query: [ntp_reply(query, MOMENT)]) as ntp,
        module(ntp.route(NTP_NAME, 123)) as port,
    ):
        told = port.asks(f'AT+QNTP=1,"{NTP_NAME}"', "\\+QNTP")
        assert re.fullmatch(r'\nOK\n\n\+QNTP: 0,"2013/08/19,03:10:1\d\+00"\n', told)


def test_a_kiss_of_death_is_no_time() -> None:
    answer = {"stratum": 0, "ref_id": b"DENY"}
    with (
        ntp_server(lambda query: [ntp_reply(query, MOMENT, **answer)]) as ntp,
        module(ntp.route(NTP_ADDRESS, 123)) as port,
    ):
        assert port.asks(f'AT+QNTP=1,"{NTP_ADDRESS}"', "\\+QNTP") == "\nOK\n\n+QNTP: 569\n"


@needs_ping
@pytest.mark.parametrize("target", ["127.0.0.1", "www.baidu.com"])
def test_pings(target: str) -> None:
    with module("icmp://www.baidu.com=icmp://127.0.0.1") as port:
        answer = port.asks(f'AT+QPING=1,"{target}",4,3', "\\+QPING: 0,3,3,0")
    address = "127.0.0.1" if target == "127.0.0.1" else "198.18.0.1"
    line = rf'\n\+QPING: 0,"{re.escape(address)}",32,(\d+),(\d+)\n'
    assert re.fullmatch(rf"\nOK\n({line}){{3}}\n\+QPING: 0,3,3,0,\d+,\d+,\d+\n", answer)
    times = [int(found[1]) for found in re.finditer(line, answer)]
    assert answer.endswith(f"+QPING: 0,3,3,0,{min(times)},{max(times)},{sum(times) // 3}\n")


def test_where_the_policy_forbids_it_nobody_answers() -> None:
    with module() as port:
        answer = port.asks('AT+QPING=1,"192.0.2.1",1,2', "\\+QPING: 0")
    assert answer == "\nOK\n\n+QPING: 569\n\n+QPING: 569\n\n+QPING: 0,2,0,2,0,0,0\n"
