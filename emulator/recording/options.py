"""The options of ``vmodem record``, ``replay`` and ``compare``. Nothing heavy is imported here."""

from __future__ import annotations

import argparse
from typing import Any


def add_commands(commands: Any) -> None:
    """Add the three commands to the subparsers ``commands``."""
    _add_record(commands)
    _add_replay(commands)
    _add_compare(commands)


def _parser(commands: Any, name: str, text: str, description: str, examples: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=description,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def _add_port(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("the driver's port").add_argument
    add("--link", metavar="PATH", help="a pseudo terminal here (default: in the user's runtime directory)")
    add("--rfc2217", metavar="[HOST:]PORT", help="an RFC 2217 server")
    add("--tcp", metavar="[HOST:]PORT", help="a raw TCP port")


def _add_record(commands: Any) -> None:
    parser = _parser(
        commands,
        "record",
        "record what a driver and a real module say",
        "Stand between a driver and a real module: pass every byte, and write down who said what and when,\n"
        "until Ctrl-C. The module's DTR is ON from the beginning (opening a device switches it ON), then it\n"
        "follows the driver: OFF when it closes its port, ON when it opens it.",
        "  vmodem record --serial /dev/ttyUSB0 --link /tmp/tty -o dialogue.txt\n"
        "  vmodem record --serial socket://192.168.1.5:5000 -o dialogue.txt --redact",
    )
    add = parser.add_argument
    text = (
        "where the module is: a device, or a URL of pyserial (socket://, rfc2217://, ...). Without a rate "
        "it has the driver's own"
    )
    add("--serial", metavar="DEVICE[:RATE]", required=True, help=text)
    add("-o", "--output", metavar="FILE", required=True, help="where the dialogue goes (replaced)")
    add("--dialect", metavar="NAME", help="which module it is, for the file's header")
    text = (
        "keep IMEI, IMSI, ICCID, telephone numbers, PINs, the APN's user and password and the texts of short "
        "messages out of the file: stand-ins of the same length take their places"
    )
    add("--redact", action="store_true", help=text)
    _add_port(parser)
    parser.set_defaults(action=_record)


def _add_replay(commands: Any) -> None:
    parser = _parser(
        commands,
        "replay",
        "play the module's side of a recording to a driver",
        "Say what the module said when the driver has written what it wrote then, until it closes its port.\n"
        "Exit status: 0 if it followed to the end, 1 if it departed or stopped early (with the line of the\n"
        "file, what was expected and what came), 2 for a wrong file, 3 when something cannot be set up.",
        "  vmodem replay dialogue.txt --link /tmp/tty\n"
        "  vmodem replay dialogue.txt --pace instant --exec './driver_test {tty}' --timeout 60",
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="a recording")
    text = "wait before an answer as long as the module did (default), or not at all"
    add("--pace", choices=("recorded", "instant"), default="recorded", help=text)
    _add_port(parser)
    add = parser.add_argument_group("the program under test").add_argument
    text = "run this beside it and end with it, as vmodem run does; 1 if only the driver departed"
    add("--exec", metavar="COMMAND", help=text)
    add("--timeout", metavar="TIME", help="end it after so long (60, 90s, 2min)")
    add("--exec-status", choices=("count", "ignore"), help="ignore: its exit status says nothing")
    parser.set_defaults(action=_replay)


def _add_compare(commands: Any) -> None:
    parser = _parser(
        commands,
        "compare",
        "play the driver's side of a recording to the emulator, and list what differs",
        "Play what the driver wrote in a recording to an emulated module (on a clock of its own: it takes\n"
        "no time), and list every line where the emulator says something else than the module did. What is\n"
        "of the place and the day (identities, signal, operator, time, addresses, versions) is compared by\n"
        "its shape. Exit status: 0 the same, 1 it differs, 2 for a wrong file.",
        "  vmodem compare dialogue.txt --dialect sim800\n"
        "  vmodem compare dialogue.txt --ignore '+CIEV:*' --strict",
    )
    add = parser.add_argument
    add("file", metavar="FILE", help="a recording")
    add("--dialect", metavar="NAME", help="the emulated module (default: what the file's header says)")
    text = "leave out lines of both that match; * and ? as in file names; repeatable"
    add("--ignore", metavar="GLOB", action="append", default=[], help=text)
    add("--strict", action="store_true", help="compare every byte, also what is of the place and the day")
    parser.set_defaults(action=_compare)


def _compare(args: argparse.Namespace) -> int:
    from .compare import compare

    return compare(args)


def _replay(args: argparse.Namespace) -> int:
    from .replay import replay

    return replay(args)


def _record(args: argparse.Namespace) -> int:
    from .record import record

    return record(args)
