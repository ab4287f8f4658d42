"""Bytes from the host into command lines, payload or data: echo, editing, A/, and whose turn it is.

V.250 5.2 with the rules of common.md section 1. Nothing here knows a command.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import NamedTuple, Protocol

from .jobs import Payload, Prompt

LF = 10
CTRL_Z = 0x1A
ESC = 0x1B
_END_OF_PAYLOAD = re.compile(rb"[\x1a\x1b]")
_PREFIX = re.compile(rb"AT|at")
_PREFIXES = (b"AT", b"at")
_REPEAT = (b"A/", b"a/")
_KEEP_WITHOUT_PREFIX = 64
_REMEMBERED = 1024
_REMEMBERED_LENGTH = 80


class Whole(NamedTuple):
    """What a chunk that was exactly one plain line means, so that it need not be taken apart again."""

    body: str
    echo: bytes
    crlf: bool


@lru_cache(16)
def _lines_with(_s3: int, _s5: int) -> dict[bytes, Whole]:
    """What chunks mean under these characters: one for all modems, for a thousand say the same things."""
    return {}


class Mode(Enum):
    """Who owns the line from the host."""

    COMMAND = "command mode"
    BUSY = "a command is executing"
    PROMPT = "payload is taken"
    DATA = "data mode"


# Python 3.11 looks an enum's member up in Python: 0.06 us each time, three times for an AT.
_COMMAND, _BUSY, _PROMPT = Mode.COMMAND, Mode.BUSY, Mode.PROMPT


class DataTaker(Protocol):
    """Takes the host's bytes in data mode."""

    def from_host(self, data: bytes) -> None:
        """Bytes for the peer, or an escape sequence."""


class Line:
    """The host's side of the serial line."""

    __slots__ = (
        "_after_cr",
        "_buffer",
        "_excess",
        "_execute",
        "_host_sends_crlf",
        "_last",
        "_longest",
        "_overflow",
        "_payload",
        "_payload_done",
        "_prompt",
        "_s3",
        "_s5",
        "_special",
        "_too_long",
        "_whole",
        "_write",
        "echo",
        "mode",
        "taker",
        "typed_ahead",
    )

    def __init__(
        self,
        write: Callable[[bytes], None],
        execute: Callable[[str], None],
        too_long: Callable[[], None],
        longest: int,
    ) -> None:
        """``execute`` runs a line's body, ``too_long`` answers one of more than ``longest`` characters."""
        self._write = write
        self._execute = execute
        self._too_long = too_long
        self._longest = longest
        self.mode = _COMMAND
        self.echo = True
        self.taker: DataTaker | None = None
        self._last = ""
        self.typed_ahead = bytearray()
        """What the host typed while a command runs."""
        self._buffer = bytearray()
        self._overflow = False
        self._after_cr = False
        self._host_sends_crlf = False
        self._prompt: Prompt | None = None
        self._payload = bytearray()
        self._excess = 0
        self._payload_done: Callable[[Payload], None] | None = None
        self.set_characters(13, 8)

    def set_characters(self, s3: int, s5: int) -> None:
        """S3 ends a line, S5 deletes the character before it."""
        self._s3 = bytes((s3,))
        self._s5 = s5
        self._special = re.compile(b"[\x00-\x1f\x7f" + re.escape(bytes((s5,))) + b"]")
        self._whole = _lines_with(s3, s5)

    def reset(self) -> None:
        """Power-on state: nothing typed, command mode."""
        self.mode = _COMMAND
        self.taker = None
        self._last = ""
        self.typed_ahead.clear()
        self._buffer.clear()
        self._overflow = self._after_cr = False
        self._prompt = None
        self._payload.clear()

    def before_next_line(self, heard: Callable[[], None]) -> None:
        """Call ``heard`` once, when the next whole command line has come and before it is executed."""
        execute = self._execute

        def once(body: str) -> None:
            self._execute = execute
            heard()
            execute(body)

        self._execute = once

    # ---- input -----------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Bytes as they come from the host."""
        if self.typed_ahead:
            self.typed_ahead += data
            return
        if self.mode is _COMMAND and not self._buffer:
            whole = self._whole.get(data)
            if whole is not None:  # a chunk seen before: one line, nothing to edit
                body, echo, crlf = whole
                if self.echo:
                    self._write(echo)
                if crlf:
                    self._host_sends_crlf = True
                self._after_cr = not crlf
                self._last = body
                self._execute(body)
                return
            self._remember(data)
        at = 0
        if self._after_cr:
            self._after_cr = False
            at = self._swallow_lf(data)
        self._take(data, at)

    def _remember(self, data: bytes) -> None:
        """Keep what ``data`` means if it is one plain line (this time it goes the long way)."""
        end = data.find(self._s3)
        if not 2 <= end <= _REMEMBERED_LENGTH or data[:2] not in (b"AT", b"at"):
            return
        rest = data[end + 1 :]
        if rest in (b"", b"\n") and self._special.search(data, 0, end) is None:
            if len(self._whole) >= _REMEMBERED:
                self._whole.clear()
            body = data[2:end].decode("latin-1")
            self._whole[data] = Whole(body, data[: end + 1], bool(rest))

    def resume(self) -> None:
        """The running command is done: go on with what was typed meanwhile."""
        while self.typed_ahead and self.mode is not _BUSY:
            data = bytes(self.typed_ahead)
            self.typed_ahead.clear()
            self._take(data, 0)

    def _swallow_lf(self, data: bytes) -> int:
        """How many bytes of a chunk that follows a CR belong to that line's end."""
        if data[0] != LF:
            return 0
        if self.mode in (_COMMAND, _BUSY):
            self._host_sends_crlf = True
            return 1
        return 1 if self._host_sends_crlf else 0

    def _take(self, data: bytes, at: int) -> None:
        size = len(data)
        while at < size:
            mode = self.mode
            if mode is _COMMAND:
                at = self._command(data, at)
            elif mode is Mode.DATA:
                assert self.taker is not None
                self.taker.from_host(data[at:] if at else data)
                return
            elif mode is _PROMPT:
                at = self._prompted(data, at)
            else:
                self.typed_ahead += data[at:]
                return

    def _command(self, data: bytes, at: int) -> int:
        """Take one line, or what there is of it; the index of the next byte."""
        end = data.find(self._s3, at)
        stop = end if end >= 0 else len(data)
        if stop > at:
            if len(self._buffer) < 2:
                at, repeat = self._start_of_line(data, at, stop)
                if repeat:
                    self._buffer.clear()
                    self._execute(self._last)
                    return at
            if at < stop:
                self._collect(data[at:stop])
        if end < 0:
            return stop
        if self.echo:
            self._write(self._s3)
        after = end + 1
        if after < len(data):
            if data[after] == LF:
                self._host_sends_crlf = True
                after += 1
        else:
            self._after_cr = True
        self._line_done()
        return after

    def _start_of_line(self, data: bytes, at: int, stop: int) -> tuple[int, bool]:
        """Take the first two characters; where to go on, and whether they are ``A/``.

        That one executes the last line again, at once and without CR. Ignored bytes do not count,
        in whatever chunks all of them come.
        """
        if data[at : at + 2] in _PREFIXES and not self._buffer:
            return at, False
        while at < stop and len(self._buffer) < 2:
            self._collect(data[at : at + 1])
            at += 1
        return at, self._buffer in _REPEAT

    def _collect(self, chunk: bytes) -> None:
        if self._special.search(chunk) is None:
            if self.echo:
                self._write(chunk)
            self._buffer += chunk
        else:
            for byte in chunk:
                self._collect_special(byte)
        if len(self._buffer) > _KEEP_WITHOUT_PREFIX:
            self._bound()

    def _collect_special(self, byte: int) -> None:
        if byte == self._s5:
            prefix = _PREFIX.search(self._buffer)
            if prefix is not None and len(self._buffer) > prefix.end():
                del self._buffer[-1]
                if self.echo:
                    self._write(bytes((self._s5, 32, self._s5)))
            return
        if byte == LF:
            # The LF behind a CR in an earlier chunk was taken by _swallow_lf; any other is ignored.
            return
        if self.echo:
            self._write(bytes((byte,)))
        if byte >= 32 and byte != 127:
            self._buffer.append(byte)
            if len(self._buffer) > self._longest:
                self._bound()

    def _bound(self) -> None:
        """Keep the buffer within the module's: garbage before a prefix is dropped, a long line marked."""
        prefix = _PREFIX.search(self._buffer)
        if prefix is None:
            # Two bytes stay: one could be half a prefix, and a start of line would look like A/.
            del self._buffer[:-2]
        elif len(self._buffer) - prefix.end() > self._longest:
            self._overflow = True
            del self._buffer[prefix.end() + self._longest :]

    def _line_done(self) -> None:
        line = bytes(self._buffer)
        self._buffer.clear()
        overflow, self._overflow = self._overflow, False
        if line[:2] in _PREFIXES:
            body = line[2:]
        else:
            prefix = _PREFIX.search(line)
            if prefix is None:
                return
            body = line[prefix.end() :]
        if overflow:
            self._too_long()
        else:
            self._last = body.decode("latin-1")
            self._execute(self._last)

    # ---- payload ---------------------------------------------------------------------------------

    def open_prompt(self, prompt: Prompt, done: Callable[[Payload], None]) -> None:
        """Take payload from now on; ``done`` is called with it, in mode BUSY."""
        self._prompt = prompt
        self._payload.clear()
        self._excess = 0
        self._payload_done = done
        self.mode = _PROMPT

    def close_prompt(self, *, cancelled: bool = False) -> None:
        """End the payload here (time is over, or cancelled)."""
        self._end_payload(Payload(bytes(self._payload), cancelled, self._excess))

    def _end_payload(self, payload: Payload) -> None:
        done, self._payload_done = self._payload_done, None
        self._prompt = None
        self._payload.clear()
        self.mode = _BUSY
        assert done is not None
        done(payload)

    def _prompted(self, data: bytes, at: int) -> int:
        prompt = self._prompt
        assert prompt is not None
        if prompt.length is None:
            return self._until_ctrl_z(prompt, data, at)
        stop = min(len(data), at + prompt.length - len(self._payload))
        if stop - at == prompt.length <= prompt.maximum and not (self.echo and prompt.echo):
            whole = data if stop - at == len(data) else data[at:stop]
            if not prompt.escape or ESC not in whole:
                self._end_payload(Payload(whole))
                return stop
        cancel = data.find(ESC, at, stop) if prompt.escape else -1
        if cancel >= 0:
            self._payload_bytes(prompt, data[at:cancel])
            self.close_prompt(cancelled=True)
            return cancel + 1
        self._payload_bytes(prompt, data[at:stop])
        if len(self._payload) == prompt.length:
            self.close_prompt()
        return stop

    def _until_ctrl_z(self, prompt: Prompt, data: bytes, at: int) -> int:
        end = _END_OF_PAYLOAD.search(data, at)
        if end is None:
            self._payload_bytes(prompt, data[at:])
            return len(data)
        self._payload_bytes(prompt, data[at : end.start()])
        self.close_prompt(cancelled=data[end.start()] == ESC)
        return end.end()

    def _payload_bytes(self, prompt: Prompt, data: bytes) -> None:
        if not data:
            return
        if self.echo and prompt.echo:
            self._write(data)
        room = prompt.maximum - len(self._payload)
        self._payload += data[:room]
        self._excess += max(0, len(data) - room)

    # ---- data mode -------------------------------------------------------------------------------

    def enter_data(self, taker: DataTaker) -> None:
        """From now on everything belongs to ``taker``."""
        self.taker = taker
        self.mode = Mode.DATA

    def leave_data(self) -> None:
        """Back to command mode."""
        self.taker = None
        self._buffer.clear()
        self.mode = _COMMAND
