"""What is kept until a turn is over, and told then."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from vmodem.emulator.effects import CommandFinished, Effect
from vmodem.emulator.events import Address, Event, OutputReady
from vmodem.emulator.ledger import Ledger


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

    def flush(self) -> None:
        self.told.append(("flush",))

    def close(self) -> None:
        self.closed = True


LOCAL = Address("10.0.0.1", 1024)


def _never(callback: Callable[[], None]) -> None:
    pytest.fail("there was a turn")


def test_both_hear_everything_in_order_when_the_turn_is_over() -> None:
    log, capture = Chronicle(), Chronicle()
    soon: list[Callable[[], None]] = []
    page = Ledger((log.flush, capture.flush), soon.append).page(log, capture)
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
    ledger = Ledger((), _never)
    one, other = ledger.page(first, None), ledger.page(second, None)
    one.host(1.0, b"1")
    other.host(2.0, b"2")
    one.module(3.0, b"3")
    other.flush()
    assert [what[1] for what in first.told] == [1.0, 2.0, 3.0]


def test_a_capture_hears_of_a_connection_when_no_turn_is_under_way() -> None:
    log, capture = Chronicle(), Chronicle()
    soon: list[Callable[[], None]] = []
    page = Ledger((), soon.append).page(log, capture)
    page.connecting(7, LOCAL)
    assert not capture.told
    soon[0]()
    assert capture.told == [("connecting", 7, LOCAL)]
    assert not log.told


def test_whoever_fails_does_not_keep_the_others_from_their_files() -> None:
    class Wrong(Chronicle):
        def module(self, now: float, data: bytes) -> None:
            raise ZeroDivisionError

    log = Wrong()
    page = Ledger((log.flush,), _never).page(log, None)
    page.host(1.0, b"AT\r")
    page.module(2.0, b"OK")
    with pytest.raises(ZeroDivisionError):
        page.flush()
    page.flush()
    page.host(3.0, b"AT\r")
    page.flush()
    assert log.told == [("host", 1.0, b"AT\r"), ("flush",), ("host", 3.0, b"AT\r"), ("flush",)]


def test_the_end_tells_what_there_is() -> None:
    log = Chronicle()
    page = Ledger((log.flush,), _never).page(log, None)
    page.host(1.0, b"AT\r")
    page.close()
    assert log.told == [("host", 1.0, b"AT\r"), ("flush",)]
    assert log.closed
