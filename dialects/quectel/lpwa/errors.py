"""BG96: the error codes of the TCP/IP manual, and how its commands are declared.

Source: BG96 TCP/IP AT Commands Manual V1.0 (S), chapter 4. Which situation gives which code is in the
README beside.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ....emulator.command import Command, Form
from ....emulator.reply import ErrorCode, Refusal

if TYPE_CHECKING:
    from .module import Bg96Module


class TcpIpError(ErrorCode):
    """What AT+QIGETERROR prints, and the ``<err>`` of late results (S 4; lower case as S 3.9 prints it)."""

    NONE = (0, "operation successful")
    UNKNOWN = (550, "unknown error")
    BLOCKED = (551, "operation blocked")
    INVALID_PARAMETERS = (552, "invalid parameters")
    NO_MEMORY = (553, "memory not enough")
    CREATE_SOCKET = (554, "create socket failed")
    NOT_SUPPORTED = (555, "operation not supported")
    BIND = (556, "socket bind failed")
    LISTEN = (557, "socket listen failed")
    WRITE = (558, "socket write failed")
    READ = (559, "socket read failed")
    ACCEPT = (560, "socket accept failed")
    OPEN_CONTEXT = (561, "open PDP context failed")
    CLOSE_CONTEXT = (562, "close PDP context failed")
    IDENTITY_IN_USE = (563, "socket identity has been used")
    DNS_BUSY = (564, "DNS busy")
    DNS_PARSE = (565, "DNS parse failed")
    CONNECT = (566, "socket connect failed")
    CLOSED = (567, "socket has been closed")
    BUSY = (568, "operation busy")
    TIMEOUT = (569, "operation timeout")
    CONTEXT_BROKEN = (570, "PDP context broken down")
    CANCEL_SEND = (571, "cancel send")
    NOT_ALLOWED = (572, "operation not allowed")
    APN = (573, "APN not configured")
    PORT_BUSY = (574, "port busy")


E = TcpIpError


def refuse(error: TcpIpError) -> Refusal:
    """The plain ERROR of a TCP/IP command; AT+QIGETERROR then tells ``error`` (S 2.1.17)."""
    return Refusal(error)


def tcpip(name: str, *forms: Form, cite: str, op: str = "") -> Command:
    """Declare a command of the manual: whatever it fails for, AT+QIGETERROR knows; a wrong parameter or
    a form that it lacks is 552 (S 3.9; observed, sixfab/atcom#14).
    """
    checked = tuple(replace(form, bad_parameter=E.INVALID_PARAMETERS) for form in forms)

    def begins(module: Bg96Module) -> None:
        # Each command of the manual is the last one from its beginning on (S 2.1.17).
        module.last_error = E.NONE
        module.fail_if_ordered(op)

    return Command(name, checked, cite, op, begins=begins, wrong_form=E.INVALID_PARAMETERS)
