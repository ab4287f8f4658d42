"""Files, messages and answers of the network are fuzzed.

Each property is that of the tests under ``properties`` where there is one: here it gets inputs without end.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dialogues import DATA
from fuzz.inputs import files, mutated, pieces, target

if TYPE_CHECKING:
    from vmodem.emulator.lab.modem import LabModem

SCENARIOS = Path(__file__).parents[2] / "scenarios"


# ---- files and messages --------------------------------------------------------------------------


def _scenario(r: random.Random) -> bytes:
    words = [
        b"when:",
        b"do:",
        b"- ",
        b"\n  ",
        b"{",
        b"}",
        b"[",
        b"]",
        b": ",
        b"&a",
        b"*a",
        b"!!python/name:os.system ",
        b"<<: ",
    ]
    words += [
        b"wait: 5s",
        b"true",
        b"1e999",
        b"0x7f",
        b"~",
        b'"',
        b"'",
        b"\\u0000",
        b"\xff",
        b"- - - - ",
        b"? ",
        b"|\n",
        b"%YAML 1.1\n",
    ]
    return mutated(r, r.choice(files(SCENARIOS, ".yaml")), words)


def _read_scenario(text: str, suffix: str) -> None:
    from vmodem.emulator.scenario.load import checked
    from vmodem.emulator.scenario.text import ScenarioError, parse
    from vmodem.netstack.routes import Route

    def route(match: str, to: str) -> None:
        Route.entry(match, to)

    try:
        checked(parse("fuzz", text, suffix), route)
        return
    except ScenarioError as error:
        faults = error.faults
    assert faults
    assert all(fault.text and "\n" not in str(fault) for fault in faults), faults


@target("scenario", _scenario)
def scenario(data: bytes) -> None:
    """A YAML file is a scenario, or every fault is told in one line with its place."""
    _read_scenario(data.decode("latin-1"), ".yaml")


def _scenario_json(r: random.Random) -> bytes:
    import yaml

    values = yaml.safe_load(r.choice(files(SCENARIOS, ".yaml")))
    words = [
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b'"',
        b"null",
        b"NaN",
        b"1e999",
        b'"\\ud800"',
        b"true",
        b"-0",
        b"[[[[[[",
    ]
    return mutated(r, json.dumps(values).encode(), words)


@target("scenario-json", _scenario_json)
def scenario_json(data: bytes) -> None:
    """The same for JSON."""
    _read_scenario(data.decode("latin-1"), ".json")


def _transcript(r: random.Random) -> bytes:
    words = [
        b"> ",
        b">> ",
        b"< ",
        b"<< ",
        b"~ ",
        b"* ",
        b"# peers: ",
        b"# setup: ",
        b"{bytes 9999999999}",
        b"\\x",
        b"<Ctrl+Z>",
    ]
    words += [b"# config: ", b"recv ", b"send ", b'"', b"tcp ", b":99999", b"{ip}", b"=> ", b"\n"]
    return mutated(r, r.choice(files(DATA, ".txt")), words)


@target("transcript", _transcript)
def transcript(data: bytes) -> None:
    """A file is a transcript, or the place of the first fault is told."""
    from vmodem.emulator.recording.format import parse
    from vmodem.emulator.recording.text import FormatError

    try:
        parse(data.decode("utf-8", "replace"), "fuzz")
        return
    except FormatError as error:
        told = str(error)
    assert told.startswith("fuzz:"), told


def _ctl(r: random.Random) -> bytes:
    from beside import ONE_OF_EACH

    words = [
        b'"',
        b"{",
        b"}",
        b"[",
        b":",
        b",",
        b"null",
        b"1e999",
        b'"steps"',
        b'"modem"',
        b'"tag"',
        b'"\\ud800"',
        b"true",
        b"-1",
    ]
    step = r.choice([*ONE_OF_EACH.items(), ("query", "states"), ("steps", [{"wait": "1s"}])])
    return mutated(r, json.dumps(dict([step])).encode(), words)


@cache
def _talked_to() -> LabModem:
    from vmodem.emulator.lab.modem import LabModem
    from vmodem.emulator.lab.settings import settings

    return LabModem(settings([], []))


def put_away() -> None:
    """Stop the modem that ``ctl`` talks to, which goes on from one input to the next."""
    if _talked_to.cache_info().currsize:
        _talked_to().finish()
        _talked_to.cache_clear()
        _control.cache_clear()


@cache
def _control() -> Callable[[bytes], dict[str, object]]:
    from vmodem.emulator.ctl import Control, Controlled

    modem = _talked_to()
    control = Control((Controlled(modem.hosted.driver, modem._director, modem.port),))
    return lambda line: modem.hosted.call(lambda: control.answer(line))


@target("ctl", _ctl)
def ctl(data: bytes) -> None:
    """One answer, in JSON, with a reason if it is a refusal; and the modem goes on."""
    ask = _control()
    answer = json.loads(json.dumps(ask(data)))
    assert answer["ok"] is True or answer["error"]
    assert ask(b'{"query": "states"}')["ok"] is True


# ---- the network ---------------------------------------------------------------------------------


def _route(r: random.Random) -> bytes:
    words = [
        b"tcp://",
        b"udp://",
        b"icmp://",
        b"*",
        b"?",
        b"=",
        b":",
        b"refuse",
        b"127.1",
        b"0x7f.1",
        b"[::1]",
        b"9" * 30,
        b"\xb2",
    ]
    return mutated(r, b"tcp://203.0.113.5:8500=tcp://127.0.0.1:9000", words)


@target("route", _route)
def route(data: bytes) -> None:
    """A route leads to an address or an end, or is refused with its text."""
    from vmodem.netstack.policy import ipv4
    from vmodem.netstack.routes import Route

    text = data.decode("utf-8", "replace")
    try:
        found = Route.parse(text)
    except ValueError as error:
        told = str(error)
    else:
        assert found.end is not None or ipv4(found.target_host) is not None
        return
    assert told.startswith(f"route {text!r}: "), told


def _dns(r: random.Random) -> bytes:
    from responders import a, dns_reply
    from scapy.layers.dns import DNS, DNSQR, DNSRR

    query = DNS(id=7, rd=1, qd=[DNSQR(qname="www.example.com", qtype="A", qclass="IN")])
    alias = DNSRR(rrname="www.example.com", type="CNAME", rdata="other.example", ttl=1)
    records = [a("www.example.com", "192.0.2.1"), alias, a("other.example", "192.0.2.2")]
    reply = bytes(dns_reply(query, *r.sample(records, r.randrange(4))))
    return mutated(r, reply, [b"\xc0\x0c", b"\xc0\x00", b"\xff\xff", b"\x00\x01\x00\x01", b"\x3f", b"\x00"])


@target("dns-answer", _dns)
def dns_answer(data: bytes) -> None:
    """What a server answers is addresses, a trouble, or no answer to the question."""
    from vmodem.netstack import dns
    from vmodem.netstack.policy import ipv4

    reply = dns._parsed(data)
    if reply is None or not dns._answers(reply, "www.example.com"):
        return
    found = dns._outcome(reply, "www.example.com")
    if isinstance(found, dns.Found):
        assert found.addresses
        assert all(ipv4(address) is not None for address in found.addresses)
        assert found.ttl >= 0


@target("ntp-answer", pieces([bytes(8), b"\x24\x02\x00\x00", b"\x1c\x02", b"\xff" * 8, b"LOCL", b"RATE"], 12))
def ntp_answer(data: bytes) -> None:
    """What a server answers is a time, a refusal, or no answer."""
    from vmodem.netstack import ntp

    reply = ntp._parsed(data)
    if reply is None:
        return
    assert isinstance(reply.mode, int)
    if ntp._refusal(reply) is None:
        assert -(2**31) < ntp._utc(reply, 0.1) < 2**33
