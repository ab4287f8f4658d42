"""No secret of a dialogue is in its recording; what is in it instead is as long, and made alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vmodem.dialects.sms_pdu import Submitted, read_submit
from vmodem.emulator.check_digit import luhn
from vmodem.emulator.recording.actions import StandIn
from vmodem.emulator.recording.format import Happening, of_host, of_module, parse
from vmodem.emulator.recording.redacting import Redacted
from vmodem.emulator.recording.writer import Item, Piece, Side, Writer
from vmodem.emulator.redact_pdu import hidden_pdu
from vmodem.emulator.redacting import MOST

Said = list[tuple[Side, bytes]]
HOST, MODULE = Side.HOST, Side.MODULE

IMEI, IMSI, ICCID = "869988012345670", "262011234567890", "89490200001234567892"
NUMBER, OTHER, PIN, PUK = "+491701234567", "016098765432", "4711", "87654321"
USER, PASSWORD, TEXT = "heidi7", "Pa55-word", "Meet me at 9, bring 3 keys"
SECRETS = [IMEI, IMSI, ICCID, NUMBER, OTHER, f'"{PIN}"', PUK, USER, PASSWORD, TEXT, "bring"]


def ask(command: str, *answer: str, echo: bool = True) -> Said:
    lines = "".join(f"\r\n{line}\r\n" for line in answer)
    return [
        (HOST, f"{command}\r".encode()),
        (MODULE, (f"{command}\r" if echo else "").encode() + lines.encode()),
    ]


DIALOGUES: list[Said] = [
    ask("AT+CGSN", IMEI, "OK"),
    ask("AT+CIMI", IMSI, "OK", echo=False),
    ask("AT+QCCID", f"+QCCID: {ICCID}", "OK"),
    ask("AT+CCID", f"{ICCID}", "OK"),
    ask(f'AT+CPIN="{PIN}"', "OK", "+CPIN: READY"),
    ask(f'AT+CPIN="{PUK}","{PIN}"', "ERROR"),
    ask(f'AT+CMGF=1;+CLCK="SC",1,"{PIN}"', "OK"),
    ask(f'AT+CSTT="web","{USER}","{PASSWORD}"', "OK"),
    ask("AT+CSTT?", f'+CSTT: "web","{USER}","{PASSWORD}"', "OK"),
    ask(f'AT+QICSGP=1,1,"web","{USER}","{PASSWORD}",1', "OK"),
    ask(f'AT+SAPBR=3,1,"PWD","{PASSWORD}"', "OK"),
    ask("AT+SAPBR=4,1", f"+SAPBR:\r\nAPN: web\r\nUSER: {USER}\r\nPWD: {PASSWORD}", "OK"),
    ask(f"ATD{NUMBER};", "OK"),
    ask("AT+CNUM", f'+CNUM: "","{NUMBER}",145,7,4', "OK"),
    [(MODULE, f'\r\nRING\r\n\r\n+CLIP: "{OTHER}",129,"",,"",0\r\n'.encode())],
    [
        *ask(f'AT+CMGS="{NUMBER}"')[:1],
        (MODULE, f'AT+CMGS="{NUMBER}"\r\r\n> '.encode()),
        (HOST, f"{TEXT}\x1a".encode()),
        (MODULE, f"{TEXT}\r\n+CMGS: 7\r\n\r\nOK\r\n".encode()),
    ],
    ask("AT+CMGR=1", f'+CMGR: "REC READ","{OTHER}","","26/01/01,12:00:00+04"\r\n{TEXT}', "OK"),
    ask("AT+CMGL", f'+CMGL: 1,"REC READ","{OTHER}"\r\n{TEXT}\r\n+CMGL: 2,"REC READ","{OTHER}"\r\nOK', "OK"),
    [(MODULE, f'\r\n+CMT: "{OTHER}","","26/01/01,12:00:00+04"\r\n{TEXT}\r\n'.encode())],
    [(MODULE, f'\r\n+CUSD: 0,"{TEXT}",15\r\n'.encode())],
    [(HOST, b"AT+CIPSEND\r"), (MODULE, b"\r\n> "), (HOST, f"imei={IMEI}\r\n\x1a".encode())],
    [(HOST, b"AT+CIPSEND=3\r"), (HOST, f"abcATD{NUMBER};\r".encode())],
    [(HOST, f"GET /?id={ICCID} HTTP/1.1\r\n".encode()), (MODULE, f"imsi {IMSI}\r\n".encode())],
]


def pieces(said: Said) -> Iterator[Piece]:
    for number, (side, data) in enumerate(said):
        yield Piece(number * 0.001, side, data)


def redacted(items: list[Piece]) -> list[Item]:
    it = Redacted()
    return [out for item in items for out in it.add(item)] + list(it.finish())


def text_of(items: list[Item]) -> str:
    lines: list[str] = []
    writer = Writer(lines.append)
    writer.begin(0.0, [("recorded", "today from a test"), ("redacted", "yes")])
    writer.add(items)
    writer.finish()
    return "".join(lines)


@st.composite
def split(draw: st.DrawFn) -> list[Piece]:
    """Some of the dialogues one after the other, each piece cut anywhere."""
    said = [each for dialogue in draw(st.lists(st.sampled_from(DIALOGUES), min_size=1)) for each in dialogue]
    cut: Said = []
    for side, data in said:
        cuts = sorted(draw(st.sets(st.integers(1, len(data) - 1), max_size=4)))
        cut += [(side, data[a:b]) for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return list(pieces(cut))


@given(split())
def test_no_secret_is_left(items: list[Piece]) -> None:
    text = text_of(redacted(items))
    assert [secret for secret in SECRETS if secret in text] == []
    whole = "".join(
        data.decode() for step in parse(text, "x").steps if (data := of_host(step) or of_module(step))
    )
    assert [secret for secret in SECRETS if secret in whole] == []


@given(split())
def test_every_piece_keeps_its_place_time_and_length(items: list[Piece]) -> None:
    out = [item for item in redacted(items) if isinstance(item, Piece)]
    assert [(p.at, p.side, len(p.data)) for p in out] == [(p.at, p.side, len(p.data)) for p in items]


def body(*dialogues: Said) -> list[str]:
    text = text_of(redacted(list(pieces([each for dialogue in dialogues for each in dialogue]))))
    return [line for line in text.splitlines() if line[0] not in "#~"]


def test_the_same_has_the_same_stand_in() -> None:
    lines = body(ask("AT+CGSN", IMEI, "OK"), ask(f"ATD{NUMBER};", "OK"), ask("AT+GSN", IMEI, "OK"))
    assert lines == [
        "> AT+CGSN",
        '* "869980000000011" stands for an IMEI',
        "<< AT+CGSN\\r",
        "< 869980000000011",
        "< OK",
        '* "+000000000002" stands for a telephone number',
        "> ATD+000000000002;",
        "<< ATD+000000000002;\\r",
        "< OK",
        "> AT+GSN",
        "<< AT+GSN\\r",
        "< 869980000000011",
        "< OK",
    ]
    assert luhn("869980000000011") % 10 == luhn(IMEI) % 10 == 0


def test_what_is_no_secret_stays() -> None:
    said = [
        *ask('AT+CIPSTART="TCP","10.0.0.1",8500', "OK", "CONNECT OK"),
        *ask("AT+CSQ;+CREG?", "+CSQ: 20,0", '+CREG: 2,1,"1A2B","3C4D"', "OK"),
        *ask("ATD*99#", "NO CARRIER"),
        *ask('AT+CPOL="X4D567"', "ERROR"),
        *ask('AT+CUSD=1,"*100#"', "OK"),
        (MODULE, b"\r\n+CPIN: SIM PIN\r\n"),
        (HOST, b"1234567890123 21 characters are no identity\r"),
    ]
    assert [item for item in redacted(list(pieces(said))) if not isinstance(item, Piece)] == []
    assert [item.data for item in redacted(list(pieces(said))) if isinstance(item, Piece)] == [
        data for _, data in said
    ]


def test_stand_ins_are_told_before_they_are_used() -> None:
    seen: set[bytes] = set()
    dialogue = [each for dialogue in DIALOGUES for each in dialogue]
    for step in parse(text_of(redacted(list(pieces(dialogue)))), "x").steps:
        if isinstance(step, Happening) and isinstance(step.action, StandIn):
            seen.add(step.action.text)
        elif b"CMGS=" in of_host(step):
            assert any(text in of_host(step) for text in seen)


def test_a_stream_without_ends_is_not_held_for_ever() -> None:
    it = Redacted()
    out = 0
    for number in range(100):
        for item in it.add(Piece(float(number), HOST, b"x" * 1000)):
            assert isinstance(item, Piece)
            out += len(item.data)
        assert (number + 1) * 1000 - out <= MOST + 1000


def test_an_identity_is_not_cut_where_a_long_line_is_let_go() -> None:
    for before in range(MOST - 20, MOST + 3):
        text = b"x" * (before - 1) + b"=" + IMEI.encode() + b"=" * 200
        out = b"".join(
            item.data
            for item in redacted([Piece(0.0, HOST, text[i : i + 7]) for i in range(0, len(text), 7)])
            if isinstance(item, Piece)
        )
        assert IMEI.encode() not in out


# ---- short messages as octets --------------------------------------------------------------------

LONG = "0041000B919471214365F700080C050003010201004100420043"
"""SUBMIT, a header of a long message, UCS-2."""


@pytest.mark.parametrize(
    "pdu",
    [
        "0011000B919471214365F70000AA0AE8329BFD4697D9EC37",
        "07911326040000F001000B919471214365F700000AE8329BFD4697D9EC37",
        LONG,
    ],
)
def test_a_message_stays_one(pdu: str) -> None:
    hidden = hidden_pdu(pdu.encode()).decode()
    assert len(hidden) == len(pdu)
    before, after = (_submitted(each) for each in (pdu, hidden))
    assert (after.first_octet, after.pid, after.dcs, after.header) == (
        before.first_octet,
        before.pid,
        before.dcs,
        before.header,
    )
    assert len(after.number) == len(before.number)
    assert len(after.text) == len(before.text)
    assert set(after.number) <= set("+0")
    assert set(after.text) <= set("x@")


def _submitted(pdu: str) -> Submitted:
    octets = bytes.fromhex(pdu)
    return read_submit(octets[1 + octets[0] :])


@given(st.binary(max_size=40))
def test_any_octets_can_be_hidden(octets: bytes) -> None:
    text = octets.hex().upper().encode()
    hidden = hidden_pdu(text) if text else b""
    assert len(hidden) == len(text)
    assert set(hidden) <= set(b"0123456789ABCDEF")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("AT+CSTT=web,heidi7,secret", "AT+CSTT=web,xxxxx0,xxxxxx"),
        ("AT+CIPCSGP=1,web,heidi7,secret", "AT+CIPCSGP=1,web,xxxxx0,xxxxxx"),
        ("AT+QICSGP=1,web,heidi7,secret", "AT+QICSGP=1,web,xxxxx0,xxxxxx"),
        ('AT+QICSGP=1,1,"web","heidi7","secret",1', 'AT+QICSGP=1,1,"web","xxxxx0","xxxxxx",1'),
        ('AT+QICSGP=1,1,"web","","",1', 'AT+QICSGP=1,1,"web","","",1'),
        ("AT+SAPBR=3,1,PWD,secret", "AT+SAPBR=3,1,PWD,xxxxxx"),
        ("AT+SAPBR=3,1,APN,web", "AT+SAPBR=3,1,APN,web"),
        ("AT+CGAUTH=1,1,heidi7,secret", "AT+CGAUTH=1,1,xxxxx0,xxxxxx"),
        ("AT+CSCA=+491710760000", "AT+CSCA=+000000000001"),
        ("AT+CMGS=01715556677", "AT+CMGS=00000000001"),
        ("AT+CMGS=23", "AT+CMGS=23"),
        ('AT+CMGS="002B003400390031"', 'AT+CMGS="0000000000000000"'),
        ("AT+CPBW=1,01715556677,129,Heidi", "AT+CPBW=1,00000000001,129,xxxxx"),
        ("ATD**04*4711*0815*0815#;", "ATD**04*0001*0002*0002#;"),
        ("ATD112", "ATD001"),
    ],
)
def test_commands_with_quotes_and_without(line: str, expected: str) -> None:
    out = redacted([Piece(0.0, HOST, f"{line}\r".encode())])
    assert [item.data.decode() for item in out if isinstance(item, Piece)] == [f"{expected}\r"]
    out = redacted([Piece(0.0, MODULE, f"{line}\r\r\n".encode())])
    assert [item.data.decode() for item in out if isinstance(item, Piece)] == [f"{expected}\r\r\n"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('+CLIP: "016098765432",129,"",0,"Heidi",0', '+CLIP: "000000000001",129,"",0,"xxxxx",0'),
        ('+CLCC: 1,1,4,0,0,"016098765432",129,"Heidi"', '+CLCC: 1,1,4,0,0,"000000000001",129,"xxxxx"'),
        ("call +4916098765432 now", "call +0000000000001 now"),
        ('+CMTI: "SM",12', '+CMTI: "SM",12'),
        ('+CCLK: "26/11/26,12:00:00+04"', '+CCLK: "26/11/26,12:00:00+04"'),
        (
            '+CMGR: "REC READ","016098765432","Heidi","26/01/01,12:00:00+04",129,4,0',
            '+CMGR: "REC READ","000000000001","xxxxx","26/01/01,12:00:00+04",129,4,0',
        ),
    ],
)
def test_answers(line: str, expected: str) -> None:
    out = redacted([Piece(0.0, MODULE, f"{line}\r\n".encode())])
    assert [item.data.decode() for item in out if isinstance(item, Piece)] == [f"{expected}\r\n"]


def test_a_short_secret_is_hidden_where_it_is_a_word_of_its_own() -> None:
    said = [*ask('AT+CPIN="4711"', "OK"), (HOST, b"pin=4711&port=47110\n")]
    out = [item.data for item in redacted(list(pieces(said))) if isinstance(item, Piece)]
    assert out[-1] == b"pin=0001&port=47110\n"


@given(
    st.lists(
        st.tuples(
            st.sampled_from([HOST, MODULE]),
            st.sampled_from(
                [
                    b"AT",
                    b"+",
                    b"CPIN",
                    b"CMGS",
                    b"CRSM",
                    b"CSTT",
                    b"D",
                    b"=",
                    b":",
                    b'"',
                    b",",
                    b"12345",
                    b"+4917",
                    b"\r",
                    b"\r\n",
                    b"\x1a",
                    b";",
                    b"*",
                    b"> ",
                    b"OK",
                    b"8",
                    b"\xff",
                    b" ",
                ]
            ),
        )
    )
)
def test_any_bytes_can_be_redacted(said: Said) -> None:
    out = [item for item in redacted(list(pieces(said))) if isinstance(item, Piece)]
    assert [len(item.data) for item in out] == [len(data) for _, data in said]
