"""A second, slow reading of the host's line: common.md section 1, one byte after the other."""

from __future__ import annotations

from dataclasses import dataclass, field

LF, CTRL_Z, ESC = 10, 0x1A, 0x1B


@dataclass
class LineReference:
    """What the module echoes and executes. A line ``P3`` opens a prompt for three bytes, ``P`` one for
    Ctrl+Z, ``B`` keeps the module busy until :meth:`done`, ``D`` begins data mode until :meth:`done`.
    """

    longest: int
    echo: bool = True
    s3: int = 13
    s5: int = 8
    out: bytearray = field(default_factory=bytearray)
    did: list[object] = field(default_factory=list)
    mode: str = "command"
    head: str = ""
    body: str | None = None
    overflow: bool = False
    last: str = ""
    queue: list[int] = field(default_factory=list)
    payload: bytearray = field(default_factory=bytearray)
    wanted: int = 0
    behind_cr: bool = False
    cr_is_old: bool = False
    crlf: bool = False

    def chunk(self, data: bytes) -> None:
        """Bytes that arrive together."""
        self.cr_is_old = self.behind_cr
        for byte in data:
            self._arrive(byte)
            self.cr_is_old = False

    def done(self) -> None:
        """What was going on has ended."""
        self.mode = "command"
        queue, self.queue = self.queue, []
        # What was typed ahead is looked at together, as if it had come together.
        for byte in queue:
            self._arrive(byte)

    def _arrive(self, byte: int) -> None:
        behind_cr, self.behind_cr = self.behind_cr, False
        if byte == LF and behind_cr and not self.queue:
            if self.mode in ("command", "busy") or not self.cr_is_old:
                self.crlf = True
                return
            if self.crlf:
                return
        if self.mode == "busy":
            self.queue.append(byte)
        elif self.mode == "data":
            self.did.append(("data", byte))
        elif self.mode == "prompt":
            self._prompted(byte)
        else:
            self._typed(byte)

    def _show(self, data: bytes) -> None:
        if self.echo:
            self.out += data

    def _typed(self, byte: int) -> None:
        if byte == self.s3:
            self._show(bytes((byte,)))
            self.behind_cr = True
            self._end_of_line()
        elif byte == self.s5:
            if self.body:
                self.body = self.body[:-1]
                self._show(bytes((byte, 32, byte)))
        elif byte != LF:
            self._show(bytes([byte]))
            if byte >= 32 and byte != 127:
                self._character(chr(byte))

    def _character(self, char: str) -> None:
        if self.body is not None:
            if len(self.body) < self.longest:
                self.body += char
            else:
                self.overflow = True
            return
        self.head += char
        if self.head in ("A/", "a/"):
            self.head = ""
            self._execute(self.last)
        elif self.head[-2:] in ("AT", "at"):
            self.body = ""

    def _end_of_line(self) -> None:
        body, overflow = self.body, self.overflow
        self.head, self.body, self.overflow = "", None, False
        if body is None:
            return
        if overflow:
            self.did.append("too long")
            return
        self.last = body
        self._execute(body)

    def _execute(self, body: str) -> None:
        self.did.append(body)
        if body[:1] == "B":
            self.mode = "busy"
        elif body[:1] == "D":
            self.mode = "data"
        elif body[:1] == "P":
            self.mode = "prompt"
            self.payload = bytearray()
            self.wanted = int(body[1]) if body[1:2] in list("123456789") else 0

    def _prompted(self, byte: int) -> None:
        if not self.wanted and byte in (CTRL_Z, ESC):
            self._payload_done(cancelled=byte == ESC)
            return
        self._show(bytes([byte]))
        self.payload.append(byte)
        if self.wanted and len(self.payload) == self.wanted:
            self._payload_done(cancelled=False)

    def _payload_done(self, *, cancelled: bool) -> None:
        self.did.append(("payload", bytes(self.payload), cancelled))
        self.mode = "command"
