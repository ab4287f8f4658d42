"""Writes to the terminal without ever failing: a reader that has gone away must not end a modem."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import TextIO


def say(text: str, stream: TextIO | None = None) -> None:
    """Write ``text`` to ``stream`` (standard output) and flush; what cannot be written is dropped."""
    stream = sys.stdout if stream is None else stream
    if stream is None:  # it was closed when we were started
        return
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="surrogateescape")  # a path may hold bytes that are no text
    try:
        stream.write(text)
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
