"""A serial wire in numbers: no drift, and what a receiver at another rate reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vmodem.emulator.endpoints.wire import FRAME_BITS, Wire, alike, misread

RATES = (300, 9600, 38400, 115200, 460800, 250000)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("step", [0.001, 0.0037, 0.1])
def test_the_count_is_exact_at_every_moment(rate: int, step: float) -> None:
    wire, began, total = Wire(), 1234.5, 0
    wire.begin(began, rate)
    for tick in range(1, 2000):
        total += wire.through(began + tick * step)
        exact = tick * step * rate / FRAME_BITS
        assert exact - 1 - 1e-6 <= total <= exact + 2e-4


def test_a_byte_is_through_when_its_last_bit_is() -> None:
    wire = Wire()
    wire.begin(10.0, 10)
    assert wire.through(10.999) == 0
    assert wire.next() == 11.0
    assert wire.through(11.0) == 1
    assert wire.through(11.0) == 0
    assert wire.next() == 12.0
    wire.stop()
    assert wire.idle
    assert wire.through(20.0) == 0


@pytest.mark.parametrize(
    ("sent_at", "read_at", "fits"),
    [
        (9600, 9600, True),
        (9600, 9800, True),
        (115200, 116000, True),
        (9600, 10000, False),
        (115200, 9600, False),
    ],
)
def test_rates_that_fit(sent_at: int, read_at: int, fits: bool) -> None:
    assert alike(sent_at, read_at) is fits


@given(st.binary(max_size=300), st.sampled_from(RATES))
def test_at_one_rate_everything_is_read_as_it_was_sent(data: bytes, rate: int) -> None:
    assert misread(data, rate, rate) == data


@given(st.binary(max_size=60), st.sampled_from(RATES), st.sampled_from(RATES), st.integers(0, 60))
def test_how_it_is_cut_does_not_matter(data: bytes, sent_at: int, read_at: int, cut: int) -> None:
    whole = misread(data, sent_at, read_at)
    assert misread(data[:cut], sent_at, read_at) + misread(data[cut:], sent_at, read_at) == whole


def test_what_a_receiver_samples() -> None:
    """By hand: 'A' is 0x41, on the wire start 0, then 1 0 0 0 0 0 1 0, stop 1."""
    # Read at half the rate, samples lie at sender's bits 1, 3, 5, 7, 9 ...: the start bit's middle is the
    # sender's bit 1, which is high: a glitch. Next falling edge: bit 2; from there 3 is low (start), then
    # 5 low, 7 high, 9 and all after it high.
    assert misread(b"A", 9600, 4800) == bytes([0b11111110])
    # Read at twice the rate every bit is seen twice: start, data 0 (0 0 taken by start) ...
    first = [0, 1, 1, 0, 0, 0, 0, 0]  # second half of the start bit, then two samples a bit
    assert misread(b"A", 4800, 9600)[0] == sum(bit << at for at, bit in enumerate(first))
    assert misread(b"\xff", 9600, 115200)[:1] == b"\x00"  # a start bit twelve times too long is a break
