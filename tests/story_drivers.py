"""Two small drivers for the stories of the catalogue: a careful one, and one that trusts its luck.

Both deliver ten numbered messages to a server that echoes them. They know nothing of scenarios, and
speak through a port that is virtual or real.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

COUNT = 10
SIZE = 6
"""Bytes of a message: ``msg01`` and a line end."""


def message(number: int) -> bytes:
    """The message of this number."""
    return b"msg%02d\n" % number


class Port(Protocol):
    """Where the modem is."""

    def write(self, data: bytes) -> None:
        """Type."""

    def read(self, seconds: float) -> bytes:
        """What comes within ``seconds``; returns as soon as something has come."""

    def clock(self) -> float:
        """Seconds."""

    def rang(self) -> bool:
        """Whether RI has been ON since this was asked last (False where the port has no RI)."""


@dataclass(frozen=True)
class Words:
    """What a module's TCP/IP commands are called."""

    up: tuple[str, ...]
    open: str
    opened: bytes
    failed: tuple[bytes, ...]
    send: str
    close: str
    down: str
    lost: tuple[bytes, ...]
    """What is said when connection or context are gone."""
    online: tuple[str, ...] = ()
    """What has to be said before ``up`` for a connection in data mode."""
    open_online: str = ""
    """What opens it, where that is another line."""


WORDS = {
    "sim800": Words(
        up=("AT+CSTT", "AT+CIICR", "AT+CIFSR"),
        open='AT+CIPSTART="TCP","{host}",{port}',
        opened=b"CONNECT OK",
        failed=(b"CONNECT FAIL", b"ALREADY CONNECT"),
        send="AT+CIPSEND={size}",
        close="AT+CIPCLOSE",
        down="AT+CIPSHUT",
        lost=(b"CLOSED", b"+PDP: DEACT"),
        online=("AT+CIPMODE=1",),
    ),
    "quectel_mxx": Words(
        up=("AT+QIDNSIP=1", "AT+QIREGAPP", "AT+QIACT", "AT+QILOCIP"),
        open='AT+QIOPEN="TCP","{host}",{port}',
        opened=b"CONNECT OK",
        failed=(b"CONNECT FAIL", b"ALREADY CONNECT"),
        send="AT+QISEND={size}",
        close="AT+QICLOSE",
        down="AT+QIDEACT",
        lost=(b"CLOSED", b"+PDP DEACT"),
        online=("AT+QIMODE=1",),
    ),
    "bg96": Words(
        up=('AT+QICSGP=1,1,"internet"', "AT+QIACT=1"),
        open='AT+QIOPEN=1,0,"TCP","{host}",{port},0,1',
        opened=b"+QIOPEN: 0,0",
        failed=(b"+QIOPEN: 0,5",),
        send="AT+QISEND=0,{size}",
        close="AT+QICLOSE=0",
        down="AT+QIDEACT=1",
        lost=(b'+QIURC: "closed"', b'+QIURC: "pdpdeact"'),
        open_online='AT+QIOPEN=1,0,"TCP","{host}",{port},0,2',
    ),
}
REBOOTED = b"RDY"
ADDRESS = rb"\d+\.\d+\.\d+\.\d+\r\n"


class Trouble(Exception):
    """Something is not as it should be."""


@dataclass
class Driver:
    """What both have: a port, the module's words, a server, and what came."""

    port: Port
    words: Words
    host: str
    number: int
    """The server's port."""
    pause: float = 2.0
    """Seconds between two messages."""
    heard: bytearray = field(default_factory=bytearray)
    delivered: int = 0

    def opening(self) -> str:
        """The line that opens the connection."""
        return self.words.open.format(host=self.host, port=self.number)

    def run(self, seconds: float) -> bool:
        """Deliver the messages within ``seconds``; whether all arrived."""
        raise NotImplementedError


class Careless(Driver):
    """Takes what comes first for the answer, waits two seconds for it, and gives up for good."""

    def run(self, seconds: float) -> bool:
        """Once through."""
        try:
            self._exact("ATE0", rb"ATE0\r\r\nOK\r\n|\r\nOK\r\n")
            for line in self.words.up:
                self._exact(line, rb"\r\nOK\r\n|\r\n" + ADDRESS)
            self._exact(self.opening(), rb"\r\nOK\r\n\r\n" + re.escape(self.words.opened) + rb"\r\n")
            for number in range(1, COUNT + 1):
                self._exact(self.words.send.format(size=SIZE), rb"\r\n> ")
                self._exact(None, rb"\r\nSEND OK\r\n.*", message(number))
                self.delivered += 1
                self._listen(self.pause)
        except Trouble:
            return False
        self._listen(5.0)
        return bytes(self.heard).count(b"msg") == COUNT

    def _exact(self, line: str | None, pattern: bytes, data: bytes = b"") -> None:
        self.port.write(data if line is None else line.encode() + b"\r")
        answer = b""
        end = self.port.clock() + 2.0
        while not re.fullmatch(pattern, answer, re.DOTALL):
            left = end - self.port.clock()
            more = self.port.read(left) if left > 0 else b""
            if not more:
                raise Trouble(line)
            answer += more
        self.heard += answer

    def _listen(self, seconds: float) -> None:
        end = self.port.clock() + seconds
        while (left := end - self.port.clock()) > 0:
            self.heard += self.port.read(left)


class Careful(Driver):
    """Waits for what it needs, tells answers from other lines, and begins again where it must."""

    patience = 30.0
    """Seconds for an answer; for a connection; for an echo."""

    def run(self, seconds: float) -> bool:
        """Until everything is delivered, or time is over."""
        end = self.port.clock() + seconds
        while self.delivered < COUNT and self.port.clock() < end:
            try:
                self._ready(end)
                self._connect()
                while self.delivered < COUNT and self.port.clock() < end:
                    self._deliver(message(self.delivered + 1))
                    self._listen(self.pause)
            except Trouble:
                self.heard.clear()
                self._pause(2.0)
        self._pause(3.0)
        return self.delivered == COUNT

    # ---- asking ---------------------------------------------------------------------------------

    def _ask(self, line: str, done: Sequence[bytes] = (b"OK",), seconds: float = 0.0) -> bytes:
        """Type a line; everything until one of ``done`` has come. An error, or nothing, is trouble."""
        self.heard.clear()
        self.port.write(line.encode() + b"\r")
        return self._until(done, seconds or self.patience)

    def _until(self, done: Sequence[bytes], seconds: float, over: Sequence[bytes] = ()) -> bytes:
        end = self.port.clock() + seconds
        while True:
            heard = bytes(self.heard)
            if any(word in heard for word in done):
                return heard
            if any(word in heard for word in (b"ERROR", b"FAIL", REBOOTED, *over)):
                raise Trouble(heard)
            left = end - self.port.clock()
            if left <= 0:
                raise Trouble(heard)
            self.heard += self.port.read(left)

    def _lost(self) -> bool:
        return any(word in self.heard for word in (*self.words.lost, REBOOTED, b"NOT READY"))

    def _listen(self, seconds: float) -> None:
        """Hear what comes; a message is read, a call refused."""
        end = self.port.clock() + seconds
        while (left := end - self.port.clock()) > 0:
            self.heard += self.port.read(left)
            self._telephone()

    def _telephone(self) -> None:
        found = re.search(rb'\+CMTI: "\w+", ?(\d+)', bytes(self.heard))
        ringing = b"RING" in self.heard
        lost = self._lost()
        if found is not None:
            self._ask("AT+CMGF=1")
            self._ask(f"AT+CMGR={int(found[1])}")
            self._ask(f"AT+CMGD={int(found[1])}")
        if ringing:
            self._ask("ATH")
        if lost:
            raise Trouble("lost")

    # ---- getting there --------------------------------------------------------------------------

    def _ready(self, end: float) -> None:
        """The module answers, has its card, and is registered."""
        for _ in range(8):
            try:
                self._ask("AT", seconds=1.0)
                break
            except Trouble:
                continue
        else:
            raise Trouble("no answer")
        self._ask("ATE0")
        self._until_true("AT+CPIN?", lambda answer: b"READY" in answer and b"NOT" not in answer, 15.0, end)
        self._until_true(
            "AT+CREG?", lambda answer: re.search(rb"\+CREG: \d,[15]", answer) is not None, 90.0, end
        )
        self._ask("AT+CNMI=2,1")

    def _until_true(self, line: str, good: Callable[[bytes], bool], seconds: float, end: float) -> None:
        """Ask until the answer is good; a card that does not come back wants a restart."""
        latest = min(self.port.clock() + seconds, end)
        while self.port.clock() < latest:
            try:
                if good(self._ask(line, seconds=3.0)):
                    return
            except Trouble:
                pass
            self._pause(1.0)
        if "CPIN" in line:
            self.heard.clear()
            self.port.write(b"AT+CFUN=1,1\r")
            self._pause(10.0)
        raise Trouble(line)

    def _pause(self, seconds: float) -> None:
        end = self.port.clock() + seconds
        while (left := end - self.port.clock()) > 0:
            self.port.read(left)

    def _connect(self) -> None:
        """From the beginning: whatever is left of a connection before is given up."""
        for line in (self.words.close, self.words.down):
            try:
                self._ask(line, (b"OK", b"ERROR"), 15.0)
            except Trouble:
                continue
        for line in self.words.up:
            if line.endswith(("CIFSR", "QILOCIP")):
                self._ask(line, (b".",))
                self._pause(0.1)
            else:
                self._ask(line)
        self._ask(self.opening(), (self.words.opened, *self.words.failed))
        if self.words.opened not in self.heard:
            raise Trouble("no connection")

    def _deliver(self, payload: bytes) -> None:
        """Send, and wait for the echo; ask how the network is when nothing says why it does not come."""
        self._ask(self.words.send.format(size=SIZE), (b"> ",), 10.0)
        self.heard.clear()
        self.port.write(payload)
        try:
            self._until((payload.strip(),), 20.0, self.words.lost)
        except Trouble:
            if self._lost() or b"FAIL" in self.heard:
                raise
            self._ask("AT+CREG?", (b"+CREG:",), 60.0)
            self._until((payload.strip(),), 15.0)
        self.delivered += 1


# ---- in data mode --------------------------------------------------------------------------------

GUARD = 1.1
"""Seconds of silence around +++."""


class Online(Driver):
    """What both have in data mode: a line that only carries payload until +++."""

    def opening(self) -> str:
        """The line that opens a connection in data mode."""
        line = self.words.open_online or self.words.open
        return line.format(host=self.host, port=self.number)


class CarelessOnline(Online, Careless):
    """Stays in data mode from the first byte to the last."""

    def run(self, seconds: float) -> bool:
        """Once through."""
        try:
            self._exact("ATE0", rb"ATE0\r\r\nOK\r\n|\r\nOK\r\n")
            for line in (*self.words.online, *self.words.up):
                self._exact(line, rb"\r\nOK\r\n|\r\n" + ADDRESS)
            self._exact(self.opening(), rb"(\r\nOK\r\n)?\r\nCONNECT\r\n")
            for number in range(1, COUNT + 1):
                self._exact(None, re.escape(message(number)), message(number))
                self.delivered += 1
                self._listen(self.pause)
        except Trouble:
            return False
        return True


class CarefulOnline(Online, Careful):
    """Leaves data mode when RI says so, and now and then where no RI can be seen."""

    often = 3
    """Messages between two looks at what has happened meanwhile."""

    def _ready(self, end: float) -> None:
        self._leave()
        super()._ready(end)
        for line in self.words.online:
            self._ask(line)

    def _connect(self) -> None:
        self.words = replace(self.words, opened=b"CONNECT\r\n")
        super()._connect()
        self.heard.clear()

    def _deliver(self, payload: bytes) -> None:
        self.heard.clear()
        self.port.write(payload)
        self._until((payload,), 20.0, (b"CLOSED", b"NO CARRIER"))
        self.delivered += 1

    def _listen(self, seconds: float) -> None:
        """In data mode: nothing comes but RI. Where there is none, data mode is left now and then."""
        self._pause(seconds)
        if self.port.rang() or self.delivered % self.often == 0 or self.delivered == COUNT:
            self._leave()
            super()._listen(4.0 if self.delivered == COUNT else 1.0)
            if self.delivered < COUNT:
                self._ask("ATO", (b"CONNECT",))

    def _leave(self) -> None:
        """Into command mode, if it is not there already; what was held comes behind the OK."""
        self._pause(GUARD)
        self.heard.clear()
        self.port.write(b"+++")
        self._pause_and_hear(GUARD)

    def _pause_and_hear(self, seconds: float) -> None:
        end = self.port.clock() + seconds
        while (left := end - self.port.clock()) > 0:
            self.heard += self.port.read(left)
