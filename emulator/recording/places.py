"""Where the driver's port is, of a command that has exactly one."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..mistakes import UsageError
from ..places import Place, pty_place, pty_places, rfc2217_places, tcp_places


def one_place(args: argparse.Namespace, name: str) -> Place:
    """The port that is asked for; by default a pty called ``name``. Raises :class:`UsageError`."""
    places = [pty_place(Path(args.link))] if args.link is not None else []
    if args.rfc2217 is not None:
        places += rfc2217_places("--rfc2217", args.rfc2217, 1)
    if args.tcp is not None:
        places += tcp_places("--tcp", args.tcp, 1)
    if len(places) > 1:
        raise UsageError("--link, --tcp and --rfc2217 are one port each (give one of them)")
    return places[0] if places else pty_places(name, 1, None)[0]
