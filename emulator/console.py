"""Writes to the terminal without ever failing: a reader that has gone away must not end a modem."""

from __future__ import annotations

import os
import re
import sys
from io import TextIOWrapper
from typing import TextIO

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing it: controls other than tab and line feed, and turned writing."""


def shown(text: str) -> str:
    """``text`` as it may stand on a terminal, whoever wrote it: what would be obeyed is spelled out."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def say(text: str, stream: TextIO | None = None) -> None:
    """Write ``text`` to ``stream`` (standard output) as it may be shown, and flush; what cannot be written is
    dropped.
    """
    stream = sys.stdout if stream is None else stream
    if stream is None:  # it was closed when we were started
        return
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="surrogateescape")  # a path may hold bytes that are no text
    try:
        stream.write(shown(text))
        stream.flush()
    except OSError:
        _silence(stream)


def complain(text: str) -> None:
    """Write a line to standard error."""
    if sys.stderr is not None:
        say(f"{text}\n", sys.stderr)


def _silence(stream: TextIO) -> None:
    """Let the rest, and what the stream still holds, go nowhere: at exit Python would fail over it."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except OSError:  # no descriptor left: what the stream holds waits for the next attempt
        return
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
