"""The command ``vmodem``: what can be asked for, and how mistakes are told.

Exit status: 0 done, 1 our own failure (with a traceback), 2 wrong usage, 3 cannot be set up.

Rules for editors: nothing heavy is imported here, so that ``--help`` and mistakes cost no time; each
command imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from .console import complain, say
from .mistakes import CommandLineError, SetupError, UsageError, find_dialect
from .recording.options import add_commands as add_recording

DEFAULT_DIALECT = "sim800"
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; the exit status."""
    command = "vmodem"
    try:
        args, unknown = _parser().parse_known_args(argv)
        command = " ".join(filter(None, (command, args.command)))
        if unknown:
            raise UsageError(f"unrecognized arguments: {' '.join(unknown)} (see {command} --help)")
        status: int = args.action(args)
    except CommandLineError as error:
        complain(f"{command}: {_one_line(str(error))}")
        return error.status
    except KeyboardInterrupt:  # before a modem was there to be stopped
        return INTERRUPTED
    finally:
        say("")  # argparse has written the help, but not flushed it
    return status


class _Parser(argparse.ArgumentParser):
    """Tells a mistake in one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **settings})

    def error(self, message: str) -> NoReturn:
        complain(f"{self.prog}: {_one_line(message)} (see {self.prog} --help)")
        sys.exit(UsageError.status)


def _one_line(message: str) -> str:
    return message.replace("\r", "\\r").replace("\n", "\\n")


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version

        try:
            say(f"vmodem {version('vmodem')}\n")
        except PackageNotFoundError:
            say("vmodem, not installed\n")
        sys.exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="vmodem", description="A virtual cellular modem. Begin with: vmodem run")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    parser.set_defaults(action=_nothing)
    _add_run(commands)
    dialects = commands.add_parser("dialects", help="list the modules that can be emulated")
    dialects.set_defaults(action=_dialects)
    checker = commands.add_parser("check", help="look for mistakes in scenario files")
    checker.add_argument("files", metavar="FILE", nargs="+", help="a scenario: *.yaml, *.toml or *.json")
    checker.set_defaults(action=_check)
    schema = commands.add_parser("schema", help="print the JSON Schema of scenario files, for editors")
    schema.set_defaults(action=_schema)
    text = "do to a running modem (vmodem run --ctl) what a scenario's step does, or ask for its states"
    ctl = commands.add_parser("ctl", help=text, description=text)
    text = "as register searching; signal rssi=5; pdp_deact; states; expectations; or a JSON object"
    ctl.add_argument("words", metavar="COMMAND", nargs="+", help=text)
    ctl.add_argument("--socket", metavar="PATH", help="where it is (default: $MODEM_CTL)")
    ctl.add_argument("--modem", metavar="N", type=int, help="which one, from 0, where there are several")
    ctl.set_defaults(action=_ctl)
    add_recording(commands)
    table = commands.add_parser("commands", help="list the AT commands of a module, and what they do here")
    table.add_argument("dialect", metavar="DIALECT", help="its name, as vmodem dialects tells")
    table.add_argument("--format", choices=("text", "csv", "markdown"), default="text")
    table.set_defaults(action=_commands)
    return parser


def _add_run(commands: argparse._SubParsersAction[_Parser]) -> None:
    text = "Run a module until Ctrl-C. The first line printed is its port: a path, or a URL for pyserial."
    run = commands.add_parser(
        "run", help="run a module on a pseudo terminal or another port", description=text
    )
    run.set_defaults(action=_run)
    add = run.add_argument
    add("--dialect", metavar="NAME", help=f"which module (default: {DEFAULT_DIALECT})")
    text = "how many modules, which reach each other in the mobile network (default: 1; a line for each port)"
    add("--count", metavar="N", type=int, default=1, help=text)
    _add_ports(run)
    boot_help = "the first client to open the port switches the module on: it boots with all its lines"
    add("--boot", action="store_true", help=boot_help)
    text = "play what FILE (or a story of the catalogue) says goes wrong, and what the driver must do"
    add("--scenario", metavar="FILE", help=text)
    _add_test(run)
    add("--timing", metavar="T", default="instant", help="latencies: instant (default), typical, or a factor")
    add("--log", metavar="FILE", help="record everything in FILE (replaced), a JSON object a line")
    text = "keep identities, numbers, PINs, passwords and texts of messages out of the log"
    add("--redact", action="store_true", help=text)
    text = "capture the radio's IP packets and the AT line in FILE (replaced), for Wireshark (pcapng)"
    add("--pcap", metavar="FILE", help=text)
    text = "holds the port's path (a line for each), exactly while the port can be used"
    add("--ready-file", metavar="FILE", help=text)
    text = "line rate: a number of bit/s, or auto (the client's own); default: as fast as it goes"
    add("--baud", metavar="RATE", help=text)
    net = run.add_argument_group("network")
    add = net.add_argument
    reach = ("host", "loopback", "none")
    text = "where its sockets may go: wherever this host can (default), this host only, routes only"
    add("--network", choices=reach, default="host", help=text)
    text = "lead elsewhere, as tcp://116.228.221.51:8500=tcp://127.0.0.1:9000; repeatable"
    add("--route", metavar="FROM=TO", action="append", default=[], help=text)
    text = "its address in the mobile network; once for each PDP context"
    add("--local-ip", metavar="IP", action="append", default=[], help=text)
    text = "address of this host where its servers listen (default: %(default)s)"
    add("--listen-host", metavar="IP", default="127.0.0.1", help=text)
    card = run.add_argument_group("module and SIM card")
    text = "serial numbers, subscribers, addresses and a scenario's chances follow from it (default: 0)"
    card.add_argument("--seed", metavar="N", type=int, help=text)
    card.add_argument("--imei", metavar="DIGITS", help="the module's serial number")
    card.add_argument("--number", metavar="NUMBER", help="the subscriber's number")
    card.add_argument("--pin", metavar="PIN", help="lock the SIM card with this PIN")


def _add_test(run: _Parser) -> None:
    add = run.add_argument_group("the program under test").add_argument
    text = (
        "run this beside the modem and end when it ends; {tty} (or {url}) is the port, as $MODEM_TTY is. "
        "Exit status: the program's own, 128+n for a signal, 124 for --timeout, 1 if only an "
        "expectation failed"
    )
    add("--exec", metavar="COMMAND", help=text)
    add("--timeout", metavar="TIME", help="end it after so long (60, 90s, 2min)")
    text = "run it so often, each time with a new modem; seeds count up (default: what the scenario says)"
    add("--repeat", metavar="N", type=int, help=text)
    text = "ignore: its exit status says nothing, the scenario's expectations alone do"
    add("--exec-status", choices=("count", "ignore"), help=text)
    text = "write a JUnit file: a test case for each expectation, and one for the program"
    add("--junit", metavar="FILE", help=text)
    text = "a Unix socket where vmodem ctl, or a test, does to the modem what a scenario's steps do"
    add("--ctl", metavar="PATH", help=text)


def _add_ports(run: _Parser) -> None:
    text = "by default a pseudo terminal. Several of these options are several modules, one at each"
    add = run.add_argument_group("ports", text).add_argument
    add("--link", metavar="PATH", help="a pseudo terminal here (default: in the user's runtime directory)")
    text = "pseudo terminals there, as DIALECT-0, DIALECT-1 and so on (default: as for one)"
    add("--link-dir", metavar="DIR", help=text)
    text = "an RFC 2217 server, with all control lines; with --count N on as many ports upwards; repeatable"
    add("--rfc2217", metavar="[HOST:]PORT", action="append", default=[], help=text)
    text = "a raw TCP port for one client at a time, likewise"
    add("--tcp", metavar="[HOST:]PORT", action="append", default=[], help=text)
    text = (
        "a real port, wired to a board as a null modem: our CTS is the adapter's RTS and our DCD its DTR, "
        "the board's RTS and DTR come in at its CTS and DSR; default 115200; repeatable"
    )
    add("--serial", metavar="DEVICE[:RATE]", action="append", default=[], help=text)


def _nothing(_args: argparse.Namespace) -> int:
    raise UsageError("no command given (try vmodem run, or see vmodem --help)")


def _run(args: argparse.Namespace) -> int:
    from .run import run

    return run(args)


def _check(args: argparse.Namespace) -> int:
    from pathlib import Path

    from .scenario_files import check_files

    return 0 if check_files([Path(name) for name in args.files]) else UsageError.status


def _ctl(args: argparse.Namespace) -> int:
    from .ctl_client import control

    return control(args.socket, args.modem, args.words)


def _schema(_args: argparse.Namespace) -> int:
    import json

    from .scenario.load import schema

    say(json.dumps(schema(), indent=2) + "\n")
    return 0


def _dialects(_args: argparse.Namespace) -> int:
    from .coverage import dialects_table

    table, broken = dialects_table()
    say(table)
    for fault in broken:
        complain(f"vmodem dialects: {fault}")
    return SetupError.status if broken else 0


def _commands(args: argparse.Namespace) -> int:
    from .coverage import commands_table

    say(commands_table(find_dialect(args.dialect), args.format))
    return 0


if __name__ == "__main__":
    sys.exit(main())
