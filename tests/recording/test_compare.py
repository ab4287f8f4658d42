"""Our emulator held against recordings: of itself (no difference), and of a module that is another."""

from __future__ import annotations

from pathlib import Path

import pytest
from dialogues import PATHS
from own_recordings import heard, recorded, recording
from vmodem.emulator.mistakes import find_dialect
from vmodem.emulator.recording.compare import find_differences, told
from vmodem.emulator.recording.format import Transcript, load, parse
from vmodem.emulator.recording.header import NAMES
from vmodem.emulator.recording.redacting import Redacted

PEERS = frozenset(
    {
        # What no recording of the line tells: acknowledgements that come late,
        *("mxx_3.1_single_client", "mxx_3.2_single_server", "mxx_3.3_multi_client", "mxx_3.4_multi_server"),
        *("mxx_4.1_transparent_client", "mxx_4.2_transparent_server", "mxx_5.2.2_qisack_multi"),
        *("mxx_5.2.2_qisack_single", "mxx_6.1_dead_connection"),
        # how long it rings behind the end, a network that refuses, servers of time, hosts that answer pings,
        "sim800_2.2.5_call_and_sms_in_data_mode",
        *("sim800_states_pdp_refused", "bg96_3.8_ntp", "bg96_3.7_ping", "bg96_2.1.14_dnsgip"),
        # which port of theirs clients used, and whether the module heard them while it had no room,
        *("mxx_3.2_single_server_udp", "sim800_2.1.4_udp_extended", "sim800_3.2_multi_server"),
        *("bg96_3.5_tcp_server_buffer", "bg96_3.6_udp_service", "bg96_2.2.3_incoming_full"),
        # payload that reads like an end, in how many pieces data came,
        "mxx_6.3_closed_text_is_payload",
        *("bg96_2.1.15_qicfg_viewmode", "bg96_2.2.2_recv_once"),
    }
)


def dialect_of(transcript: Transcript) -> str:
    return NAMES.get(transcript.header.dialect, transcript.header.dialect)


def listed(
    transcript: Transcript, dialect: str = "", *, strict: bool = False, ignore: list[str] | None = None
) -> str:
    found = find_differences(
        transcript, find_dialect(dialect or dialect_of(transcript)), strict=strict, ignore=ignore or []
    )
    return "\n".join(told(each, transcript.path) for each in found)


@pytest.mark.parametrize(
    "path", [path for path in PATHS if path.stem not in PEERS], ids=lambda path: path.stem
)
def test_our_own_recording_is_the_same(path: Path) -> None:
    assert listed(recorded(load(path))) == ""


@pytest.mark.parametrize("path", [path for path in PATHS if path.stem in PEERS], ids=lambda path: path.stem)
def test_what_peers_did_unseen_is_listed(path: Path) -> None:
    """Each stands in the table above because it must."""
    assert listed(recorded(load(path))) != ""


DIALOGUE = """\
# recorded: today from a test
# dialect: sim800
> ATE0
<< ATE0\\r
< OK
> AT+CGSN
< 861234567890123
< OK
> AT+CSQ
< +CSQ: 31,99
< OK
> AT+CIPSTATUS
< OK
< STATE: IP INITIAL
> AT+CCLK?
< +CCLK: "26/11/26,13:00:00+04"
< OK
> ATI
< SIM800 R13.08
< OK
"""


def test_what_is_of_the_place_and_the_day_is_no_difference() -> None:
    transcript = parse(DIALOGUE, "d.txt")
    assert listed(transcript) == ""
    assert listed(transcript, strict=True).count("d.txt:") == 4
    assert listed(transcript, strict=True, ignore=["*"]) == ""


def changed(old: str, new: str) -> str:
    assert DIALOGUE.count(old) == 1
    return listed(parse(DIALOGUE.replace(old, new), "d.txt"))


def test_a_changed_line() -> None:
    assert changed("STATE: IP INITIAL", "STATE: IP START") == (
        "d.txt:14: (the driver's last command: AT+CIPSTATUS)\n"
        "  module:   \\r\\nSTATE: IP START\\r\\n\n"
        "  emulator: \\r\\nSTATE: IP INITIAL\\r\\n"
    )


def test_a_line_more_and_a_line_less() -> None:
    assert changed("< STATE: IP INITIAL\n", "< STATE: IP INITIAL\n< +X: 1\n") == (
        "d.txt:15: (the driver's last command: AT+CIPSTATUS)\n"
        "  module:   \\r\\n+X: 1\\r\\n\n"
        "  emulator: nothing"
    )
    assert changed("< +CSQ: 31,99\n", "") == (
        "d.txt:10: (the driver's last command: AT+CSQ)\n"
        "  module:   nothing\n"
        "  emulator: \\r\\n+CSQ: 20,0\\r\\n"
    )


def test_framing_counts() -> None:
    assert changed("<< ATE0\\r\n< OK", "<< ATE0\\r\n<< OK\\r\\n") == (
        "d.txt:4: (the driver's last command: ATE0)\n  module:   ATE0\\r\n  emulator: ATE0\\r\\r\\n"
    )


def test_another_module() -> None:
    assert "AT+CIPSTATUS" in listed(parse(DIALOGUE, "d.txt"), "bg96")


def test_data_and_an_end_of_the_peer_are_guessed() -> None:
    assert (
        listed(
            parse(
                DIALOGUE
                + """\
> AT+CSTT
< OK
> AT+CIICR
< OK
> AT+CIFSR
< 100.70.1.2
> AT+CIPSTART="TCP","example.org",80
< OK
~ 1200
< CONNECT OK
~ 500
<< hello \\x00 there
~ 500
< CLOSED
> AT+CIPSTART="TCP","192.0.2.1","81"
< OK
< STATE: TCP CLOSED
< CONNECT FAIL
""",
                "d.txt",
            )
        )
        == ""
    )


def test_a_locked_card() -> None:
    text = DIALOGUE.replace(
        "> AT+CSQ", '> AT+CPIN?\n< +CPIN: SIM PIN\n< OK\n> AT+CPIN="4711"\n< OK\n< +CPIN: READY\n> AT+CSQ'
    )
    found = listed(parse(text, "d.txt"))
    assert "+CPIN: SIM PIN" not in found
    assert "ERROR" not in found


@pytest.mark.parametrize("path", [p for p in PATHS if p.stem.startswith("sim800_3")], ids=lambda p: p.stem)
def test_a_redacted_recording_compares_as_well(path: Path) -> None:
    transcript = load(path)
    redacted = Redacted()
    items = [out for item in heard(transcript) for out in redacted.add(item)] + list(redacted.finish())
    again = parse(recording(items, transcript.header.dialect), path.name)
    assert (listed(again) == "") is (path.stem not in PEERS)
