"""Every command of the checklist is declared with every form, and every declared form has its dialogue.

The dialogues stand in ``tests/data/bg96_forms.txt``; each is played whole.
"""

from __future__ import annotations

import pytest
from bg96_bench import Bench
from forms import Example, check, checklist, declared, examples, play
from vmodem.dialects.quectel.bg96 import BG96

EXAMPLES = examples("bg96_forms.txt")
DECLARED = declared(BG96)
CHECKLIST = checklist("bg96")


@pytest.mark.parametrize("form", DECLARED)
def test_a_declared_form_has_a_dialogue(form: str) -> None:
    assert [example.form for example in EXAMPLES].count(form) >= 1


def test_no_dialogue_is_of_a_form_that_is_not_declared() -> None:
    assert {example.form for example in EXAMPLES} <= set(DECLARED)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_dialogue(example: Example) -> None:
    play(Bench().up(), example)


def test_the_checklist_is_the_whole_one() -> None:
    assert len(CHECKLIST) == 21


@pytest.mark.parametrize(("name", "forms"), CHECKLIST, ids=[name for name, _ in CHECKLIST])
def test_the_checklist(name: str, forms: str) -> None:
    if forms == "escape":
        assert BG96.escape.guard == 1.0
    else:
        check(BG96, name, forms)
