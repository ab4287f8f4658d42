"""scenarios/README.md is what the model and the files say; every key has its sentence."""

from __future__ import annotations

import re

import pytest
from scenario_reference import README, updated
from vmodem.emulator.scenario import model, words
from vmodem.emulator.scenario.actions import Step
from vmodem.emulator.scenario.load import checked, schema
from vmodem.emulator.scenario.parts import Part
from vmodem.emulator.scenario.text import parse
from vmodem.netstack.routes import Route

TEXT = README.read_text(encoding="utf-8")


def test_the_readme_is_up_to_date() -> None:
    assert updated(TEXT) == TEXT, "run: python tests/scenario_reference.py --write"


@pytest.mark.parametrize(
    ("part", "meanings"),
    [
        (model.Trigger, words.TRIGGERS),
        (Step, words.STEPS),
        (model.Rule, words.RULES),
    ],
)
def test_every_key_has_its_sentence(part: type[Part], meanings: dict[str, str]) -> None:
    assert set(part.__struct_encode_fields__) == meanings.keys()


def test_every_key_of_an_expectation_has_its_sentence() -> None:
    own = set(model.Expectation.__struct_encode_fields__) - set(model.Occurrence.__struct_encode_fields__)
    assert own == words.EXPECTATIONS.keys()


def test_the_schema_has_the_sentences() -> None:
    definitions = schema()["$defs"]
    for name, meanings in (("Step", words.STEPS), ("Trigger", words.TRIGGERS)):
        for key, text in meanings.items():
            assert definitions[name]["properties"][key]["description"] == text


def test_the_first_scenario_of_the_reader_is_one() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 1
    assert checked(parse("first.yaml", blocks[0]), Route.entry).name == "second-send-fails"
