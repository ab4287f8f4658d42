"""What is kept until a turn is over, and told then."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from vmodem.emulator.effects import CommandFinished, Effect
from vmodem.emulator.events import Address, Event, OutputReady
from vmodem.emulator.ledger import Ledger, Page


class Chronicle:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.closed = False

    def host(self, now: float, data: bytes) -> None:
        self.told.append(("host", now, data))

    def module(self, now: float, data: bytes) -> None:
        self.told.append(("module", now, data))

    def event(self, now: float, event: Event) -> None:
        self.told.append(("event", now, event))

    def effect(self, now: float, effect: Effect) -> None:
        self.told.append(("effect", now, effect))

    def note(self, now: float, text: str) -> None:
        self.told.append(("note", now, text))

    def connecting(self, handle: int, local: Address) -> None:
        self.told.append(("connecting", handle, local))

    def flush(self, *, behind: bool = False) -> None:
        self.told.append(("flush",))

    def close(self) -> None:
        self.closed = True


LOCAL = Address("10.0.0.1", 1024)


def _never(_callback: Callable[[], object]) -> None:
    pytest.fail("there was a turn")


def test_both_hear_everything_in_order_when_the_turn_is_over() -> None:
    log, capture = Chronicle(), Chronicle()
    soon: list[Callable[[], None]] = []
    page = Ledger((log.flush, capture.flush), soon.append, _never).page(log, capture)
    ready, finished = OutputReady(), CommandFinished("AT", "OK")
    page.host(1.0, b"AT\r")
    page.module(2.0, b"OK")
    page.event(3.0, ready)
    page.effect(4.0, finished)
    page.note(5.0, "remarkable")
    assert log.told == capture.told == []
    page.flush()
    told = [
        ("host", 1.0, b"AT\r"),
        ("module", 2.0, b"OK"),
        ("event", 3.0, ready),
        ("effect", 4.0, finished),
        ("note", 5.0, "remarkable"),
        ("flush",),
    ]
    assert log.told == capture.told == told
    page.flush()
    assert log.told == told
    assert not soon


def test_several_modems_are_told_of_in_the_order_in_which_things_happened() -> None:
    first, second = Chronicle(), Chronicle()
    second.told = first.told
    ledger = Ledger((), _never, _never)
    one, other = ledger.page(first, None), ledger.page(second, None)
    one.host(1.0, b"1")
    other.host(2.0, b"2")
    one.module(3.0, b"3")
    other.flush()
    assert [what[1] for what in first.told] == [1.0, 2.0, 3.0]


def test_a_capture_hears_of_a_connection_when_no_turn_is_under_way() -> None:
    log, capture = Chronicle(), Chronicle()
    soon: list[Callable[[], None]] = []
    page = Ledger((), soon.append, _never).page(log, capture)
    page.connecting(7, LOCAL)
    assert not capture.told
    soon[0]()
    assert capture.told == [("connecting", 7, LOCAL)]
    assert not log.told


def _streaming() -> tuple[Chronicle, Page, list[Callable[[], bool]]]:
    log = Chronicle()
    pieces: list[Callable[[], bool]] = []
    return log, Ledger((log.flush,), _never, pieces.append).page(log, None), pieces


def test_a_stream_is_told_piece_by_piece() -> None:
    log, page, pieces = _streaming()
    page.flush(behind=True)
    assert not pieces  # of nothing
    page.host(1.0, b"1")
    page.module(2.0, b"2")
    page.flush(behind=True)
    assert not log.told
    (piece,) = pieces
    assert piece()
    assert log.told == [("host", 1.0, b"1")]
    assert piece()
    assert not piece()
    assert log.told == [("host", 1.0, b"1"), ("module", 2.0, b"2"), ("flush",)]
    assert not piece()
    page.flush()
    assert len(log.told) == 3


def test_what_is_seen_outside_comes_behind_all_of_a_stream() -> None:
    log, page, pieces = _streaming()
    for told in range(3):
        page.host(1.0, b"1")
        page.host(2.0, b"2")
        page.flush(behind=True)
        for _ in range(told):
            assert pieces[-1]()
        page.module(3.0, b"3")
        page.flush()
        assert [what[0] for what in log.told] == ["host", "host", "module", "flush"]
        assert not pieces[-1]()
        log.told.clear()
    page.host(1.0, b"1")
    page.flush(behind=True)
    assert pieces[-1]()
    page.flush()  # it was told and is not in the file yet
    assert [what[0] for what in log.told] == ["host", "flush"]


def test_no_more_than_one_turn_is_behind() -> None:
    log, page, pieces = _streaming()
    for turn in range(4):
        page.host(turn, b"x")
        page.flush(behind=True)
    assert [what[0] for what in log.told] == ["host", "host", "flush", "host", "host", "flush"]
    assert len(pieces) == 2


def test_whoever_fails_does_not_keep_the_others_from_their_files() -> None:
    class Wrong(Chronicle):
        def module(self, now: float, data: bytes) -> None:
            raise ZeroDivisionError

    log = Wrong()
    page = Ledger((log.flush,), _never, _never).page(log, None)
    page.host(1.0, b"AT\r")
    page.module(2.0, b"OK")
    with pytest.raises(ZeroDivisionError):
        page.flush()
    page.flush()
    page.host(3.0, b"AT\r")
    page.flush()
    assert log.told == [("host", 1.0, b"AT\r"), ("flush",), ("host", 3.0, b"AT\r"), ("flush",)]


def test_whoever_is_told_may_add_something() -> None:
    class Adding(Chronicle):
        def host(self, now: float, data: bytes) -> None:
            super().host(now, data)
            page.note(now, "remarkable")

    log = Adding()
    page = Ledger((log.flush,), _never, _never).page(log, None)
    page.host(1.0, b"AT\r")
    page.flush()
    assert log.told == [("host", 1.0, b"AT\r"), ("note", 1.0, "remarkable"), ("flush",)]


def test_the_end_tells_what_there_is() -> None:
    log = Chronicle()
    page = Ledger((log.flush,), _never, _never).page(log, None)
    page.host(1.0, b"AT\r")
    page.close()
    assert log.told == [("host", 1.0, b"AT\r"), ("flush",)]
    assert log.closed
