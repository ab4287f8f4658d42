"""Short messages as a SIM800's host sees them: 27.005 in text and in PDU mode, whole dialogues."""

from __future__ import annotations

import pytest
from shell_host import ERROR, OK, Host, said
from transparent_host import escape, in_data_mode, pulses
from vmodem.emulator.dialect import Options
from vmodem.emulator.effects import SmsSent
from vmodem.emulator.events import RegistrationChanged, SimChanged, SmsArrived
from vmodem.emulator.world import START, Writer, bytewise, fragments, whole

SENDER = "+4915112345"
CENTRE = "0791947101670000"
NOON = 1_700_000_000 - START  # engine time START is 14 November 2023, 22:13:20 UTC
STAMP = "23/11/14,22:13:20+00"
PROMPT = b"\r\n> "
HELLO_PDU = CENTRE + "040A9194511132540000321141223102000" + "5E8329BFD06"
HELLO_SUBMIT = "0011000A9194511132540000AA05E8329BFD06"


def text_host(*commands: str, writer: Writer = whole) -> Host:
    """A host in text mode, after ``commands``."""
    host = Host(Options(wall=NOON), writer=writer)
    for command in ("AT+CMGF=1", *commands):
        assert host.asks(command) == OK
    return host


def sent(host: Host) -> list[SmsSent]:
    """What went out."""
    return [effect for _, effect in host.world.trace if isinstance(effect, SmsSent)]


# ---- arriving, reading, deleting -----------------------------------------------------------------


@pytest.mark.parametrize("writer", [whole, bytewise, fragments(5)])
def test_a_message_arrives_is_read_and_deleted(writer: Writer) -> None:
    host = text_host(writer=writer)
    assert host.sees(SmsArrived(SENDER, "hello")) == said('+CMTI: "SM",1')
    assert host.asks("AT+CMGR=1") == said(f'+CMGR: "REC UNREAD","{SENDER}","","{STAMP}"\nhello') + OK
    assert host.asks("AT+CMGR=1") == said(f'+CMGR: "REC READ","{SENDER}","","{STAMP}"\nhello') + OK
    assert host.asks("AT+CMGD=1") == OK
    assert host.asks("AT+CMGR=1") == OK
    assert host.asks("AT+CMGD=1") == OK


def test_the_place_that_the_scenario_names() -> None:
    host = text_host()
    assert host.sees(SmsArrived(SENDER, "a", 10)) == said('+CMTI: "SM",10')
    assert host.sees(SmsArrived(SENDER, "b", 10)) == said('+CMTI: "SM",1')
    with pytest.raises(ValueError, match="no short message can be stored at 31"):
        host.sees(SmsArrived(SENDER, "c", 31))
    with pytest.raises(ValueError, match="cannot come from 'Жук'"):
        host.sees(SmsArrived("Жук", "c"))


def test_pdu_mode() -> None:
    host = Host(Options(wall=NOON))
    assert host.sees(SmsArrived(SENDER, "hello")) == said('+CMTI: "SM",1')
    assert host.asks("AT+CMGR=1") == said(f'+CMGR: 0,"",23\n{HELLO_PDU}') + OK
    assert host.asks("AT+CMGR=1") == said(f'+CMGR: 1,"",23\n{HELLO_PDU}') + OK


def test_all_details() -> None:
    host = text_host("AT+CSDH=1")
    host.sees(SmsArrived(SENDER, "h€"))
    head = f'"{SENDER}","","{STAMP}",145'
    assert host.asks("AT+CMGL") == said(f'+CMGL: 1,"REC UNREAD",{head},3\nh?') + OK
    assert host.asks("AT+CMGR=1") == (said(f'+CMGR: "REC READ",{head},4,0,0,"+491710760000",145,3\nh?') + OK)
    host.asks('AT+CMGW="0301"')
    host.types(b"ab\x1a")
    assert host.asks("AT+CMGR=2") == (
        said('+CMGR: "STO UNSENT","0301","",129,17,0,0,167,"+491710760000",145,2\nab') + OK
    )
    assert host.asks('AT+CMGL="STO UNSENT"') == said('+CMGL: 2,"STO UNSENT","0301","",129,2\nab') + OK


def test_peeking_leaves_a_message_unread() -> None:
    host = text_host()
    host.sees(SmsArrived(SENDER, "hello"))
    unread = said(f'+CMGR: "REC UNREAD","{SENDER}","","{STAMP}"\nhello') + OK
    assert host.asks("AT+CMGR=1,1") == unread
    assert host.asks('AT+CMGL="ALL",1').startswith(b'\r\n+CMGL: 1,"REC UNREAD"')
    assert host.asks("AT+CMGR=1,0") == unread
    assert host.asks("AT+CMGR=1").startswith(b'\r\n+CMGR: "REC READ"')


def test_lists() -> None:
    host = text_host()
    assert host.asks('AT+CMGL="ALL"') == OK
    host.sees(SmsArrived(SENDER, "one"))
    host.asks("AT+CMGR=1")
    host.sees(SmsArrived("Play", "two"))
    host.asks('AT+CMGW="0301"')
    assert host.types(b"three\x1a") == said("+CMGW: 3") + OK
    one = f'+CMGL: 1,"REC READ","{SENDER}","","{STAMP}"\none'
    two = f'+CMGL: 2,"REC UNREAD","Play","","{STAMP}"\ntwo'
    three = '+CMGL: 3,"STO UNSENT","0301",""\nthree'
    assert host.asks('AT+CMGL="REC READ"') == said(one) + OK
    assert host.asks("AT+CMGL=REC READ") == ERROR  # spaces vanish outside quotes
    assert host.asks('AT+CMGL="STO SENT"') == OK
    assert host.asks('AT+CMGL="all"') == said(f"{one}\n{two}\n{three}") + OK
    assert host.asks("AT+CMGL") == OK
    assert host.asks("AT+CMGF=0;+CMGL=2") == (
        said('+CMGL: 3,2,"",15\n' + CENTRE + "110004813010" + "0000A70574B4BC5C06") + OK
    )
    assert host.asks("AT+CMGL=0") == OK
    assert host.asks("AT+CMGL=4").count(b"+CMGL: ") == 3
    assert host.asks("AT+CMGL").count(b"+CMGL: ") == 0


def test_test_forms_follow_the_mode() -> None:
    host = text_host()
    words = '("REC UNREAD","REC READ","STO UNSENT","STO SENT","ALL")'
    assert host.asks("AT+CMGL=?") == said(f"+CMGL: {words}") + OK
    assert host.asks("AT+CMGD=?") == said("+CMGD: (),(0-4)") + OK
    host.sees(SmsArrived(SENDER, "x"))
    host.sees(SmsArrived(SENDER, "x", 5))
    assert host.asks("AT+CMGD=?") == said("+CMGD: (1,5),(0-4)") + OK
    assert host.asks("AT+CMGF=0;+CMGL=?") == said("+CMGL: (0-4)") + OK
    for name in ("CMGR", "CMGS", "CMGW", "CMSS", "CSCA", "CNMA"):
        assert host.asks(f"AT+{name}=?") == OK


@pytest.mark.parametrize(
    ("flag", "left"), [("1,0", "2,3,4"), ("1,1", "1,3,4"), ("1,2", "1,3"), ("1,3", "1"), ("0,4", "")]
)
def test_deleting_by_flag(flag: str, left: str) -> None:
    host = text_host()
    host.sees(SmsArrived(SENDER, "unread"))
    host.sees(SmsArrived(SENDER, "read"))
    host.asks("AT+CMGR=2")
    for stat in ("STO UNSENT", "STO SENT"):
        host.asks(f'AT+CMGW="0301",129,"{stat}"')
        host.types(b"x\x1a")
    assert host.asks(f"AT+CMGD={flag}") == OK
    assert host.asks("AT+CMGD=?") == said(f"+CMGD: ({left}),(0-4)") + OK


# ---- indications ---------------------------------------------------------------------------------


def test_cnmi() -> None:
    host = Host()
    assert host.asks("AT+CNMI=?") == said("+CNMI: (0,1,2,3),(0,1,2,3),(0,2),(0,1),(0,1)") + OK
    assert host.asks("AT+CNMI?") == said("+CNMI: 2,1,0,0,0") + OK
    assert host.asks("AT+CNMI=1,2,2,1,1") == OK
    assert host.asks("AT+CNMI=3") == OK
    assert host.asks("AT+CNMI?") == said("+CNMI: 3,2,2,1,1") + OK
    assert host.asks("AT+CNMI=2,1,0,2") == ERROR
    assert host.asks("AT+CMEE=2") == OK
    assert host.asks("AT+CNMI=2,1,0,2") == said("+CMS ERROR: operation not supported")
    assert host.asks("AT+CNMI=4") == said("+CMS ERROR: operation not supported")


def test_messages_routed_to_the_host() -> None:
    host = text_host("AT+CNMI=2,2")
    assert host.sees(SmsArrived(SENDER, "hello")) == said(f'+CMT: "{SENDER}","","{STAMP}"\nhello')
    host.asks("AT+CSDH=1")
    details = '145,4,0,0,"+491710760000",145,5'
    assert host.sees(SmsArrived(SENDER, "hello")) == said(f'+CMT: "{SENDER}","","{STAMP}",{details}\nhello')
    host.asks("AT+CMGF=0")
    assert host.sees(SmsArrived(SENDER, "hello")) == said(f'+CMT: "",23\n{HELLO_PDU}')
    assert host.asks("AT+CMGL=4") == OK


def test_no_indication_at_all() -> None:
    host = text_host("AT+CNMI=2,0")
    assert host.sees(SmsArrived(SENDER, "hello")) == b""
    assert host.asks("AT+CMGD=?") == said("+CMGD: (1),(0-4)") + OK


def test_indications_kept_in_the_module() -> None:
    host = text_host("AT+CNMI=0,1")
    assert host.sees(SmsArrived(SENDER, "hello")) == b""
    assert host.asks("AT+CNMI=0") == OK
    assert host.asks("AT+CNMI=2") == OK + said('+CMTI: "SM",1')
    host.asks("AT+CNMI=0")
    assert host.sees(SmsArrived(SENDER, "hello")) == b""
    assert host.asks("AT+CNMI=2,1,0,0,1") == OK
    assert host.waits(10) == b""


def test_indications_wait_for_the_prompt() -> None:
    host = text_host()
    assert host.asks('AT+CMGS="0301"') == PROMPT
    assert host.sees(SmsArrived(SENDER, "hello")) == b""
    assert host.types(b"x\x1a") == said("+CMGS: 0") + OK + said('+CMTI: "SM",1')


def test_data_mode_holds_indications() -> None:
    host = in_data_mode("AT+CNMI=2,1")
    assert host.sees(SmsArrived(SENDER, "hello", 10)) == b""
    assert host.waits(1) == b""
    assert pulses(host) == [(2.0, True), (2.12, False)]
    assert escape(host) == OK + said('+CMTI: "SM",10')


def test_data_mode_discards_indications() -> None:
    host = in_data_mode("AT+CNMI=1,1")
    host.sees(SmsArrived(SENDER, "hello"))
    assert host.waits(1) == b""
    assert escape(host) == OK
    assert host.waits(10) == b""
    assert host.asks("AT+CMGD=?") == said("+CMGD: (1),(0-4)") + OK
    assert host.sees(SmsArrived(SENDER, "hello")) == said('+CMTI: "SM",2')


def test_messages_wait_outside_until_they_can_come_in() -> None:
    host = text_host()
    host.sees(RegistrationChanged(2))
    assert host.sees(SmsArrived(SENDER, "one")) == b""
    assert host.sees(SmsArrived(SENDER, "two")) == b""
    assert host.sees(RegistrationChanged(1)) == said('+CMTI: "SM",1', '+CMTI: "SM",2')


def test_messages_wait_over_a_restart() -> None:
    host = text_host()
    host.sees(RegistrationChanged(2))
    host.sees(SmsArrived(SENDER, "one"))
    host.asks("AT+CFUN=1,1")
    assert host.sees(RegistrationChanged(1)) == b""
    assert host.waits(60) == said('+CMTI: "SM",1')
    assert host.waits(60) == b""


def test_messages_wait_for_the_service() -> None:
    host = Host(Options(boot=True, timings={"sms ready": 30.0}))
    host.waits(20)
    assert host.asks("AT+CREG?") == said("+CREG: 0,1") + OK
    assert host.sees(SmsArrived(SENDER, "one")) == b""
    assert host.waits(60) == said("SMS Ready", '+CMTI: "SM",1')


def test_a_full_memory() -> None:
    host = text_host("AT+CNMI=2,0")
    for _ in range(31):
        host.sees(SmsArrived(SENDER, "x"))
    assert host.asks("AT+CPMS?") == said('+CPMS: "SM",30,30,"SM",30,30,"SM",30,30') + OK
    host.asks("AT+CMEE=2")
    host.asks("AT+CMGW")
    assert host.types(b"x\x1a") == said("+CMS ERROR: memory full")
    host.asks("AT+CNMI=2,1")
    assert host.asks("AT+CMGD=7") == OK + said('+CMTI: "SM",7')


def test_a_long_message_comes_in_parts() -> None:
    host = text_host()
    assert host.sees(SmsArrived(SENDER, "a" * 160 + "b")) == said('+CMTI: "SM",1', '+CMTI: "SM",2')
    assert host.asks("AT+CMGR=2").endswith(b"\r\naaaaaaab\r\n" + OK)
    assert host.asks("AT+CMGF=0;+CMGR=1").startswith(b'\r\n+CMGR: 0,"",158\r\n' + CENTRE.encode() + b"44")


# ---- memories ------------------------------------------------------------------------------------


def test_cpms() -> None:
    host = text_host()
    assert host.asks("AT+CPMS=?") == said('+CPMS: ("SM","ME"),("SM","ME"),("SM","ME")') + OK
    assert host.asks("AT+CPMS?") == said('+CPMS: "SM",0,30,"SM",0,30,"SM",0,30') + OK
    assert host.asks('AT+CPMS="SM","SM","SM"') == said("+CPMS: 0,30,0,30,0,30") + OK
    assert host.asks('AT+CPMS="SM","SM","ME"') == said("+CPMS: 0,30,0,30,0,20") + OK
    assert host.sees(SmsArrived(SENDER, "x")) == said('+CMTI: "ME",1')
    assert host.asks("AT+CMGR=1") == OK
    assert host.asks("AT+CPMS=me") == said("+CPMS: 1,20,0,30,1,20") + OK
    assert host.asks("AT+CMGR=1").startswith(b"\r\n+CMGR: ")
    assert host.asks('AT+CPMS="XX"') == ERROR
    assert host.asks("AT+CPMS=") == ERROR
    host.asks("AT+CMEE=1")
    assert host.asks('AT+CPMS="XX"') == said("+CMS ERROR: 303")


# ---- sending -------------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", [whole, bytewise, fragments(3)])
def test_sending_a_text(writer: Writer) -> None:
    host = text_host(writer=writer)
    assert host.asks('AT+CMGS="+49301"') == PROMPT
    assert host.types(b"hello world\x1a") == said("+CMGS: 0") + OK
    assert host.asks("AT+CMGS=0301,129") == PROMPT
    assert host.types(b"two\r\nlines\x1a") == said("+CMGS: 1") + OK
    assert host.asks('AT+CMGS="49301",145') == PROMPT
    assert host.types(b"\x1a") == said("+CMGS: 2") + OK
    assert sent(host) == [
        SmsSent("+49301", "hello world"),
        SmsSent("0301", "two\r\nlines"),
        SmsSent("+49301", ""),
    ]


def test_sending_takes_its_time() -> None:
    host = Host(Options(timing_factor=1.0))
    host.asks("AT+CMGF=1")
    host.asks('AT+CMGS="0301"')
    assert host.types(b"x\x1a") == b""
    assert host.waits(1.9) == b""
    assert sent(host) == []
    assert host.waits(0.1) == said("+CMGS: 0") + OK


def test_the_text_is_echoed() -> None:
    host = text_host("ATE1")
    host.asks('AT+CMGS="0301"')
    assert host.types(b"hi\x1a") == b"hi" + said("+CMGS: 0") + OK


def test_escape_sends_nothing() -> None:
    host = text_host()
    host.asks('AT+CMGS="0301"')
    assert host.types(b"hello\x1b") == OK
    host.asks("AT+CMGF=0")
    host.asks("AT+CMGS=19")
    assert host.types(b"00\x1b") == OK
    assert sent(host) == []


def test_the_longest_text() -> None:
    host = text_host("AT+CMEE=1")
    host.asks('AT+CMGS="0301"')
    assert host.types(b"a" * 160 + b"\x1a") == said("+CMGS: 0") + OK
    host.asks('AT+CMGS="0301"')
    assert host.types(b"a" * 161 + b"\x1a") == said("+CMS ERROR: 305")
    host.asks('AT+CMGS="0301"')
    assert host.types(b"a" * 5000 + b"\x1a") == said("+CMS ERROR: 305")
    assert len(sent(host)) == 1


def test_sending_without_a_network() -> None:
    host = text_host("AT+CMEE=2")
    host.sees(RegistrationChanged(2))
    host.asks('AT+CMGS="0301"')
    assert host.types(b"x\x1a") == said("+CMS ERROR: no network service")
    assert sent(host) == []


@pytest.mark.parametrize(
    "number", ['""', '"+"', '"12a4x"', '"123456789012345678901"', "", '"1",12', '"1",145,1']
)
def test_numbers_that_are_none(number: str) -> None:
    host = text_host("AT+CMEE=1")
    assert host.asks(f"AT+CMGS={number}") == said("+CMS ERROR: 305")


def test_character_sets() -> None:
    host = text_host('AT+CSCS="UCS2"', "AT+CSMP=17,167,0,8")
    assert host.asks('AT+CMGS="002B00340039"') == PROMPT
    assert host.types(b"04160021\x1a") == said("+CMGS: 0") + OK
    host.asks("AT+CMEE=1")
    assert host.asks('AT+CMGS="0301x"') == said("+CMS ERROR: 305")
    host.asks('AT+CMGS="0030"')
    assert host.types(b"041\x1a") == said("+CMS ERROR: 305")
    host.asks('AT+CSCS="HEX"')
    host.asks('AT+CMGS="+49"')
    assert host.types(b"0416\x1a") == said("+CMGS: 1") + OK
    host.asks('AT+CSCS="GSM";+CSMP=17,167,0,0')
    host.asks('AT+CMGS="+49"')
    assert host.types(b"\x00\x02\x1a") == said("+CMGS: 2") + OK
    host.asks('AT+CSCS="IRA"')
    host.asks('AT+CMGS="+49"')
    assert host.types(b"\xc3\xa4@\x1a") == said("+CMGS: 3") + OK
    assert sent(host) == [
        SmsSent("+49", "Ж!"),
        SmsSent("+49", "Ж"),
        SmsSent("+49", "@$"),
        SmsSent("+49", "??@"),
    ]


def test_reading_what_the_alphabet_lacks() -> None:
    host = text_host()
    host.sees(SmsArrived(SENDER, "Ж"))
    assert host.asks("AT+CMGR=1").endswith(b"\r\n0416\r\n" + OK)
    host.asks('AT+CSCS="UCS2"')
    number = "".join(f"{ord(char):04X}" for char in SENDER)
    assert host.asks("AT+CMGR=1") == said(f'+CMGR: "REC READ","{number}","","{STAMP}"\n0416') + OK


@pytest.mark.parametrize("writer", [whole, bytewise])
def test_sending_octets(writer: Writer) -> None:
    host = Host(writer=writer)
    assert host.asks("AT+CMGS=18") == PROMPT
    assert host.types(HELLO_SUBMIT.encode() + b"\x1a") == said("+CMGS: 0") + OK
    assert host.asks("AT+CMGS=18") == PROMPT
    assert host.types((CENTRE + HELLO_SUBMIT[2:].lower()).encode() + b"\x1a") == said("+CMGS: 1") + OK
    assert sent(host) == [SmsSent(SENDER, "hello")] * 2


@pytest.mark.parametrize("octets", ["", "zz", HELLO_SUBMIT + "00", HELLO_PDU, HELLO_SUBMIT[:-2]])
def test_octets_that_are_no_message(octets: str) -> None:
    host = Host()
    host.asks("AT+CMEE=1")
    assert host.asks("AT+CMGS=18") == PROMPT
    assert host.types(octets.encode() + b"\x1a") == said("+CMS ERROR: 304")


@pytest.mark.parametrize("length", ["17", "19"])
def test_a_length_that_is_wrong(length: str) -> None:
    host = Host()
    host.asks("AT+CMEE=2")
    host.asks(f"AT+CMGS={length}")
    assert host.types(HELLO_SUBMIT.encode() + b"\x1a") == said("+CMS ERROR: invalid PDU mode parameter")


@pytest.mark.parametrize("typed", ['AT+CMGS="0301"', "AT+CMGS=6", "AT+CMGS=165", "AT+CMGS=18,1"])
def test_what_pdu_mode_does_not_take(typed: str) -> None:
    host = Host()
    host.asks("AT+CMEE=1")
    assert host.asks(typed) == said("+CMS ERROR: 304")


def test_what_follows_the_prompt_in_the_line_is_dropped() -> None:
    host = text_host()
    assert host.asks('AT+CMGS="0301";+CMGF=0') == PROMPT
    assert host.types(b"x\x1a") == said("+CMGS: 0") + OK
    assert host.asks("AT+CMGF?") == said("+CMGF: 1") + OK


# ---- storing and sending from storage ------------------------------------------------------------


def test_store_then_send() -> None:
    host = text_host()
    assert host.asks("AT+CMGW") == PROMPT
    assert host.types(b"later\x1a") == said("+CMGW: 1") + OK
    assert host.asks("AT+CMGR=1") == said('+CMGR: "STO UNSENT","",""\nlater') + OK
    host.asks("AT+CMEE=1")
    assert host.asks("AT+CMSS=1") == said("+CMS ERROR: 305")
    assert host.asks('AT+CMSS=1,"0301"') == said("+CMSS: 0") + OK
    assert host.asks("AT+CMGR=1") == said('+CMGR: "STO SENT","",""\nlater') + OK
    assert host.asks('AT+CMGW="+49302"') == PROMPT
    assert host.types(b"x\x1b") == OK
    host.asks('AT+CMGW="+49302"')
    assert host.types(b"again\x1a") == said("+CMGW: 2") + OK
    assert host.asks("AT+CMSS=2") == said("+CMSS: 1") + OK
    assert host.asks("AT+CMSS=3") == said("+CMS ERROR: 321")
    assert host.asks("AT+CMSS=31") == said("+CMS ERROR: 321")
    assert sent(host) == [SmsSent("0301", "later"), SmsSent("+49302", "again")]


def test_store_octets() -> None:
    host = Host()
    assert host.asks("AT+CMGW=18") == PROMPT
    assert host.types(HELLO_SUBMIT.encode() + b"\x1a") == said("+CMGW: 1") + OK
    assert host.asks("AT+CMGW=18,3") == PROMPT
    assert host.types(HELLO_SUBMIT.encode() + b"\x1a") == said("+CMGW: 2") + OK
    assert host.asks("AT+CMGW=18") == PROMPT
    assert host.types(b"\x1b") == OK
    assert host.asks("AT+CMGR=1") == said(f'+CMGR: 2,"",18\n{CENTRE}{HELLO_SUBMIT[2:]}') + OK
    assert host.asks("AT+CMGR=2") == said(f'+CMGR: 3,"",18\n{CENTRE}{HELLO_SUBMIT[2:]}') + OK
    assert host.asks("AT+CMGW") == ERROR  # only text mode has this form
    assert host.asks("AT+CMGW=18,4") == ERROR
    assert host.asks("AT+CMSS=1") == said("+CMSS: 0") + OK
    assert sent(host) == [SmsSent(SENDER, "hello")]


def test_store_octets_as_received() -> None:
    """M800 4.2.6: SMS-DELIVER or SMS-SUBMIT; gammu saves a text as a message that was read."""
    host = Host()
    deliver = "040C919471103254760000" + "62113231542400" + "05E8329BFD06"
    assert host.asks("AT+CMGW=24,1") == PROMPT
    assert host.types(b"00" + deliver.encode() + b"\x1a") == said("+CMGW: 1") + OK
    assert host.asks("AT+CMGW=24,0") == PROMPT
    assert host.types(b"00" + deliver.encode() + b"\x1a") == said("+CMGW: 2") + OK
    assert host.asks("AT+CMGR=1") == said(f'+CMGR: 1,"",24\n{CENTRE}{deliver}') + OK
    assert host.asks("AT+CMGR=2") == said(f'+CMGR: 0,"",24\n{CENTRE}{deliver}') + OK
    head = '+CMGR: "REC READ","+491701234567","","26/11/23,13:45:42+00"'
    assert host.asks("AT+CMGF=1;+CMGR=2") == said(f"{head}\nhello") + OK
    host.asks("AT+CMGF=0")
    for line, octets in (("24", deliver), ("24,2", deliver), ("18,1", HELLO_SUBMIT[2:])):
        assert host.asks(f"AT+CMGW={line}") == PROMPT
        assert host.types(b"00" + octets.encode() + b"\x1a") == ERROR


def test_eight_bit_data_is_shown_as_digits() -> None:
    host = Host()
    host.asks("AT+CMGW=15")
    assert host.types(b"00010004813010000402FF7F\x1a") == ERROR
    host.asks("AT+CMGW=11")
    assert host.types(b"00010004813010000402FF7F\x1a") == said("+CMGW: 1") + OK
    assert host.asks("AT+CMGF=1;+CMGR=1") == said('+CMGR: "STO UNSENT","0301",""\nFF7F') + OK


# ---- settings ------------------------------------------------------------------------------------


def test_cmgf_and_csdh() -> None:
    host = Host()
    for name in ("CMGF", "CSDH"):
        assert host.asks(f"AT+{name}=?") == said(f"+{name}: (0,1)") + OK
        assert host.asks(f"AT+{name}?") == said(f"+{name}: 0") + OK
        assert host.asks(f"AT+{name}=1") == OK
        assert host.asks(f"AT+{name}?") == said(f"+{name}: 1") + OK
        assert host.asks(f"AT+{name}=2") == ERROR


def test_csmp() -> None:
    host = Host()
    assert host.asks("AT+CSMP=?") == said("+CSMP: (0-255),(0-255),(0-255),(0-255)") + OK
    assert host.asks("AT+CSMP?") == said("+CSMP: 17,167,0,0") + OK
    assert host.asks("AT+CSMP=49,167,0,0") == OK
    assert host.asks("AT+CSMP=,,,8") == OK
    assert host.asks("AT+CSMP?") == said("+CSMP: 49,167,0,8") + OK
    host.asks("AT+CMEE=1")
    for bad in ("256", "17,256", "17,167,0,0,0", '"17"', "4", "81", "25"):
        assert host.asks(f"AT+CSMP={bad}") == said("+CMS ERROR: 305")
    assert host.asks("AT+CSMP?") == said("+CSMP: 49,167,0,8") + OK


def test_csmp_shapes_what_is_stored() -> None:
    host = text_host("AT+CSMP=1,0,64,0")
    host.asks('AT+CMGW="0301"')
    host.types(b"a\x1a")
    assert host.asks("AT+CMGF=0;+CMGR=1") == said('+CMGR: 2,"",10\n' + CENTRE + "01000481301040000161") + OK


def test_csca() -> None:
    host = Host()
    assert host.asks("AT+CSCA?") == said('+CSCA: "+491710760000",145') + OK
    assert host.asks('AT+CSCA="0491",129') == OK
    assert host.asks("AT+CSCA?") == said('+CSCA: "0491",129') + OK
    assert host.asks('AT+CSCA="491",145') == OK
    assert host.asks("AT+CSCA?") == said('+CSCA: "+491",145') + OK
    assert host.asks('AT+CSCA=""') == ERROR
    host.asks("AT+CFUN=1,1")
    host.waits(60)
    assert host.asks("ATE0+CSCA?").endswith(said('+CSCA: "+491",145') + OK)


def test_csms_and_cnma() -> None:
    host = text_host("AT+CMEE=1")
    assert host.asks("AT+CSMS=?") == said("+CSMS: (0,1)") + OK
    assert host.asks("AT+CSMS?") == said("+CSMS: 0,1,1,0") + OK
    assert host.asks("AT+CNMA") == said("+CMS ERROR: 340")
    assert host.asks("AT+CSMS=1") == said("+CSMS: 1,1,0") + OK
    assert host.asks("AT+CSMS?") == said("+CSMS: 1,1,1,0") + OK
    assert host.asks("AT+CSMS=2") == said("+CMS ERROR: 303")
    assert host.asks("AT+CNMA") == said("+CMS ERROR: 340")
    host.asks("AT+CNMI=2,2")
    host.sees(SmsArrived(SENDER, "x"))
    assert host.asks("AT+CNMA") == OK
    assert host.asks("AT+CNMA") == said("+CMS ERROR: 340")


def test_profile_commands_reach_these_settings() -> None:
    host = text_host("AT+CNMI=2,2", "AT&W", "AT&FE0")
    assert host.asks("AT+CMGF?;+CNMI?") == said("+CMGF: 0", "+CNMI: 2,1,0,0,0") + OK
    host.asks("ATZE0")
    assert host.asks("AT+CMGF?;+CNMI?") == said("+CMGF: 1", "+CNMI: 2,2,0,0,0") + OK


# ---- refusals ------------------------------------------------------------------------------------

EVERY_FORM = [
    "AT+CMGF?",
    "AT+CMGF=1",
    "AT+CSDH?",
    "AT+CSDH=1",
    "AT+CPMS?",
    'AT+CPMS="SM"',
    "AT+CNMI?",
    "AT+CNMI=2,1",
    "AT+CSMP?",
    "AT+CSMP=17",
    "AT+CSCA?",
    'AT+CSCA="1"',
    "AT+CSMS?",
    "AT+CSMS=0",
    "AT+CNMA",
    "AT+CMGR=1",
    "AT+CMGL=4",
    "AT+CMGL",
    "AT+CMGD=1",
    "AT+CMGD=?",
    "AT+CMGS=18",
    "AT+CMGW=18",
    "AT+CMSS=1",
    "AT+CMGDA=6",
]


@pytest.mark.parametrize("typed", EVERY_FORM)
def test_nothing_works_without_the_card_and_the_service(typed: str) -> None:
    host = Host()
    host.sees(SimChanged(False))
    assert host.asks(typed) == ERROR
    host.asks("AT+CMEE=1")
    assert host.asks(typed) == said("+CMS ERROR: 310")
    locked = Host(Options(pin="1111"))
    locked.asks("AT+CMEE=2")
    assert locked.asks(typed) == said("+CMS ERROR: SIM PIN required")
    booting = Host(Options(boot=True, timing_factor=1.0))
    booting.asks("AT+CMEE=1")
    assert booting.asks(typed) == said("+CMS ERROR: 314")
    assert not booting.waits(6).endswith(said("SMS Ready"))
    assert booting.asks(typed) == said("+CMS ERROR: 314")
    booting.waits(60)
    assert booting.asks(typed) != said("+CMS ERROR: 314")


@pytest.mark.parametrize(
    "typed", ["AT+CMGR=0", "AT+CMGR=31", "AT+CMGR=x", "AT+CMGR=1,2", "AT+CMGD=0", "AT+CMGD=31"]
)
def test_places_that_are_not_there(typed: str) -> None:
    host = text_host()
    assert host.asks(typed) == ERROR
    host.asks("AT+CMEE=2")
    assert host.asks(typed) == said("+CMS ERROR: invalid memory index")


@pytest.mark.parametrize("typed", ["AT+CMGL=4", 'AT+CMGL="NONE"', 'AT+CMGL="ALL",2', "AT+CMGL="])
def test_lists_that_text_mode_does_not_have(typed: str) -> None:
    host = text_host("AT+CMEE=1")
    assert host.asks(typed) == said("+CMS ERROR: 305")


@pytest.mark.parametrize("typed", ['AT+CMGL="ALL"', "AT+CMGL=5", "AT+CMGL="])
def test_lists_that_pdu_mode_does_not_have(typed: str) -> None:
    host = Host()
    host.asks("AT+CMEE=1")
    assert host.asks(typed) == said("+CMS ERROR: 304")


UNKNOWN = [
    "AT+CMGF",
    "AT+CMGR",
    "AT+CMGR?",
    "AT+CMGL?",
    "AT+CMGD",
    "AT+CMGD?",
    "AT+CMGS",
    "AT+CMGS?",
    "AT+CNMI",
]
UNKNOWN += [
    "AT+CPMS",
    "AT+CSMP",
    "AT+CSCA",
    "AT+CSMS",
    "AT+CSDH",
    "AT+CNMA?",
    "AT+CNMA=1",
    "AT+CMSS",
    "AT+CMGW?",
]


@pytest.mark.parametrize("typed", UNKNOWN)
def test_forms_that_are_not_there(typed: str) -> None:
    host = Host()
    assert host.asks(typed) == ERROR
    host.asks("AT+CMEE=1")
    assert host.asks(typed) == said("+CME ERROR: 100")
