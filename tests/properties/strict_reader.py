"""A host that accounts for every byte: answers by each command's grammar, and between them URCs and data.

Whatever the module writes that has no place in the grammar, or stands where the line was not free
(inside an answer, behind a prompt, inside a block of data), fails the test that uses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from vmodem.emulator.world import World
from vmodem.netstack.memory import MemoryConnection

IP = rb"\d+\.\d+\.\d+\.\d+"
ERROR = rb"(?:ERROR|\+CME ERROR: \d+)"
OK = rb"\r\nOK\r\n"
NUMBER = rb"(?:(?P<n>[0-5]), )?"
STATE = rb"[A-Z ]+"

URC = re.compile(
    rb"\r\n(?:" + NUMBER + rb"(?P<word>CONNECT OK|CONNECT FAIL|CLOSED|REMOTE IP: (?P<ip>" + IP + rb"))"
    rb"|STATE: (?:IP STATUS|TCP CLOSED|UDP CLOSED|PDP DEACT)|SERVER OK|SERVER CLOSE|(?P<lost>\+PDP: DEACT)"
    rb"|\+CIPRXGET: 1(?:,[0-5])?(?:," + IP + rb":\d+)?"
    rb'|\+CDNSGIP: (?:0,[38]|1,"[^"]+"(?:,"' + IP + rb'"){1,2})'
    rb'|RING|NO CARRIER|\+CMTI: "SM",\d+'
    rb")\r\n"
)
PUSH = re.compile(
    rb"\r\n\+RECEIVE,(?P<n>[0-5]),(?P<size>\d+)(?:," + IP + rb":\d+)?:\r\n"
    rb"|(?:\r\nRECV FROM:" + IP + rb":\d+\r\n|\r\n)\+IPD,(?P<size1>\d+)(?:,(?:TCP|UDP))?:"
)

LINK_LINE = (
    rb'(?:\d,,"","","","INITIAL"|\d,[01],"(?:TCP|UDP)","(?:' + IP + rb')?","\d*",'
    rb'"(?:INITIAL|CONNECTING|CONNECTED|REMOTE CLOSING|CLOSING|CLOSED)")'
)
ANSWERS: dict[str, bytes] = {
    "+CIPSTART=": OK + rb"|\r\n" + ERROR + rb"\r\n(?:\r\n(?:[0-5], )?ALREADY CONNECT\r\n)?",
    "+CIICR": OK + rb"|\r\n\+PDP: DEACT\r\n\r\nERROR\r\n",
    "+CIFSR": rb"\r\n" + IP + rb"\r\n",
    "+CIPSHUT": rb"\r\nSHUT OK\r\n",
    "+CIPCLOSE": rb"\r\n(?:[0-5], )?CLOSE OK\r\n",
    "+CIPSTATUS=": rb"\r\n\+CIPSTATUS: " + LINK_LINE + rb"\r\n" + OK,
    "+CIPSTATUS": OK + rb"\r\nSTATE: (?P<state>[A-Z /]+)\r\n"
    rb'(?P<lines>\r\n(?:S: 0,[01],"\d+","(?P<server>[A-Z]+)"\r\n)?(?:C: ' + LINK_LINE + rb"\r\n){6})?",
    "+CIPACK": rb"\r\n\+CIPACK: (?P<sent>\d+),(?P<acked>\d+),(?P<unacked>\d+)\r\n" + OK,
    "+CIPSEND?": rb"\r\n\+CIPSEND: .*?" + OK,
    "+CIPSEND": rb"\r\n> ",
    "+CIPRXGET=4": rb"\r\n\+CIPRXGET: 4,(?:[0-5],)?\d+\r\n" + OK,
    "+CIPSERVER?": rb"\r\n\+CIPSERVER: (?:0|1,\d+,0,[01])\r\n" + OK,
    "O": rb"\r\nNO CARRIER\r\n",
}
SENT = rb"\r\n(?:[0-5], )?(?:SEND OK|SEND FAIL)\r\n|\r\nDATA ACCEPT:(?:[0-5],)?\d+\r\n"
READ = re.compile(
    rb"\r\n\+CIPRXGET: (?P<mode>[23]),(?:(?P<n>[0-5]),)?(?P<size>\d+),(?P<left>\d+)(?:,[\d.]+:\d+)?\r\n"
)


def grammar(line: str) -> re.Pattern[bytes]:
    """What may answer ``AT<line>``, up to and with its last byte."""
    for start, answer in ANSWERS.items():
        if line.startswith(start):
            return re.compile(answer + rb"|\r\n" + ERROR + rb"\r\n", re.DOTALL)
    return re.compile(OK + rb"|\r\n" + ERROR + rb"\r\n")


class StrictHost:
    """Types commands, reads everything, keeps what each link brought.

    ``links`` are the far ends of the links that the module said are open; ``taken`` how many bytes
    of each far end's data have come. ``sent`` is what a test let each far end send.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.echo = True
        self.unread = b""
        self.links: dict[int, MemoryConnection | None] = {}
        self.ports: dict[int, int] = {}
        self.sent: dict[int, bytearray] = {}
        self.taken: dict[int, int] = {}
        self.peer_of: Callable[[int, bytes | None], MemoryConnection | None] = lambda _n, _ip: None
        self.context_lost: Callable[[], None] = lambda: None

    # ---- between commands ------------------------------------------------------------------------

    def idle(self) -> None:
        """Everything that is there now stands between commands: URCs and pushed data, nothing else."""
        self.unread += self.world.take()
        at = 0
        while at < len(self.unread):
            at = self._item(at)
        self.unread = b""

    def _item(self, at: int) -> int:
        urc = URC.match(self.unread, at)
        if urc:
            self._urc(urc)
            return urc.end()
        push = PUSH.match(self.unread, at)
        assert push, f"unaccounted for: {self.unread[at : at + 80]!r}"
        size = int(push["size"] or push["size1"])
        data = self.unread[push.end() : push.end() + size]
        assert len(data) == size, "a block of data is shorter than it says"
        self._data(int(push["n"] or 0), data)
        return push.end() + size

    def _urc(self, urc: re.Match[bytes]) -> None:
        number, word = int(urc["n"] or 0), urc["word"]
        if urc["lost"]:
            self.context_lost()
        if word is None or word == b"CONNECT FAIL":
            return
        if word == b"CLOSED":
            assert number in self.links, "CLOSED on a link that was not open"
            self.links.pop(number)
            return
        assert number not in self.links, f"{word!r} on a link that is open"
        self.links[number] = self.peer_of(number, urc["ip"])

    def _data(self, number: int, data: bytes) -> None:
        assert number in self.links, f"data of link {number}, which is not open"
        peer = self.links[number]
        if peer is None:
            return
        start = self.taken.get(peer.handle, 0)
        assert self.sent.get(peer.handle, b"")[start : start + len(data)] == data
        self.taken[peer.handle] = start + len(data)

    # ---- a command -------------------------------------------------------------------------------

    def ask(self, line: str, *, meanwhile: Callable[[], None] | None = None) -> re.Match[bytes]:
        """Type ``AT<line>``; its answer. ``meanwhile`` happens while the command runs."""
        self.idle()
        typed = b"AT" + line.encode("latin-1") + b"\r"
        self.world.send(typed)
        self._echoed(typed)
        return self._answer(grammar(line), meanwhile)

    def payload(
        self, data: bytes, end: bytes, meanwhile: Callable[[], None] | None = None
    ) -> re.Match[bytes]:
        """Give ``data`` and its end at the prompt; the result of the send."""
        assert not self.unread
        assert not self.world.unread, f"behind the prompt: {self.world.unread!r}"
        self.world.send(data + end)
        self._echoed(data)
        return self._answer(re.compile(SENT + rb"|\r\n" + ERROR + rb"\r\n"), meanwhile)

    def read(self, mode: int, link: int | None, size: int | None) -> None:
        """AT+CIPRXGET=2 or 3, whose answer holds data."""
        self.idle()
        fields = [str(field) for field in (mode, link, size) if field is not None]
        typed = f"AT+CIPRXGET={','.join(fields)}\r".encode()
        self.world.send(typed)
        self._echoed(typed)
        self.unread += self.world.take()
        head = READ.match(self.unread)
        if head is None:
            self._answer(re.compile(rb"\r\n" + ERROR + rb"\r\n"), None)
            return
        count = int(head["size"])
        raw = self.unread[head.end() : head.end() + count * (mode - 1)]
        data = raw if mode == 2 else bytes.fromhex(raw.decode())
        assert len(data) == count
        rest = self.unread[head.end() + len(raw) :]
        assert rest.startswith(b"\r\nOK\r\n"), rest
        self.unread = rest[6:]
        self._data_fetched(int(head["n"] or 0), data)

    def _data_fetched(self, number: int, data: bytes) -> None:
        if number in self.links:  # else it closed, and the data is what it left behind
            self._data(number, data)

    def _echoed(self, typed: bytes) -> None:
        self.unread += self.world.take()
        if self.echo:
            assert self.unread.startswith(typed), f"no echo of {typed!r} in {self.unread!r}"
            self.unread = self.unread[len(typed) :]

    def _answer(self, wanted: re.Pattern[bytes], meanwhile: Callable[[], None] | None) -> re.Match[bytes]:
        if meanwhile is not None:
            meanwhile()
            self.world.settle()
        self.world.run_until(self._complete(wanted), 700)
        match = wanted.match(self.unread)
        assert match, f"not the answer's grammar: {self.unread[:200]!r}"
        self.unread = self.unread[match.end() :]
        return match

    def _complete(self, wanted: re.Pattern[bytes]) -> Callable[[], bool]:
        def complete() -> bool:
            self.unread += self.world.take()
            return bool(wanted.match(self.unread))

        return complete
