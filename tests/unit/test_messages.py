"""Where short messages are kept, and their octets: storage, alphabet, 23.040 with published examples."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vmodem.dialects import gsm_text, sms_pdu
from vmodem.emulator.messages import Message, Messages, Status, Storage

GSM = "".join(char for char in gsm_text.ALPHABET if char != "\x1b") + "".join(gsm_text.EXTENSION.values())
gsm_texts = st.text(st.sampled_from(GSM), max_size=80)
ucs2_texts = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=70)
numbers = st.from_regex(r"\+?[0-9*#]{1,20}", fullmatch=True)


def message(text: str = "x", status: Status = Status.REC_UNREAD) -> Message:
    return Message("+49301", text, status)


# ---- storage -------------------------------------------------------------------------------------


def test_places_are_filled_from_the_lowest() -> None:
    storage = Storage("SM", 3)
    assert [storage.put(message()), storage.put(message(), 3), storage.put(message())] == [1, 3, 2]
    assert storage.full
    with pytest.raises(OverflowError, match="SM is full"):
        storage.put(message())
    storage.delete(2)
    storage.delete(2)
    assert storage.indices() == [1, 3]
    assert storage.put(message(), 3) == 2


@pytest.mark.parametrize("index", [0, 4, -1])
def test_a_place_that_is_not_there(index: int) -> None:
    with pytest.raises(ValueError, match=f"the places 1 to 3, not {index}"):
        Storage("SM", 3).put(message(), index)


def test_deleting_by_status() -> None:
    storage = Storage("SM", 4)
    for status in Status:
        storage.put(message(status=status))
    storage.delete_all(Status.REC_READ, Status.STO_SENT)
    assert [storage.get(i) is None for i in range(1, 5)] == [False, True, False, True]
    assert len(storage) == 2


def test_status_numbers_and_kinds() -> None:
    assert [(s.number, s.received) for s in Status] == [(0, True), (1, True), (2, False), (3, False)]


def test_references_go_around() -> None:
    messages = Messages()
    assert [messages.next_reference() for _ in range(257)] == [*range(256), 0]


# ---- the alphabet --------------------------------------------------------------------------------


def test_the_alphabet_has_its_128_places() -> None:
    assert len(gsm_text.ALPHABET) == 128
    assert len(set(gsm_text.ALPHABET)) == 128
    codes = {
        0x00: "@",
        0x02: "$",
        0x10: "Δ",
        0x1A: "Ξ",
        0x1E: "ß",
        0x24: "¤",
        0x40: "¡",
        0x5B: "Ä",
        0x60: "¿",
    }
    assert {code: gsm_text.ALPHABET[code] for code in codes} == codes
    assert gsm_text.ALPHABET[0x7B:] == "äöñüà"


@given(gsm_texts)
def test_septets_round_trip(text: str) -> None:
    assert gsm_text.from_septets(gsm_text.to_septets(text)) == text


@given(st.binary(max_size=160).map(lambda data: bytes(byte & 0x7F for byte in data)), st.integers(0, 6))
def test_packing_round_trips(septets: bytes, fill: int) -> None:
    packed = sms_pdu.pack(septets, fill)
    assert len(packed) == -(-(7 * len(septets) + fill) // 8)
    assert sms_pdu.unpack(packed, len(septets), fill) == septets


def test_packing_as_published() -> None:
    assert sms_pdu.pack(gsm_text.to_septets("hellohello")).hex().upper() == "E8329BFD4697D9EC37"


def test_characters_outside() -> None:
    assert not gsm_text.in_alphabet("Привет")
    assert not gsm_text.in_alphabet("\x1b")
    with pytest.raises(gsm_text.NotInCharacterSet):
        gsm_text.to_septets("ж")
    assert gsm_text.from_septets(b"\x1b\x01") == " "


@pytest.mark.parametrize(
    ("text", "charset", "ucs2", "shown"),
    [
        ("a@ä", "IRA", False, "a@?"),
        ("a@ä", "GSM", False, "a\x00\x7b"),
        ("a@ä", "8859-1", False, "a@ä"),
        ("a@ä", "PCCP437", False, "a@\x84"),
        ("a@", "UCS2", False, "00610040"),
        ("a@", "HEX", False, "6100"),
        ("Ж", "IRA", True, "0416"),
        ("Ж", "GSM", True, "0416"),
        ("Ж", "HEX", True, "0416"),
        ("Ж", "UCS2", True, "0416"),
        ("ê", "8859-1", True, "ê"),
        ("ab", "IRA", True, "00610062"),
    ],
)
def test_messages_in_the_hosts_characters(text: str, charset: str, ucs2: bool, shown: str) -> None:
    assert gsm_text.message_to_host(text, charset, ucs2=ucs2) == shown


@pytest.mark.parametrize(
    ("typed", "charset", "ucs2", "text"),
    [
        (b"a@", "IRA", False, "a@"),
        (b"\x00\x7b", "GSM", False, "@ä"),
        (b"0416", "UCS2", True, "Ж"),
        (b"0416", "HEX", True, "Ж"),
        (b"6100", "HEX", False, "a@"),
        (b"\xe4", "8859-1", False, "ä"),
    ],
)
def test_what_the_host_types(typed: bytes, charset: str, ucs2: bool, text: str) -> None:
    assert gsm_text.message_from_host(typed, charset, ucs2=ucs2) == text


@pytest.mark.parametrize("typed", [b"041", b"zz", b"04"])
def test_what_is_no_hexadecimal_text(typed: bytes) -> None:
    with pytest.raises(gsm_text.NotInCharacterSet):
        gsm_text.message_from_host(typed, "UCS2", ucs2=True)


# ---- the octets ----------------------------------------------------------------------------------


def test_a_published_delivery() -> None:
    # A widely used example (29 March 1999, 15:16:59, two hours ahead of UTC), with its sender's type C8
    # changed to 91: numbers here are international or unknown.
    utc = datetime(1999, 3, 29, 13, 16, 59, tzinfo=UTC).timestamp()
    tpdu = sms_pdu.deliver("+27838890001", "hellohello", utc, 8, 4, 0, 0, b"")
    length, octets = sms_pdu.with_service_centre("+27381000015", tpdu)
    assert octets == "07917283010010F5040B917238880900F10000993092516195800AE8329BFD4697D9EC37"
    assert length == len(octets) // 2 - 8


def test_a_published_submission() -> None:
    typed = "0011000B916407281553F80000AA0AE8329BFD4697D9EC37"
    said = sms_pdu.read_submit(sms_pdu.tpdu_of(typed))
    assert said == sms_pdu.Submitted("+46708251358", "hellohello", 0x11, 0, 0, b"")
    assert sms_pdu.submit("+46708251358", "hellohello", 0x11, 0, 0, 0xAA).hex().upper() == typed[2:]


def test_time_zones() -> None:
    def zone(quarters: int) -> str:
        return sms_pdu.deliver("1", "", 0.0, quarters, 4, 0, 0, b"")[-2:-1].hex()

    assert [zone(q) for q in (0, 4, 48, -4, -48)] == ["00", "40", "84", "48", "8c"]


def test_a_name_as_sender() -> None:
    tpdu = sms_pdu.deliver("Play", "", 0.0, 0, 4, 0, 0, b"")
    # Four septets: 28 bits, seven semi-octets (23.040 9.1.2.5).
    assert tpdu[1:3].hex() == "07d0"
    assert gsm_text.from_septets(sms_pdu.unpack(tpdu[3:7], 4)) == "Play"


@pytest.mark.parametrize(
    ("dcs", "alphabet"),
    [
        *[(0x00, "GSM"), (0x04, "8BIT"), (0x08, "UCS2"), (0x10, "GSM"), (0x18, "UCS2")],
        *[(0xC8, "GSM"), (0xD8, "GSM"), (0xE0, "UCS2"), (0xF0, "GSM"), (0xF4, "8BIT")],
    ],
)
def test_codings(dcs: int, alphabet: str) -> None:
    assert sms_pdu.alphabet_of(dcs) == alphabet


@given(
    numbers, st.one_of(gsm_texts.map(lambda t: (t, 0)), ucs2_texts.map(lambda t: (t, 8))), st.integers(0, 255)
)
def test_submissions_round_trip(number: str, coded: tuple[str, int], validity: int) -> None:
    text, dcs = coded
    if not sms_pdu.fits(text, dcs):
        return
    for first_octet in (0x01, 0x11):
        tpdu = sms_pdu.submit(number, text, first_octet, 0, dcs, validity)
        read = sms_pdu.read_submit(tpdu)
        assert (read.number, read.text, read.first_octet, read.dcs) == (number, text, first_octet, dcs)


@given(numbers, gsm_texts, st.integers(0, 3_000_000_000), st.integers(-48, 56))
def test_deliveries_round_trip(number: str, text: str, seconds: int, quarters: int) -> None:
    utc = 946_684_800 + 86_400 + float(seconds)  # the time stamp has two digits for years from 2000
    if not sms_pdu.fits(text, 0):
        return
    tpdu = sms_pdu.deliver(number, text, utc, quarters, 4, 0, 0, b"")
    assert sms_pdu.read_deliver(tpdu) == sms_pdu.Delivered(number, text, utc, 4, 0, 0, b"")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("000104812143" + "0000" + "62113231542400" + "00", "not an SMS-DELIVER"),
        ("000404812143" + "0000" + "62113231542400" + "0000", "left over"),
        ("0004048121F5" + "0000" + "62113231542400" + "00", "not a digit"),
        ("000404812143" + "0000" + "62D13231542400" + "00", "not a time"),
        ("000404812143" + "0000" + "62313231542400" + "00", "not a time"),
        ("000404812143" + "0000" + "621132315424A4" + "00", "not a time"),
        ("000404812143" + "0000" + "62113231542400", "too short"),
    ],
)
def test_what_is_no_delivery(typed: str, reason: str) -> None:
    with pytest.raises(sms_pdu.PduError, match=reason):
        sms_pdu.read_deliver(sms_pdu.tpdu_of(typed))


@given(st.text(min_size=1, max_size=400))
def test_parts_hold_all_of_a_text(text: str) -> None:
    text = text.encode("utf-16-be", "replace").decode("utf-16-be")
    parts = sms_pdu.parts_of(text, 7)
    assert "".join(piece for piece, _, _ in parts) == text
    for number, (piece, header, dcs) in enumerate(parts, 1):
        if len(parts) > 1:
            assert header == bytes((5, 0, 3, 7, len(parts), number))
        first_octet = 1 | (sms_pdu.USER_DATA_HEADER if header else 0)
        tpdu = bytes((first_octet, 0)) + sms_pdu.submit("1", "", 1, 0, dcs, 0)[2:-1]
        tpdu += sms_pdu.deliver("1", piece, 0.0, 0, 4, 0, dcs, header)[13:]
        read = sms_pdu.read_submit(tpdu)
        assert (read.text, read.header) == (piece, header)


@given(st.binary(max_size=60))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    try:
        read = sms_pdu.read_submit(sms_pdu.tpdu_of(octets.hex()))
    except sms_pdu.PduError:
        return
    assert read.number
    assert read.first_octet & 3 == 1


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0",
        "zz",
        "00",
        "0004",
        "0511",
        "0011000B916407281553F80000AA0AE8329BFD4697D9EC",
        "0011000B916407281553F80000AA0AE8329BFD4697D9EC3700",
        "0011000B916407281553FF0000AA00",
        "00110000910000AA00",
        "0041000B916407281553F8000002FF00",
        "0001000B916407281553F800080100",
        "0001000B916407281553F80000A1" + "00" * 141,
    ],
)
def test_what_is_no_submission(typed: str) -> None:
    with pytest.raises(sms_pdu.PduError):
        sms_pdu.read_submit(sms_pdu.tpdu_of(typed))


def test_septets_behind_a_header_start_on_a_septet() -> None:
    # Six octets of header are 48 bits: one bit fills up to the seventh septet (23.040 9.2.3.24).
    header = bytes.fromhex("050003070201")
    assert sms_pdu.deliver("1", "a", 0.0, 0, 0x44, 0, 0, header).hex().upper().endswith("08050003070201C2")


def test_the_longest_messages() -> None:
    assert sms_pdu.fits("a" * 160, 0)
    assert not sms_pdu.fits("a" * 161, 0)
    assert not sms_pdu.fits("€" * 81, 0)
    assert sms_pdu.fits("Ж" * 70, 8)
    assert not sms_pdu.fits("Ж" * 71, 8)
    assert not sms_pdu.fits("Ж", 0)
    assert [len(piece) for piece, _, _ in sms_pdu.parts_of("a" * 161, 1)] == [153, 8]
    assert [len(piece) for piece, _, _ in sms_pdu.parts_of("Ж" * 71, 1)] == [67, 4]
