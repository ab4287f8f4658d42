"""What each step of a rule does: the table of all, and the steps of the story itself and of the serial line.

A step orders events for the module, faults for the path or changes on the line; about a command that is
just being executed it decides through :class:`~.stage.Gated`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..effects import SetSignal
from ..events import LineSignal, UrcInjected
from ..orders import Note
from .actions import Step, Urc
from .stage import Stage
from .steps_command import COMMAND_STEPS
from .steps_network import NETWORK_STEPS
from .steps_path import PATH_STEPS


def perform(stage: Stage, step: Step) -> None:
    """Take one step."""
    (key,) = step.given()
    STEPS[key](stage, getattr(step, key))


# ---- the story itself ----------------------------------------------------------------------------


def _mark(stage: Stage, name: str) -> None:
    stage.director.mark(name)


def _log(stage: Stage, text: str) -> None:
    stage.order(Note(text))


def _verdict(stage: Stage, verdict: str) -> None:
    stage.director.judge(verdict)


# ---- the serial line -----------------------------------------------------------------------------


def _garble(stage: Stage, garble: Any) -> None:
    stage.director.noise.arm(garble, stage.playing.chance)


def _line(stage: Stage, lines: Any) -> None:
    for name in lines.given():
        stage.order(SetSignal(LineSignal(name.upper()), getattr(lines, name) == "on"))


def _urc(stage: Stage, urc: Urc | str) -> None:
    if isinstance(urc, str):
        stage.order(UrcInjected(urc))
    else:
        stage.order(UrcInjected(urc.text, urc.at_once))


STEPS: dict[str, Callable[[Stage, Any], None]] = {
    "mark": _mark,
    "log": _log,
    "verdict": _verdict,
    **NETWORK_STEPS,
    **COMMAND_STEPS,
    **PATH_STEPS,
    "garble": _garble,
    "line": _line,
    "urc": _urc,
}
"""Every step but ``wait``, which the director itself takes."""
