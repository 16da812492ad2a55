"""Choices: a letter in any dress, or the words; everything else is asked back."""

from __future__ import annotations

import pytest

from downslope.exercises.answer import Mistake
from downslope.exercises.choice import Choice
from downslope.exercises.reading import Unread

CHOICE = Choice({"up": "It goes **up**.", "down": r"It goes down by $\eta$.", "stay": "`w` stays."}, "down")


@pytest.mark.parametrize(
    "given", ["b", "B", " b) ", "(b)", "b.", "**b**", "It goes down by η", "it goes DOWN by $\\eta$.", "down"]
)
def test_the_right_option_is_taken_in_any_dress(given: str) -> None:
    assert CHOICE.judge(given, []).outcome == "right"


@pytest.mark.parametrize("given", ["a", "c", "(C)", "w stays", "up"])
def test_another_option_is_wrong_and_gets_its_hint(given: str) -> None:
    mistakes = [Mistake("up", "Downhill.", "up"), Mistake("stay", "It moves.", "stay")]
    found = CHOICE.judge(given, mistakes)
    assert found.outcome == "wrong"
    assert found.message in ("Downhill.", "It moves.")


@pytest.mark.parametrize("given", ["d", "", "1", 1, None, "yes", "bb", 0.5, ["b"]])
def test_what_is_no_option_is_asked_back(given: object) -> None:
    with pytest.raises(Unread, match="a letter from a to c"):
        CHOICE.judge(given, [])


def test_the_options_are_shown_with_their_letters() -> None:
    assert "**b)** It goes down" in CHOICE.asks()
