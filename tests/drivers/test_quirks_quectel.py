"""What drivers of both Quectel families depend on when they send, by the numbers of the facts' list."""

from __future__ import annotations

from collections.abc import Callable

import bg96_driver_host
import mxx_driver_host
import pytest
from driver_ways import small_writes
from mxx_driver_host import PROMPT
from shell_host import OK, Host, said
from vmodem.emulator.world import Writer, bytewise, fragments, whole
from vmodem.netstack.memory import MemoryConnection

PAYLOAD = b"\r\n AT+QISTATE?\r\n> \x1a+++\x00\xff\n\r"
Connect = Callable[..., tuple[Host, MemoryConnection]]
"""A host with its socket 0 open."""


@pytest.fixture(params=[mxx_driver_host.connected, bg96_driver_host.connected], ids=["mxx", "bg96"])
def connected(request: pytest.FixtureRequest) -> Connect:
    connect: Connect = request.param
    return connect


@pytest.mark.parametrize("writer", [whole, bytewise, small_writes, fragments(1)])
def test_1_the_line_feed_is_eaten_before_the_payload_is_counted(connected: Connect, writer: Writer) -> None:
    """1: otherwise TinyGSM's payload is shifted by one byte; 3: whatever the pieces."""
    host, peer = connected(writer=writer)
    assert host.types(b"AT\r\n") == OK
    assert host.types(b"AT+QISEND=0,%d\r\n" % len(PAYLOAD)) == PROMPT
    assert host.types(PAYLOAD) == said("SEND OK")
    assert peer.received == PAYLOAD


@pytest.mark.parametrize("writer", [whole, bytewise])
def test_1_a_host_with_cr_alone_may_begin_its_payload_with_lf(connected: Connect, writer: Writer) -> None:
    """1: mbed, RT-Thread, FreeRTOS, esp_modem and Zephyr write CR only."""
    host, peer = connected(writer=writer)
    assert host.types(b"AT+QISEND=0,2\r") == PROMPT
    assert host.types(b"\nb") == said("SEND OK")
    assert peer.received == b"\nb"


@pytest.mark.parametrize("stray", [b"\r\n", b"\r", b"\n", b"\x1a"])
def test_2_stray_bytes_behind_the_payload_are_nothing(connected: Connect, stray: bytes) -> None:
    """2: Sixfab's CR, Zephyr's Ctrl+Z: no ERROR, and the next command is understood."""
    host, peer = connected()
    assert host.types(b"AT+QISEND=0,5\r\n") == PROMPT
    assert host.types(b"hello" + stray) == said("SEND OK")
    assert host.types(b"AT+QISDE?\r\n") == said("+QISDE: 1", "OK")
    assert peer.received == b"hello"


def test_14_prompt_and_result(connected: Connect) -> None:
    """14: the prompt is four bytes and nothing follows it; the result begins with CR LF."""
    host, _ = connected()
    assert host.asks("AT+QISEND=0,5") + host.waits(0.5) == b"\r\n> "
    assert host.types(b"hello") + host.waits(1.0) == b"\r\nSEND OK\r\n"
