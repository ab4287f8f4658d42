"""What is wrong inside one step: values that nothing can have, and keys that exclude each other.

Rules for editors: an editor's hook runs this for each save. What only some steps need is imported there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import UNSET, UnsetType

from . import actions, values
from .parts import Between

RESULT_OPS = {
    "connect_fail": ("socket.open",),
    "dns_fail": ("socket.open", "dns.resolve", "net.ping", "net.ntp"),
    "send_fail": ("socket.send",),
    "activate_fail": ("pdp.activate", "pdp.bearer", "socket.open"),
    "deactivate_fail": ("pdp.deactivate", "pdp.bearer"),
}
"""The operations that can fail in this way; the other results are errors, which every command can have."""


def _fail_faults(fail: actions.Fail) -> str:
    if (fail.command is UNSET) is (fail.op is UNSET):
        return "exactly one of command and op says what fails"
    ops = RESULT_OPS.get(fail.result)
    if fail.op is not UNSET and ops is not None and fail.op not in ops:
        return f"{fail.op} cannot end with {fail.result} (that is a result of {', '.join(ops)})"
    return ""


def _garble_faults(garble: actions.Garble) -> str:
    kinds = [k for k in ("flip", "drop", "double", "insert", "split") if getattr(garble, k) is not UNSET]
    if len(kinds) != 1:
        listed = " and ".join(kinds) if kinds else "none"
        return f"exactly one of flip, drop, double, insert and split belongs here, there is {listed}"
    return ""


def _link_faults(link: actions.Impairment) -> str:
    from .steps_path import toxics

    try:
        chain = toxics(link)
    except ValueError as error:
        return str(error)
    if link.peer is not UNSET and link.link != "any":
        return "link and peer both say which connections (keep one)"
    if fault := _peer_fault(link.peer):
        return fault
    return (
        ""
        if chain
        else "says nothing of how the path behaves (give latency, bandwidth, loss ...; or use restore)"
    )


def _peer_fault(peer: str | UnsetType) -> str:
    if peer is UNSET:
        return ""
    from .. import faults

    try:
        faults.Peers(peer)
    except ValueError as error:
        return str(error)
    return ""


def _connects_faults(connects: actions.Connects) -> str:
    return _peer_fault(connects.peer)


def _dns_faults(dns: actions.Dns) -> str:
    return "" if dns.answer else "an answer of no addresses is none (write nxdomain)"


_SENDER = re.compile(r"\+?[0-9*#]{1,20}|[A-Za-z0-9 .,&'()_!?/:+*#-]{1,11}", re.ASCII)
"""23.040 9.1.2.5: a number of up to 20 digits, or a name of up to 11 characters of the GSM alphabet."""
_CALLER = re.compile(r"\+?[0-9*#]{0,20}", re.ASCII)


def _sms_faults(sms: actions.Sms) -> str:
    if _SENDER.fullmatch(sms.from_):
        return ""
    return f"nobody sends from {sms.from_!r} (a number of up to 20 digits, or a name of up to 11 characters)"


def rssi_fault(rssi: int) -> str:
    """27.007 8.5."""
    return "" if rssi <= 31 or rssi == 99 else f"{rssi} is no <rssi> (0 to 31, or 99: not known)"


def _signal_faults(signal: actions.Signal) -> str:
    if isinstance(signal.rssi, actions.Walk):
        if signal.rssi.walk[0] > signal.rssi.walk[1]:
            return "a walk goes from its lower bound to its upper one"
    elif fault := rssi_fault(signal.rssi):
        return fault
    return (
        "" if signal.ber <= 7 or signal.ber == 99 else f"{signal.ber} is no <ber> (0 to 7, or 99: not known)"
    )


def _time_faults(time: actions.Time) -> str:
    try:
        values.utc_seconds(time.utc)
    except ValueError:
        return f"{time.utc} is no moment of any calendar"
    return ""


def _ring_faults(ring: actions.Ring) -> str:
    if ring.for_ is not UNSET and ring.times is not UNSET:
        return "for and times both say when the caller gives up (keep one)"
    if not _CALLER.fullmatch(ring.from_):
        return f"nobody calls from {ring.from_!r} (a number of up to 20 digits, or nothing: withheld)"
    return ""


def _ussd_faults(ussd: actions.Ussd) -> str:
    if ussd.times is not UNSET and ussd.to is UNSET:
        return "times is of answers (say to which request, with to; or leave it out)"
    speaks = ussd.result in ("notify", "request")
    if speaks and not ussd.text:
        return f"{ussd.result} has a text (give it)"
    return "" if speaks or not ussd.text else f"{ussd.result} has no text (leave it out)"


def _range_faults(duration: str | Between) -> str:
    if isinstance(duration, Between):
        low, high = map(values.seconds, duration.between)
        if low > high:
            return f"between {duration.between[0]} and {duration.between[1]} there is nothing"
    return ""


def _lines_faults(lines: actions.Lines) -> str:
    return "" if lines.given() else "no line is named (ri, dcd, cts, dsr)"


WRONG: dict[str, Callable[[Any], str]] = {
    "wait": _range_faults,
    "delay": _range_faults,
    "signal": _signal_faults,
    "fail": _fail_faults,
    "garble": _garble_faults,
    "link": _link_faults,
    "line": _lines_faults,
    "time": _time_faults,
    "ring": _ring_faults,
    "ussd": _ussd_faults,
    "sms": _sms_faults,
    "connects": _connects_faults,
    "dns": _dns_faults,
}
"""By step: what is wrong with one, or nothing."""
