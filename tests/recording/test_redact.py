"""What is kept to itself: in commands, answers, echoes, messages, and however it was cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.dialects.sms_pdu import read_submit, tpdu_of
from vmodem.emulator.bench import Bench
from vmodem.emulator.dialect import Options
from vmodem.emulator.fleet import has_check_digit
from vmodem.emulator.recording.format import of_host, of_module, parse
from vmodem.emulator.recording.pdu import without_secrets
from vmodem.emulator.recording.redact import Redactor
from vmodem.emulator.recording.redacting import MOST_HELD, Redacting
from vmodem.emulator.recording.writer import Item, Piece, Remark, Side, Writer

H, M = Side.HOST, Side.MODULE


def redacted(*lines: tuple[Side, str]) -> list[str]:
    redactor = Redactor()
    return [redactor.line(side, line.encode("latin-1")).decode("latin-1") for side, line in lines]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('AT+CPIN="4711"\r', 'AT+CPIN="9001"\r'),
        ("AT+CPIN=4711;+CSQ\r", "AT+CPIN=9001;+CSQ\r"),
        ('at+cpin="12345678","4711"\r', 'at+cpin="90000001","9002"\r'),
        ('AT+CLCK="SC",1,"4711"\r', 'AT+CLCK="SC",1,"9001"\r'),
        ('AT+CPWD="SC","4711","0815"\r', 'AT+CPWD="SC","9001","9002"\r'),
        ('AT+CSTT="internet","Joe","Pa$$7"\r', 'AT+CSTT="internet","Xxx","Xxxx0"\r'),
        ("AT+CSTT=internet,joe,word\r", "AT+CSTT=internet,xxx,xxxx\r"),
        ('AT+CSTT="internet"\r', 'AT+CSTT="internet"\r'),
        ('AT+QICSGP=1,"CMNET","joe","word"\r', 'AT+QICSGP=1,"CMNET","xxx","xxxx"\r'),
        ('AT+QICSGP=1,1,"UNINET","joe","word",1\r', 'AT+QICSGP=1,1,"UNINET","xxx","xxxx",1\r'),
        ('AT+SAPBR=3,1,"PWD","word"\r', 'AT+SAPBR=3,1,"PWD","xxxx"\r'),
        ('AT+SAPBR=3,1,"APN","CMNET"\r', 'AT+SAPBR=3,1,"APN","CMNET"\r'),
        ('AT+CGAUTH=1,1,"joe","word"\r', 'AT+CGAUTH=1,1,"xxx","xxxx"\r'),
        ("ATD01715556677;\r", "ATD90000000001;\r"),
        ("ATE0DT+491715556677;\r", "ATE0DT+900000000001;\r"),
        ("ATD**04*4711*0815*0815#;\r", "ATD**04*9001*9002*9002#;\r"),
        ("ATD*99***1#\r", "ATD*99***1#\r"),
        ("ATD112;\r", "ATD112;\r"),
        ("AT&D2\r", "AT&D2\r"),
        ('AT+CSCA="+491710760000",145\r', 'AT+CSCA="+900000000001",145\r'),
        ('AT+CPBW=1,"01715556677",129,"Joe"\r', 'AT+CPBW=1,"90000000001",129,"Xxx"\r'),
        ('AT+CIPSTART="TCP","203.0.113.5",8500\r', 'AT+CIPSTART="TCP","203.0.113.5",8500\r'),
    ],
)
def test_commands(line: str, expected: str) -> None:
    assert redacted((H, line)) == [expected]
    assert redacted((M, line + "\r\n")) == [expected + "\r\n"], "an echo"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("869988012345678", "869980000000001"),
        ('+CCID: "8949020000123456789F"', '+CCID: "8949000000000000001F"'),
        ('+CNUM: "Me","+491715556677",145', '+CNUM: "Xx","+900000000001",145'),
        ('+CLIP: "01715556677",129,"",0,"Joe",0', '+CLIP: "90000000001",129,"",0,"Xxx",0'),
        ('+CLCC: 1,1,4,0,0,"01715556677",129,"Joe"', '+CLCC: 1,1,4,0,0,"90000000001",129,"Xxx"'),
        ('+QICSGP: 1,"UNINET","joe","word",0', '+QICSGP: 1,"UNINET","xxx","xxxx",0'),
        ("USER: joe", "USER: xxx"),
        ('+CSCA: "+491710760000",145', '+CSCA: "+900000000001",145'),
        ('+CREG: 2,1,"1A2B","3C4D"', '+CREG: 2,1,"1A2B","3C4D"'),
        ('+CCLK: "26/11/26,12:00:00+04"', '+CCLK: "26/11/26,12:00:00+04"'),
    ],
)
def test_answers(line: str, expected: str) -> None:
    assert redacted((M, line + "\r\n")) == [expected + "\r\n"]


def test_a_check_digit_that_is_right_stays_right() -> None:
    imei = Options().imei
    assert has_check_digit(imei)
    (found,) = redacted((M, imei + "\r\n"))
    assert has_check_digit(found.strip())
    assert found.strip() != imei


def test_the_same_everywhere_and_nothing_else() -> None:
    assert redacted(
        (H, "AT+CGSN\r"),
        (M, "869988012345678\r\n"),
        (H, '{"imei":"869988012345678","n":4711}\n'),
        (H, "AT+CPIN=4711\r"),
        (H, "AT+CIPSTART=TCP,203.0.113.5,47110\r"),
        (H, "pin 4711\n"),
    ) == [
        "AT+CGSN\r",
        "869980000000001\r\n",
        '{"imei":"869980000000001","n":4711}\n',
        "AT+CPIN=9002\r",
        "AT+CIPSTART=TCP,203.0.113.5,47110\r",
        "pin 9002\n",
    ]


def test_messages_as_text() -> None:
    assert redacted(
        (H, 'AT+CMGS="01715556677"\r'),
        (M, 'AT+CMGS="01715556677"\r\r\n'),
        (M, "> "),
        (H, "Hi Joe\r"),
        (M, "Hi Joe\r\n"),
        (H, "at 5\x1a"),
        (M, "at 5\r\n"),
        (M, "+CMGS: 7\r\n"),
        (M, "OK\r\n"),
        (H, "AT+CMGL=ALL\r"),
        (M, '+CMGL: 1,"REC READ","+491715556677",,"26/11/26,12:00:00+04"\r\n'),
        (M, "Hi Joe\r\n"),
        (M, "\r\n"),
        (M, "again\r\n"),
        (M, "OK\r\n"),
        (M, '+CMT: "01715556677","","26/11/26,12:00:00+04"\r\n'),
        (M, "pssst\r\n"),
        (M, "\r\n"),
        (M, "SEND OK\r\n"),
    ) == [
        'AT+CMGS="90000000001"\r',
        'AT+CMGS="90000000001"\r\r\n',
        "> ",
        "Xx Xxx\r",
        "Xx Xxx\r\n",
        "xx 0\x1a",
        "xx 0\r\n",
        "+CMGS: 7\r\n",
        "OK\r\n",
        "AT+CMGL=ALL\r",
        '+CMGL: 1,"REC READ","+900000000002",,"26/11/26,12:00:00+04"\r\n',
        "Xx Xxx\r\n",
        "\r\n",
        "xxxxx\r\n",
        "OK\r\n",
        '+CMT: "90000000001","","26/11/26,12:00:00+04"\r\n',
        "xxxxx\r\n",
        "\r\n",
        "SEND OK\r\n",
    ]


def test_messages_in_ucs2() -> None:
    text = "Grüß".encode("utf-16-be").hex().upper()
    number = "+4917155".encode("utf-16-be").hex().upper()
    lines = redacted((H, 'AT+CSCS="UCS2"\r'), (H, f'AT+CMGS="{number}"\r'), (H, f"{text}\x1a"))
    shown = [bytes.fromhex(part).decode("utf-16-be") for part in re.findall(r"00[0-9A-F]+", "".join(lines))]
    assert shown == ["+9000001", "Xxxx"]


def test_a_message_that_is_refused() -> None:
    assert redacted((H, 'AT+CMGS="01715556677"\r'), (M, "ERROR\r\n"), (H, "AT+CSQ\r"))[2] == "AT+CSQ\r"


PDUS = {
    "submit": "0011000B917194214365F70000AA05C8329BFD06",
    "with a service centre": "07919471010760F011000B917194214365F70000AA05C8329BFD06",
    "deliver": "07919471010760F0040B917194214365F70000621162210000800AE8329BFD4697D9EC37",
    "8 bits": "0011000B917194214365F70004AA0568656C6C6F",
    "UCS2": "0011000B917194214365F70008AA0400480069",
    "a header": "0051000B917194214365F70000AA0C050003010201D06536FB0D",
    "from a name": "0004" + "0AD0" + "C8329BFD06" + "0000" + "62116221000080" + "05" + "C8329BFD06",
}


@pytest.mark.parametrize("name", PDUS)
def test_a_pdu_stays_one(name: str) -> None:
    before = bytes.fromhex(PDUS[name])
    after = without_secrets(before, lambda digits: b"8" * len(digits))
    assert len(after) == len(before)
    assert after != before
    assert without_secrets(after, lambda digits: digits) == after
    for secret in (b"\x71\x94\x21\x43\x65", b"\x71\x01\x07\x60", b"\xc8\x32\x9b\xfd", b"hello", b"\0H"):
        assert secret not in after


def test_a_pdu_is_still_read() -> None:
    pdu = without_secrets(bytes.fromhex(PDUS["submit"]), lambda digits: b"9" * len(digits))
    message = read_submit(tpdu_of(pdu.hex()))
    assert (message.number, message.text) == ("+99999999999", "xxxxx")


@given(st.binary(min_size=8, max_size=40))
def test_what_is_no_pdu_is_hidden_as_a_whole(octets: bytes) -> None:
    text = octets.hex().upper()
    lines = redacted((H, "AT+CMGS=23\r"), (H, text + "\x1a"))
    assert len(lines[1]) == len(text) + 1


# ---- a stream --------------------------------------------------------------------------------------


def written(items: list[Item]) -> str:
    lines: list[str] = []
    writer, redacting = Writer(lines.append), Redacting()
    writer.begin(0.0, [("recorded", "today from a test"), ("redacted", "yes")])
    for item in items:
        writer.add(redacting.add(item))
    writer.add(redacting.finish())
    writer.finish()
    return "".join(lines)


SECRETS: tuple[str, ...] = (
    "4711",
    "869988012345678",
    "262011234567890",
    "8949020000123456789",
    "1715556677",
    "Ilsebill",
)
SECRETS += ("geheim99", "17149912", "Treffen", "morgen", "joe.doe", "C8329BFD06")
SPOKEN = [
    (H, 'AT+CPIN="4711"\r'),
    (M, 'AT+CPIN="4711"\r\r\nOK\r\n\r\n+CPIN: READY\r\n'),
    (H, "AT+CGSN;+CIMI\r"),
    (M, "AT+CGSN;+CIMI\r\r\n869988012345678\r\n\r\n262011234567890\r\n\r\nOK\r\n"),
    (H, 'AT+CSTT="internet","joe.doe","geheim99"\r'),
    (M, 'AT+CSTT="internet","joe.doe","geheim99"\r\r\nOK\r\n'),
    (H, "AT+CSTT?\r"),
    (M, 'AT+CSTT?\r\r\n+CSTT: "internet","joe.doe","geheim99"\r\n\r\nOK\r\n'),
    (H, "AT+CCID\r"),
    (M, "AT+CCID\r\r\n8949020000123456789F\r\n\r\nOK\r\n"),
    (H, 'AT+CMGS="+491715556677"\r'),
    (M, 'AT+CMGS="+491715556677"\r\r\n> '),
    (H, "Ilsebill, Treffen morgen?\x1a"),
    (M, "Ilsebill, Treffen morgen?\r\n+CMGS: 4\r\n\r\nOK\r\n"),
    (M, '\r\n+CMT: "+491715556677","","26/11/26,12:00:00+04"\r\nTreffen morgen\r\n'),
    (H, "AT+CMGF=0\r"),
    (M, "AT+CMGF=0\r\r\nOK\r\n"),
    (H, "AT+CMGS=18\r"),
    (M, "AT+CMGS=18\r\r\n> "),
    (H, "0011000B917194214365F70000AA05C8329BFD06\x1a"),
    (M, "0011000B917194214365F70000AA05C8329BFD06\r\n+CMGS: 5\r\n\r\nOK\r\n"),
    (H, "ATD017149912;\r"),
    (M, "ATD017149912;\r\r\nOK\r\n"),
    (M, '\r\n+CLIP: "+491715556677",145,"",0,"",0\r\n'),
    (H, "AT+CIPSEND\r"),
    (M, "AT+CIPSEND\r\r\n> "),
    (H, "imei=869988012345678&pin=4711&user=joe.doe\x1a"),
    (M, "imei=869988012345678&pin=4711&user=joe.doe\r\nSEND OK\r\n"),
]


def pieces(cuts: list[int], shuffled: bool) -> list[Item]:
    """What is spoken, cut; ``shuffled``: a host that types and is echoed at once."""
    items: list[Item] = []
    turn = 0
    for number, (side, text) in enumerate(SPOKEN):
        data = text.encode()
        if (
            shuffled
            and side is M
            and number
            and SPOKEN[number - 1][1].encode() == data[: data.find(b"\r") + 1]
        ):
            data = data[data.find(b"\r") + 1 :]
        while data:
            size = cuts[turn % len(cuts)] if cuts else len(data)
            turn += 1
            items.append(Piece(turn / 100, side, data[:size]))
            if shuffled and side is H and text.startswith("AT"):
                items.append(Piece(turn / 100, M, data[:size]))
            data = data[size:]
    return items


@given(st.lists(st.integers(1, 9), max_size=20), st.booleans())
def test_no_secret_gets_into_the_file(cuts: list[int], shuffled: bool) -> None:
    items = pieces(cuts, shuffled)
    text = written(items)
    steps = parse(text, "x").steps
    for side, of in ((H, of_host), (M, of_module)):
        said = b"".join(map(of, steps))
        spoken = b"".join(i.data for i in items if isinstance(i, Piece) and i.side is side)
        assert len(said) == len(spoken)
        for secret in SECRETS:
            assert secret.encode() not in said
            assert secret not in text
    assert "+CPIN: READY" in text
    assert "SEND OK" in text


def test_the_times_are_those_of_the_pieces() -> None:
    text = written(
        [
            *(
                Piece(1.0, H, b"AT+CPIN="),
                Piece(1.3, H, b'"47'),
                Remark(1.4, ";", "so"),
                Piece(1.5, H, b'11"\r'),
            ),
            Piece(2.0, M, b"\r\nOK\r\n"),
        ]
    )
    assert text.splitlines()[2:] == [
        *("~ 1000", '* "9001" stands for a PIN', ">> AT+CPIN=", "~ 300", '>> "90', "~ 100", "; so", "~ 100"),
        *('> 01"', "~ 500", "< OK"),
    ]


def test_what_is_held_is_bounded() -> None:
    redacting = Redacting()
    out = sum(len(redacting.add(Piece(0.0, H, b"x"))) for _ in range(2000))
    assert out == 0
    held = 2000
    for _ in range(MOST_HELD):
        ready = redacting.add(Piece(0.0, M, b"y" * 10))
        held += 10 - sum(len(item.data) for item in ready if isinstance(item, Piece))
        assert held <= MOST_HELD + 10
    assert held > 0


def test_what_our_own_module_says() -> None:
    """The dialogue is the emulator's: echo, identities, a locked card, a message, a call."""
    secrets = Options()
    bench = Bench(SIM800, Options(pin="4711"), echo=True)
    items: list[Item] = []

    def asks(data: bytes) -> None:
        items.append(Piece(float(len(items)), H, data))
        items.append(Piece(float(len(items)), M, bench.types(data) + bench.waits(10)))

    for line in ("AT+CPIN?", 'AT+CPIN="4711"', "AT+CGSN", "AT+CIMI", "AT+CCID", "AT+CNUM", "AT+CMGF=1"):
        asks(line.encode() + b"\r")
    asks(b'AT+CMGW="+491715556677"\r')
    asks(b"Treffen morgen\x1a")
    asks(b"AT+CMGR=1\r")
    asks(b"AT+CMGF=0\r")
    asks(b"AT+CMGR=1\r")
    asks(b"ATD017149912;\r")
    said = b"".join(i.data for i in items if isinstance(i, Piece))
    hidden = (secrets.imei, secrets.imsi, secrets.iccid, secrets.number, "4711", "1715556677", "Treffen")
    text = written(items)
    for secret in (*hidden, "morgen", "017149912", "71175555667"):
        assert secret not in text
    for secret in (secrets.imei, secrets.imsi, secrets.iccid, secrets.number, "4711", "Treffen morgen"):
        assert secret.encode() in said, "else this shows nothing"
