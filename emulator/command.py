"""How a command is declared: a name, its forms, typed parameters, and the states that allow it.

The declaration is the syntax check, the state check, the test form and the documentation. A handler
runs only when all of it holds, and checks nothing again. A handler whose arguments do not fit its
declaration is refused when the module that declares it is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import FunctionType
from typing import Any, Literal, NamedTuple, get_args

from .reply import Cme, ErrorCode, Reply, info

Op = Literal[
    "socket.open",
    "socket.send",
    "socket.recv",
    "socket.close",
    "socket.listen",
    "socket.state",
    "socket.switch",
    "pdp.define",
    "pdp.activate",
    "pdp.deactivate",
    "pdp.address",
    "pdp.bearer",
    "dns.resolve",
    "net.attach",
    "net.ping",
    "net.ntp",
    "sim.pin",
    "sms.send",
    "sms.read",
    "sms.list",
    "sms.delete",
    "sms.store",
    "call.dial",
    "call.answer",
    "call.end",
    "ussd.send",
    "module.temperature",
    "power.functionality",
    "power.off",
]
"""The dialect-neutral operations that commands perform, and by which scenarios know them."""
OPERATIONS = frozenset(get_args(Op))


class Kind(Enum):
    """The forms of an extended command (V.250 5.4), with the letters of the checklist."""

    EXECUTE = "E"
    READ = "R"
    TEST = "T"
    WRITE = "W"


class Field(NamedTuple):
    """One parameter as typed: its text, and whether it stood in double quotes."""

    text: str
    quoted: bool


class BadParameter(Exception):
    """A parameter does not fit its declaration (the host's mistake)."""


class DeclarationError(TypeError):
    """A command's declaration is wrong (the author's mistake)."""


REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A typed parameter. ``default`` other than ``REQUIRED`` makes it optional, also when empty (``,,``)."""

    name: str
    default: object = field(default=REQUIRED, kw_only=True)

    def convert(self, typed: Field) -> object:
        """The value of ``typed``; raises :class:`BadParameter`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Int(Parameter):
    """Unsigned decimal digits within bounds; in quotes only where ``quoted`` allows it (a port)."""

    low: int = 0
    high: int = 2**31 - 1
    quoted: bool = field(default=False, kw_only=True)

    def convert(self, typed: Field) -> object:
        text = typed.text
        if (typed.quoted and not self.quoted) or not (text.isascii() and text.isdigit()) or len(text) > 10:
            raise BadParameter
        value = int(text)
        if not self.low <= value <= self.high:
            raise BadParameter
        return value


@dataclass(frozen=True, slots=True)
class Choice(Parameter):
    """One of a few numbers."""

    values: tuple[int, ...] = ()

    def convert(self, typed: Field) -> object:
        if typed.quoted or not (typed.text.isascii() and typed.text.isdigit()) or len(typed.text) > 10:
            raise BadParameter
        value = int(typed.text)
        if value not in self.values:
            raise BadParameter
        return value


class Quotes(Enum):
    """Whether a string must stand in double quotes."""

    REQUIRED = "required"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Text(Parameter):
    """A string; ``longest`` bytes at the most. Empty is allowed only with ``empty``."""

    longest: int = 255
    quotes: Quotes = field(default=Quotes.EITHER, kw_only=True)
    empty: bool = field(default=True, kw_only=True)

    def convert(self, typed: Field) -> object:
        if self.quotes is Quotes.REQUIRED and not typed.quoted:
            raise BadParameter
        # V.250 5.4.2.2: a string is delimited by quotes at both ends; "abc"d and ab"c" are no values.
        if not typed.quoted and '"' in typed.text:
            raise BadParameter
        if len(typed.text) > self.longest or not (typed.text or self.empty):
            raise BadParameter
        return typed.text


@dataclass(frozen=True, slots=True)
class Word(Parameter):
    """One of a few words, compared without regard to case; the value is the declared spelling."""

    words: tuple[str, ...] = ()
    quotes: Quotes = field(default=Quotes.EITHER, kw_only=True)

    def convert(self, typed: Field) -> object:
        if self.quotes is Quotes.REQUIRED and not typed.quoted:
            raise BadParameter
        for word in self.words:
            if word.upper() == typed.text.upper():
                return word
        raise BadParameter


@dataclass(frozen=True, slots=True)
class Ipv4(Parameter):
    """A dotted quad: four decimal numbers 0-255; the value is written without leading zeros."""

    quotes: Quotes = field(default=Quotes.EITHER, kw_only=True)

    def convert(self, typed: Field) -> object:
        if self.quotes is Quotes.REQUIRED and not typed.quoted:
            raise BadParameter
        parts = typed.text.split(".")
        if len(parts) != 4 or not all(p.isascii() and p.isdigit() and len(p) <= 3 for p in parts):
            raise BadParameter
        numbers = [int(p) for p in parts]
        if max(numbers) > 255:
            raise BadParameter
        return ".".join(map(str, numbers))


Handler = Callable[..., Any]
"""``handler(module, *values)``: returns a Reply, or is a generator of Steps that returns one."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a command.

    ``needs``: the states of which the present one must be one. ``only``: whether this form is the
    one in force (single or multi connection). ``wrong_state`` / ``bad_parameter``: what a failure
    means under +CMEE; ``None`` is a plain ERROR always.
    """

    kind: Kind
    run: Handler
    parameters: tuple[Parameter, ...] = ()
    needs: frozenset[Enum] | None = None
    only: Callable[[Any], bool] | None = None
    wrong_state: ErrorCode | None = Cme.NOT_ALLOWED
    bad_parameter: ErrorCode | None = Cme.INCORRECT_PARAMETERS

    def arguments(self, fields: tuple[Field, ...]) -> list[object]:
        """The typed values of ``fields``; raises :class:`BadParameter`."""
        parameters = self.parameters
        if len(fields) > len(parameters):
            raise BadParameter
        values: list[object] = []
        for i, parameter in enumerate(parameters):
            typed = fields[i] if i < len(fields) else None
            if typed is None or (not typed.text and not typed.quoted):
                if parameter.default is REQUIRED:
                    raise BadParameter
                values.append(parameter.default)
            else:
                values.append(parameter.convert(typed))
        return values


def _check_handler(name: str, form: Form) -> None:
    run = form.run
    if not isinstance(run, FunctionType):
        raise DeclarationError(f"{name}: a handler is a plain function, not {run!r}")
    code = run.__code__
    takes = code.co_varnames[1 : code.co_argcount]
    declared = tuple(parameter.name for parameter in form.parameters)
    if code.co_argcount < 1 or takes != declared:
        raise DeclarationError(
            f"{name} {form.kind.name.lower()}: {run.__qualname__} takes (module, {', '.join(takes)}), "
            f"the declaration has ({', '.join(declared)})"
        )


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name as typed after AT (upper case), its forms, where it is documented.

    ``op``: which of :data:`OPERATIONS` it performs, if any. ``stub``: accepted, and does
    nothing that a host could see. ``refused``: known, and always refused, with the reason.
    ``begins(module)`` runs before anything of the command is checked. ``wrong_form``: what a form
    that the command lacks means; ``None``: what the dialect says of unknown commands.
    """

    name: str
    forms: tuple[Form, ...]
    cite: str
    op: str = ""
    stub: str = ""
    refused: str = ""
    begins: Callable[[Any], None] | None = None
    wrong_form: ErrorCode | None = None

    def __post_init__(self) -> None:
        if self.name != self.name.upper():
            raise DeclarationError(f"{self.name}: command names are declared in upper case")
        if self.op and self.op not in OPERATIONS:
            known = ", ".join(sorted(OPERATIONS))
            raise DeclarationError(f"{self.name}: there is no operation {self.op!r}; known: {known}")
        settled: set[Kind] = set()
        for form in self.forms:
            _check_handler(self.name, form)
            if form.kind in settled:
                kind = form.kind.name.lower()
                raise DeclarationError(
                    f"{self.name}: a second {kind} form is never reached: the first wants only="
                )
            if form.only is None:
                settled.add(form.kind)

    def letters(self) -> str:
        """The forms offered, as the checklist writes them: ``T,R,W,E``."""
        have = {form.kind for form in self.forms}
        order = (Kind.TEST, Kind.READ, Kind.WRITE, Kind.EXECUTE)
        return ",".join(kind.value for kind in order if kind in have)


def command(name: str, *forms: Form, cite: str, op: str = "", stub: str = "", refused: str = "") -> Command:
    """Declare a command."""
    return Command(name, forms, cite, op, stub, refused)


def _states(needs: frozenset[Any] | set[Any] | None) -> frozenset[Enum] | None:
    return None if needs is None else frozenset(needs)


def execute(
    run: Handler,
    *,
    needs: frozenset[Any] | set[Any] | None = None,
    only: Callable[[Any], bool] | None = None,
    wrong_state: ErrorCode | None = Cme.NOT_ALLOWED,
) -> Form:
    """The form ``AT+X``."""
    return Form(Kind.EXECUTE, run, (), _states(needs), only, wrong_state)


def read(
    run: Handler,
    *,
    needs: frozenset[Any] | set[Any] | None = None,
    only: Callable[[Any], bool] | None = None,
) -> Form:
    """The form ``AT+X?``."""
    return Form(Kind.READ, run, (), _states(needs), only)


def test(*lines: str, only: Callable[[Any], bool] | None = None) -> Form:
    """The form ``AT+X=?``: these information lines (none: just OK)."""
    reply = info(*lines)

    def answer(_module: Any) -> Reply:
        return reply

    return Form(Kind.TEST, answer, (), None, only)


def test_by(run: Handler, *, only: Callable[[Any], bool] | None = None) -> Form:
    """The form ``AT+X=?`` where the answer depends on the module."""
    return Form(Kind.TEST, run, (), None, only)


def write(
    *parameters: Parameter,
    run: Handler,
    needs: frozenset[Any] | set[Any] | None = None,
    only: Callable[[Any], bool] | None = None,
    wrong_state: ErrorCode | None = Cme.NOT_ALLOWED,
    bad_parameter: ErrorCode | None = Cme.INCORRECT_PARAMETERS,
) -> Form:
    """The form ``AT+X=<...>``."""
    return Form(Kind.WRITE, run, parameters, _states(needs), only, wrong_state, bad_parameter)
