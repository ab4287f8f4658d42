"""Every command of the checklist is declared with every form, and every declared form has its dialogue.

The dialogues stand in ``tests/data/mxx_forms.txt``; each is played whole.
"""

from __future__ import annotations

import pytest
from forms import Example, check, checklist, declared, examples, play
from mxx_bench import Bench
from vmodem.dialects.quectel.mxx import QUECTEL_MXX

EXAMPLES = examples("mxx_forms.txt")
DECLARED = declared(QUECTEL_MXX)
CHECKLIST = checklist("mxx")


@pytest.mark.parametrize("form", DECLARED)
def test_a_declared_form_has_a_dialogue(form: str) -> None:
    assert [example.form for example in EXAMPLES].count(form) >= 1


def test_no_dialogue_is_of_a_form_that_is_not_declared() -> None:
    assert {example.form for example in EXAMPLES} <= set(DECLARED)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_dialogue(example: Example) -> None:
    play(Bench(), example)


def test_the_checklist_is_the_whole_one() -> None:
    assert len(CHECKLIST) == 36


@pytest.mark.parametrize(("name", "forms"), CHECKLIST, ids=[name for name, _ in CHECKLIST])
def test_the_checklist(name: str, forms: str) -> None:
    if forms == "escape":
        assert QUECTEL_MXX.escape.guard == 0.5
        assert QUECTEL_MXX.escape.gap == 0.02
    else:
        check(QUECTEL_MXX, name, forms)
