"""Runs programs and libraries of other people against a modem on a pty; what is not installed is skipped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

import pytest
from running_modem import ThreadedModem
from vmodem.emulator.recording.header import Header

LOOPBACK = "127.0.0.1"
LIMIT = 30.0


@contextmanager
def running(dialect: str, routes: Sequence[str] = ()) -> Iterator[ThreadedModem]:
    """A module on a pty of its own."""
    modem = ThreadedModem(Header(dialect=dialect), routes, LOOPBACK)
    try:
        yield modem
    finally:
        modem.close()


def running_sim800(routes: Sequence[str] = ()) -> AbstractContextManager[ThreadedModem]:
    """A SIM800 on a pty of its own."""
    return running("sim800", routes)


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


def gammu(modem: ThreadedModem, folder: Path, *words: str, stdin: str = "") -> str:
    """What gammu prints, its lines with single spaces."""
    path = program("gammu")
    settings = folder / "gammurc"
    settings.write_text(f"[gammu]\ndevice = {modem.path}\nconnection = at115200\n")
    said = run(path, "-c", str(settings), *words, stdin=stdin).stdout
    return "\n".join(" ".join(line.split()) for line in said.splitlines())


def chat(modem: ThreadedModem, *script: str, status: int) -> str:
    """What chat tells of its script, which ends with ``status``."""
    path = program("chat", "ppp")
    with open(modem.path, "r+b", buffering=0) as port:
        return run(path, "-s", "-S", "-v", *script, status=status, port=port).stderr


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
