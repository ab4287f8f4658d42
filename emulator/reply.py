"""Result codes, what a command answers, and the exact bytes that frame it on the line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Any


class ResultCode(IntEnum):
    """The result codes of V.250 table 1 with their numbers."""

    OK = 0
    CONNECT = 1
    RING = 2
    NO_CARRIER = 3
    ERROR = 4
    NO_DIALTONE = 6
    BUSY = 7
    NO_ANSWER = 8

    def __init__(self, _value: int) -> None:
        self.words: str = self.name.replace("_", " ")
        """As printed under ATV1."""


FAILURES = frozenset(
    {ResultCode.NO_CARRIER, ResultCode.ERROR, ResultCode.NO_DIALTONE, ResultCode.BUSY, ResultCode.NO_ANSWER}
)
"""The final results of what did not succeed."""


class ErrorCode(Enum):
    """Why a command failed: a number and a text, which the module prints as its dialect has it.

    The standards' tables are below; a vendor's own is one more subclass.
    """

    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self.text = text


class Cme(ErrorCode):
    """+CME ERROR codes of 27.007 9.2 with the texts of +CMEE=2."""

    PHONE_FAILURE = (0, "phone failure")
    NOT_ALLOWED = (3, "operation not allowed")
    NOT_SUPPORTED = (4, "operation not supported")
    PH_SIM_PIN_REQUIRED = (5, "PH-SIM PIN required")
    SIM_NOT_INSERTED = (10, "SIM not inserted")
    SIM_PIN_REQUIRED = (11, "SIM PIN required")
    SIM_PUK_REQUIRED = (12, "SIM PUK required")
    SIM_FAILURE = (13, "SIM failure")
    SIM_BUSY = (14, "SIM busy")
    SIM_WRONG = (15, "SIM wrong")
    INCORRECT_PASSWORD = (16, "incorrect password")
    SIM_PIN2_REQUIRED = (17, "SIM PIN2 required")
    SIM_PUK2_REQUIRED = (18, "SIM PUK2 required")
    MEMORY_FULL = (20, "memory full")
    INVALID_INDEX = (21, "invalid index")
    NOT_FOUND = (22, "not found")
    MEMORY_FAILURE = (23, "memory failure")
    TEXT_TOO_LONG = (24, "text string too long")
    INVALID_TEXT_CHARACTERS = (25, "invalid characters in text string")
    DIAL_TOO_LONG = (26, "dial string too long")
    INVALID_DIAL_CHARACTERS = (27, "invalid characters in dial string")
    NO_NETWORK = (30, "no network service")
    NETWORK_TIMEOUT = (31, "network timeout")
    EMERGENCY_ONLY = (32, "network not allowed - emergency calls only")
    INCORRECT_PARAMETERS = (50, "incorrect parameters")
    UNKNOWN = (100, "unknown")
    ILLEGAL_MS = (103, "illegal MS")
    ILLEGAL_ME = (106, "illegal ME")
    GPRS_NOT_ALLOWED = (107, "GPRS services not allowed")
    PLMN_NOT_ALLOWED = (111, "PLMN not allowed")
    AREA_NOT_ALLOWED = (112, "location area not allowed")
    ROAMING_NOT_ALLOWED = (113, "roaming not allowed")
    SERVICE_NOT_SUPPORTED = (132, "service option not supported")
    SERVICE_NOT_SUBSCRIBED = (133, "requested service option not subscribed")
    SERVICE_OUT_OF_ORDER = (134, "service option temporarily out of order")
    GPRS_UNSPECIFIED = (148, "unspecified GPRS error")
    PDP_AUTHENTICATION = (149, "PDP authentication failure")
    INVALID_MOBILE_CLASS = (150, "invalid mobile class")


class Cms(ErrorCode):
    """+CMS ERROR codes of 27.005 3.2.5 with the texts of +CMEE=2."""

    ME_FAILURE = (300, "ME failure")
    SERVICE_RESERVED = (301, "SMS service reserved")
    NOT_ALLOWED = (302, "operation not allowed")
    NOT_SUPPORTED = (303, "operation not supported")
    INVALID_PDU_PARAMETER = (304, "invalid PDU mode parameter")
    INVALID_TEXT_PARAMETER = (305, "invalid text mode parameter")
    SIM_NOT_INSERTED = (310, "SIM not inserted")
    SIM_PIN_REQUIRED = (311, "SIM PIN required")
    PH_SIM_PIN_REQUIRED = (312, "PH-SIM PIN required")
    SIM_FAILURE = (313, "SIM failure")
    SIM_BUSY = (314, "SIM busy")
    SIM_WRONG = (315, "SIM wrong")
    SIM_PUK_REQUIRED = (316, "SIM PUK required")
    SIM_PIN2_REQUIRED = (317, "SIM PIN2 required")
    SIM_PUK2_REQUIRED = (318, "SIM PUK2 required")
    MEMORY_FAILURE = (320, "memory failure")
    INVALID_INDEX = (321, "invalid memory index")
    MEMORY_FULL = (322, "memory full")
    SMSC_UNKNOWN = (330, "SMSC address unknown")
    NO_NETWORK = (331, "no network service")
    NETWORK_TIMEOUT = (332, "network timeout")
    NO_CNMA_EXPECTED = (340, "no +CNMA acknowledgement expected")
    UNKNOWN = (500, "unknown")


class Refusal(Exception):
    """A handler's word that the host's command fails; the engine prints it as +CMEE says.

    Without a code it is a plain ``ERROR`` whatever +CMEE says.
    """

    def __init__(self, code: ErrorCode | None = None) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command answers.

    ``info``: lines of one information block. ``data``: raw bytes directly behind it. ``final``: the
    result code; a text is a vendor's own final (``SHUT OK``); ``None`` means that nothing ends the
    answer (``AT+CIFSR``). ``after``: blocks that follow the OK (``STATE: IP INITIAL``); in a line of
    several commands they stand in place of the OK. ``code``: what an ERROR means. ``enter``: the link
    that owns the line behind a CONNECT.
    """

    info: tuple[str, ...] = ()
    data: bytes = b""
    final: ResultCode | str | None = ResultCode.OK
    after: tuple[tuple[str, ...], ...] = ()
    code: ErrorCode | None = None
    enter: Any = None


OK = Reply()
NO_CARRIER = Reply(final=ResultCode.NO_CARRIER)


def info(*lines: str) -> Reply:
    """Information lines, then OK."""
    return Reply(info=lines)


def bare(*lines: str) -> Reply:
    """Information lines that no result code follows (``AT+CIFSR``)."""
    return Reply(info=lines, final=None)


@lru_cache(maxsize=256)
def literal(text: str) -> Reply:
    """A vendor's own final result, such as ``CLOSE OK``."""
    return Reply(final=text)


class Framing:
    """The bytes around answers: V.250 5.7.1 with ATV, ATQ, S3 and S4 as they are now."""

    __slots__ = ("_cr", "codes", "eol", "verbose")

    def __init__(self, verbose: bool = True, s3: int = 13, s4: int = 10, quiet: bool = False) -> None:
        self.verbose = verbose
        self._cr = bytes((s3,))
        self.eol = bytes((s3, s4))
        """The end of a line: S3, S4."""
        numbered = {} if quiet else {int(code): self._code(code) for code in ResultCode}
        self.codes = tuple(numbered.get(number, b"") for number in range(max(ResultCode) + 1))
        """Each result code's bytes, at its number; none with ATQ1."""

    def _code(self, code: ResultCode) -> bytes:
        if self.verbose:
            return self.eol + code.words.encode() + self.eol
        return b"%d" % code + self._cr

    def block(self, lines: tuple[str, ...]) -> bytes:
        """Lines of one information block; a single line end stands between them."""
        eol = self.eol
        body = eol.join([line.encode("latin-1", "replace") for line in lines]) + eol
        return eol + body if self.verbose else body

    def text(self, text: str) -> bytes:
        """One line of its own: a URC or a vendor's final result (never a number)."""
        body = text.encode("latin-1", "replace") + self.eol
        return self.eol + body if self.verbose else body

    def prompt(self) -> bytes:
        """The send prompt: line end, ``>``, space; nothing after it."""
        return self.eol + b"> "


framing = lru_cache(256)(Framing)
"""The :class:`Framing` of these settings: modules that have the same share one."""
