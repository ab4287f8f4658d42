"""The emulator beside a recording: of itself nothing differs, of a changed module what was changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from dialogues import PATHS
from modems import find_dialect
from recorded import recorded, recording
from vmodem.emulator.recording.compare import Result, compared
from vmodem.emulator.recording.format import load, parse
from vmodem.emulator.recording.tokens import aligned, tokens

UNKNOWN = {
    "bg96_2.1.14_dnsgip": "why a name is not found",
    "bg96_2.1.15_qicfg_viewmode": "data behind a header of the other view mode",
    "bg96_2.2.2_recv_once": "data that came, and were told of once",
    "bg96_2.2.3_incoming_full": "a client who was turned away",
    "bg96_3.7_ping": "who answers pings",
    "bg96_3.8_ntp": "who tells the time",
    "bg96_3.6_udp_service": "a sender of whom the module said nothing before",
    "mxx_3.2_single_server_udp": "a sender to a UDP server",
    "mxx_5.3.1_showra_showla": "which address of the module it was",
    "mxx_6.3_closed_text_is_payload": "whether CLOSED is a payload",
    "sim800_2.1.4_udp_extended": "datagrams of others",
    "sim800_3.2_multi_server": "a client's port",
    "sim800_4_two_contexts": "which context has the link",
    "sim800_states_pdp_refused": "that the network refuses",
}
"""Dialogues of which a recording tells too little, and of what."""
ACKNOWLEDGED = re.compile(r"\+(QISACK|CIPACK|QISEND): ?\d+")
"""How much a peer had acknowledged is known only to the peer."""


def result(text: str, dialect: str = "sim800", ignore: Sequence[str] = (), strict: bool = False) -> Result:
    return compared(parse(text, "d.txt"), find_dialect(dialect), ignore=ignore, strict=strict)


def listed(found: Result) -> list[str]:
    return [str(difference) for difference in found.differences]


@pytest.mark.parametrize("redact", [False, True], ids=["clear", "redacted"])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_of_our_own_module_nothing_differs(path: Path, redact: bool) -> None:
    transcript = load(path)
    found = compared(recording(transcript, redact), find_dialect(transcript.header.dialect), strict=True)
    assert found.same
    rest = [d for d in found.differences if not ACKNOWLEDGED.match(d.module.decode("latin-1").strip())]
    assert bool(rest) is (path.stem in UNKNOWN), listed(found)
    assert all(d.peers for d in found.differences) or path.stem in UNKNOWN, "and who it may be is told"


DIALOGUE = """\
# recorded: today from a test
> AT+CSQ
<< AT+CSQ\\r
< +CSQ: 7,0
< OK
> ATI
<< ATI\\r
< SIM800 R14.99
< OK
> AT+CREG?
<< AT+CREG?\\r
< +CREG: 0,1
< OK
> AT+CGSN
<< AT+CGSN\\r
< 490154203237518
< OK
> AT+CIPMUX?
<< AT+CIPMUX?\\r
< +CIPMUX: 0
< OK
"""


def test_nothing_differs() -> None:
    found = result(DIALOGUE)
    assert (listed(found), found.same, found.left_out) == ([], 14, 1), "the firmware is left out"
    assert len(result(DIALOGUE, strict=True).differences) == 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("< +CREG: 0,1", "< +CREG: 0,5", "d.txt:12: module   < +CREG: 0,5\n          emulator < +CREG: 0,1"),
        ("< +CREG: 0,1\n", "", "d.txt:11: module   (nothing)\n          emulator < +CREG: 0,1"),
        (
            "< +CREG: 0,1\n",
            "< +CREG: 0,1\n< +XYZ: 3\n",
            "d.txt:13: module   < +XYZ: 3\n          emulator (nothing)",
        ),
        (
            "< +CIPMUX: 0\n< OK",
            "< ERROR",
            "d.txt:20: module   < ERROR\n          emulator < +CIPMUX: 0|"
            "d.txt:20: module   (nothing)\n          emulator < OK",
        ),
        ("< +CREG: 0,1", "<< \\r\\n+CREG: 0,1\\n", None),
    ],
    ids=["another", "less", "more", "refused", "framing"],
)
def test_of_a_changed_module_that_is_listed(old: str, new: str, expected: str | None) -> None:
    found = listed(result(DIALOGUE.replace(old, new)))
    if expected is None:
        assert found
        assert all(line.startswith("d.txt:12: ") for line in found), "a line end is a difference"
    else:
        assert found == expected.split("|")


def test_what_is_left_out() -> None:
    changed = DIALOGUE.replace("< +CREG: 0,1", "< +CREG: 0,5")
    found = result(changed, ignore=["+CREG:*"])
    assert (listed(found), found.left_out) == ([], 2)


def test_a_wildcard_in_the_file() -> None:
    assert not result(DIALOGUE.replace("< +CREG: 0,1", "< +CREG: 0,{int}")).differences


def test_an_answer_that_was_not_waited_for() -> None:
    text = (
        "# recorded: x\n> AT\n> AT+CREG?\n<< AT\\r\n< OK\n<< AT+CREG?\\r\n< +CREG: 0,1\n< OK\n"
        "> AT\n<< AT\\r\n< OK\n"
    )
    assert not result(text).differences


def test_a_module_without_echo() -> None:
    text = "# recorded: x\n> AT+CREG?\n< +CREG: 0,1\n< OK\n"
    assert not result(text).differences


def test_a_setup_in_the_header() -> None:
    text = (
        "# recorded: x\n# setup: AT+CMEE=2 => OK\n> AT+CPIN=1\n<< AT+CPIN=1\\r\n"
        "< +CME ERROR: incorrect parameters\n"
    )
    assert not result(text).differences
    assert result(text.replace("# setup: AT+CMEE=2 => OK\n", "")).differences


def test_the_card_is_the_recorded_one() -> None:
    text = (
        "# recorded: x\n> AT+CPIN?\n<< AT+CPIN?\\r\n< +CPIN: SIM PIN\n< OK\n"
        '> AT+CPIN="4711"\n<< AT+CPIN="4711"\\r\n< OK\n< +CPIN: READY\n~ 5000\n> AT+CIMI\n<< AT+CIMI\\r\n'
        "< 262019999999999\n< OK\n"
    )
    wrong = [line for line in listed(result(text)) if "CPIN" in line or "2620" in line]
    assert wrong == []


@pytest.mark.parametrize(
    ("answer", "state"),
    [("CONNECT OK", "CONNECT OK"), ("STATE: TCP CLOSED\n< CONNECT FAIL", "TCP CLOSED")],
    ids=["accepted", "refused"],
)
def test_a_peer_does_what_it_did(answer: str, state: str) -> None:
    text = (
        "# recorded: x\n> ATE0\n<< ATE0\\r\n< OK\n"
        '> AT+CSTT="internet"\n< OK\n> AT+CIICR\n< OK\n> AT+CIFSR\n<< \\r\\n10.1.2.3\\r\\n\n'
        f'> AT+CIPSTART="TCP","server.example",80\n< OK\n~ 700\n< {answer}\n'
        f"> AT+CIPSTATUS\n< OK\n< STATE: {state}\n"
    )
    assert listed(result(text)) == []


def test_a_difference_that_may_be_the_peers() -> None:
    text = (
        "# recorded: x\n> ATE0\n<< ATE0\\r\n< OK\n> AT+CIPMUX=1\n< OK\n"
        "~ 100\n< 3, CLOSED\n> AT+CREG?\n< +CREG: 0,1\n< OK\n"
    )
    (found,) = listed(result(text))
    assert found.splitlines() == [
        "d.txt:8: module   < 3, CLOSED",
        "         emulator (nothing)    (may come from the peer, not from the module)",
    ]


def test_twice_the_same() -> None:
    transcript = load(next(path for path in PATHS if path.stem == "sim800_3.2_multi_server"))
    text = recorded(transcript, pace=1.0)
    assert text == recorded(transcript, pace=1.0)
    assert listed(result(text)) == listed(result(text))


def test_side_by_side() -> None:
    ours, theirs = tokens(b"\r\na\r\n\r\nb\r\n\r\nc\r\n"), tokens(b"\r\nb\r\n\r\nx\r\n\r\nc\r\n")
    pairs = aligned(ours, theirs, lambda a, b: a.data == b.data)
    shown = [(a and a.data.strip(), b and b.data.strip()) for a, b in pairs]
    assert shown == [(b"a", None), (b"b", b"b"), (None, b"x"), (b"c", b"c")]
