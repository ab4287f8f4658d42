"""Runs programs and libraries of other people against a modem on a pty; what is not installed is skipped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import pytest
from running_modem import ThreadedModem
from transcript_format import Header

LOOPBACK = "127.0.0.1"
LIMIT = 30.0


@contextmanager
def running_sim800(routes: Sequence[str] = ()) -> Iterator[ThreadedModem]:
    """A SIM800 on a pty of its own."""
    modem = ThreadedModem(Header(dialect="sim800"), routes, LOOPBACK)
    try:
        yield modem
    finally:
        modem.close()


def program(name: str, package: str = "") -> str:
    """The path of a program, or the test is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian package {package or name})")
    return found


def run(
    *command: str, stdin: str = "", status: int | None = 0, port: IO[bytes] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; with ``port`` that is its standard input and output."""
    done = subprocess.run(
        command,
        stdin=port,
        input=None if port else stdin,
        stdout=port or subprocess.PIPE,
        stderr=subprocess.PIPE if port else subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    said = f"{command} ended with {done.returncode}:\n{done.stdout or ''}{done.stderr or ''}"
    assert status is None or done.returncode == status, said
    return done


@contextmanager
def background(*command: str) -> Iterator[None]:
    """Let a program run, and end it and all that it started."""
    started = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        try:
            started.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
