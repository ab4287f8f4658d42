"""The README's table of what each kind of port carries, made from what the pipes say of themselves.

PYTHONPATH=tests python tests/port_table.py     # prints it
"""

from __future__ import annotations

from vmodem.emulator.endpoints import Carries
from vmodem.emulator.endpoints.inprocess import InProcessPipe
from vmodem.emulator.endpoints.pty import PtyPipe
from vmodem.emulator.endpoints.rfc2217 import Rfc2217Pipe
from vmodem.emulator.endpoints.serialport import SerialPipe
from vmodem.emulator.endpoints.tcp import TcpPipe
from vmodem.emulator.events import LineSignal

ROWS: tuple[tuple[str, Carries], ...] = (
    ("a pty (default, `--link`)", PtyPipe.carries),
    ("`--tcp`", TcpPipe.carries),
    ("`--rfc2217`", Rfc2217Pipe.carries),
    ("`vmodem://` in the process", InProcessPipe.carries),
    ("`--serial`", SerialPipe.carries),
)
BEGIN, END = "<!-- ports -->\n", "<!-- end ports -->"
SIGNALS = (
    LineSignal.DTR, LineSignal.RTS, LineSignal.DCD, LineSignal.DSR, LineSignal.CTS, LineSignal.RI
)  # fmt: skip


def cell(carries: Carries, signal: LineSignal) -> str:
    """How a line is carried."""
    if signal in carries.to_module | carries.to_host:
        return "yes"
    return "open, close" if signal is LineSignal.DTR and carries.dtr_by_opening else "-"


def table() -> str:
    """The table, as Markdown."""
    names = [signal.value for signal in SIGNALS]
    lines = [["port", *names, "client's rate", "break"], ["---"] * (len(names) + 3)]
    for name, carries in ROWS:
        lines.append(
            [
                name,
                *(cell(carries, signal) for signal in SIGNALS),
                "yes" if carries.rate else "-",
                "logged" if carries.sends_break else "-",
            ]
        )
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    print(table(), end="")
