"""The page Network over the real server: a training begun, changed while it goes on, forked; data of one's own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.page import Opened, at, cut, failures, frame, linked, overflow, settled, shown, unlinked, violations
from tests.browser.server import Lab, started

import downslope as ds
from downslope import nn

pytestmark = pytest.mark.slow

QUICK = {"data": {"name": "moons", "settings": {"n": 120}}, "hidden": [6], "batch_size": 20, "steps": 400}
EMPTY = 'panels=["network"]'
# Play until the scrubber was seen at so many places, and pause.
PLAYED = """([play, scrub, many]) => new Promise((done) => {
  const places = new Set();
  const look = () => {
    places.add(Number(scrub.value));
    if (places.size < many) return requestAnimationFrame(look);
    play.click();
    done([...places]);
  };
  play.click();
  look();
})"""


@pytest.fixture(scope="module")
def trainer(runs: Path, state_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab of this file's own, in which trainings are begun."""
    folder = tmp_path_factory.mktemp("trainer")
    shutil.copy(runs / "moons-1.run", folder)
    with started(folder) as made:
        yield made


def link(settings: dict[str, Any] = QUICK, more: str = EMPTY) -> str:
    return f"page=network&train.settings={json.dumps(settings)}&{more}"


def bar(page: Any) -> Any:
    """The bar with the buttons of the training."""
    return page.get_by_role("group", name="Training")


def says(page: Any, words: str) -> None:
    """Wait until the bar says it."""
    bar(page).get_by_text(words).first.wait_for(timeout=60_000)


def named(page: Any, *others: str) -> str:
    """Wait until the bar names a run that is none of these; its name."""
    known = re.compile(f"^({'|'.join(map(re.escape, others))})$") if others else re.compile("^$")
    found = bar(page).locator("strong", has_not_text=known)
    found.wait_for()
    return str(found.inner_text())


def trained(page: Any) -> str:
    """Train a new run to the end; its name."""
    before = bar(page).locator("strong").all_inner_texts()
    bar(page).get_by_role("button", name="► Train").click()
    named(page, *before)
    says(page, "is done")
    return str(bar(page).locator("strong").inner_text())


def test_a_network_is_trained_paused_and_stepped(trainer: Lab, open_page: Opened) -> None:
    page = at(open_page(), trainer, link({**QUICK, "steps": 2000}))
    bar(page).get_by_label("speed").select_option("15")
    bar(page).get_by_role("button", name="► Train").click()
    says(page, "trains")
    bar(page).get_by_role("button", name="❚❚ Pause").click()
    says(page, "is paused")
    settled(page)
    taken = int(page.get_by_label("Step number").first.input_value())
    bar(page).get_by_role("button", name="+ 1 step of training").click()
    says(page, f"{taken + 1} of 2,000")
    settled(page)
    assert page.get_by_label("Step number").first.input_value() == str(taken + 1)
    assert failures(page) == []
    bar(page).get_by_label("speed").select_option("0")
    bar(page).get_by_role("button", name="► Train on").click()
    says(page, "is done")
    settled(page)
    assert failures(page) == []
    assert shown(page) == ["network"]


def test_settings_change_while_it_trains_and_the_weights_stay(trainer: Lab, open_page: Opened) -> None:
    page = at(open_page(), trainer, link({**QUICK, "steps": 40_000}, 'panels=["network","timeline"]'))
    bar(page).get_by_label("speed").select_option("60")
    bar(page).get_by_role("button", name="► Train").click()
    says(page, "trains")
    form = page.get_by_role("form", name="Settings of the training")
    form.get_by_role("button", name="learning rate: 0.03").click()
    form.get_by_label("rule").select_option("momentum")
    form.get_by_role("button", name="rows in a batch: 16").click()
    form.get_by_label("activation").select_option("relu")
    for word in ("momentum", "batch", "relu"):  # each change is told while it goes on
        frame(page, "timeline").get_by_text(re.compile(word, re.IGNORECASE)).first.wait_for()
    says(page, "trains")
    bar(page).get_by_role("button", name="❚❚ Pause").click()
    says(page, "is paused")
    settled(page)
    assert failures(page) == []
    assert not form.get_by_text("These settings make a run of their own").is_visible()
    told = frame(page, "timeline").inner_text()
    for word in ("momentum", "batch", "relu"):
        assert word in told.lower(), told


def test_a_change_that_needs_other_weights_makes_another_run(trainer: Lab, open_page: Opened) -> None:
    page = at(open_page(), trainer, link({**QUICK, "steps": 60}))
    first = trained(page)
    form = page.get_by_role("form", name="Settings of the training")
    form.get_by_role("button", name="One layer more").click()
    assert form.get_by_text("These settings make a run of their own").is_visible()
    second = trained(page)
    assert second != first
    settled(page)
    assert "Network of 4 layers" in str(frame(page, "network").locator("canvas").get_attribute("aria-label"))
    assert failures(page) == []


def test_every_setting_of_the_form_can_be_used(trainer: Lab, open_page: Opened) -> None:
    page = at(open_page(), trainer, link({**QUICK, "steps": 30}))
    form = page.get_by_role("form", name="Settings of the training")
    form.get_by_label("set", exact=True).select_option("iris")
    form.get_by_role("button", name="One layer more").click()
    form.get_by_role("button", name="units of layer 1: more").click()
    form.get_by_label("start values").select_option("he_normal")
    form.get_by_label("schedule", exact=True).select_option("cosine")
    form.get_by_label("all rows in every step").check()
    form.get_by_label("weight decay").fill("0.001")
    form.get_by_label("weight decay").press("Enter")
    form.get_by_text("More", exact=True).click()
    for name, value in (("dropout", "0.2"), ("clip the gradient at", "1"), ("ends after steps", "40")):
        form.get_by_label(name).fill(value)
        form.get_by_label(name).press("Enter")
    form.get_by_label("normalise").select_option("layer_norm")
    form.get_by_role("button", name="seed: more").click()
    form.get_by_text("its settings and faults").click()
    form.get_by_label("put in a fault").select_option("label_noise")
    trained(page)
    settled(page)
    assert failures(page) == []
    says(page, "40 of 40")


def test_a_fork_leaves_its_parent_as_it_is(trainer: Lab, open_page: Opened) -> None:
    page = at(open_page(), trainer, f"page=network&run=moons-1&step=50&{EMPTY}")
    bar(page).get_by_role("button", name=re.compile("^Fork here")).click()
    named(page, "moons-1")
    linked(page, "beside=moons-1")
    bar(page).get_by_role("button", name="+ 1 step of training").click()
    says(page, "50 of")
    settled(page)
    assert failures(page) == []


def test_an_edited_weight_forks_the_run(trainer: Lab, open_page: Opened) -> None:
    page = at(open_page(), trainer, f"page=network&run=moons-1&step=30&select=dense1.w[0,+3]&{EMPTY}")
    view = frame(page, "network")
    view.get_by_label("another weight").fill("0.5")
    view.get_by_role("button", name="Fork with it").click()
    named(page, "moons-1")
    settled(page)
    assert failures(page) == []
    linked(page, "step=30")
    assert view.locator("dd").first.inner_text() == "0.5"


def test_the_step_is_told_stage_by_stage_from_the_keyboard(trainer: Lab, open_page: Opened) -> None:
    page = at(open_page(), trainer, f"page=network&run=moons-1&step=30&{EMPTY}")
    view = frame(page, "network")
    said = []
    for name in ("Forward", "Loss", "Backward", "Update", "Whole step"):
        view.get_by_role("button", name=name, exact=True).click()
        said.append(view.locator(".ds-flow-words").inner_text())
    assert len(set(said)) == 5
    view.locator("canvas").focus()
    page.keyboard.press(",")
    assert view.locator(".ds-flow-words").inner_text() != said[-1]
    for key in ("ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    linked(page, "select=dense1[")
    page.keyboard.press("PageDown")
    page.keyboard.press("Enter")
    linked(page, "select=dense1.w[")
    page.keyboard.press("Escape")
    unlinked(page, "select=")
    for edges in ("gradient", "update"):
        view.get_by_label("edges").select_option(edges)
    view.get_by_label("one row").check()
    settled(page)
    view.get_by_role("button", name="row: more").click()
    settled(page)
    assert failures(page) == []


def test_playing_a_step_moves_it_and_stillness_goes_stage_by_stage(trainer: Lab, open_page: Opened) -> None:
    for still in (False, True):
        page = at(open_page(still=still), trainer, f"page=network&run=moons-1&step=30&{EMPTY}")
        view = frame(page, "network")
        play = view.get_by_role("button", name=re.compile("^Play the step")).element_handle()
        places = page.evaluate(PLAYED, [play, view.get_by_label("Place in the step").element_handle(), 4 - still])
        view.get_by_role("button", name=re.compile("^Play the step")).wait_for()
        assert len(places) >= 4 - still
        assert all(place == int(place) for place in places) is still


def test_every_preset_says_why_and_a_bad_one_can_be_tried(trainer: Lab, open_page: Opened) -> None:
    page = at(open_page(), trainer, link())
    page.get_by_role("button", name="Presets: good and bad settings").click()
    gallery = page.locator(".ds-gallery li")
    assert gallery.count() >= 18
    for words in gallery.all_inner_texts():
        assert "good" in words or "bad" in words
        assert len(words) > 60
    page.get_by_label("show").select_option("bad")
    assert gallery.count() < 30
    page.get_by_role("button", name=re.compile("^Try it: ")).first.click()
    page.locator(".ds-about", has_text="Look at:").wait_for()
    says(page, "step")
    page.get_by_role("button", name=re.compile("^The opposite")).click()
    page.locator(".ds-about", has_text="✓ good").wait_for()
    bar(page).get_by_role("button", name=re.compile("Pause|Train on")).first.click()
    settled(page)
    assert failures(page) == []


def test_a_table_of_ones_own_is_taken_and_a_hostile_one_is_refused_in_words(trainer: Lab, open_page: Opened) -> None:
    page = at(open_page(), trainer, link(more='panels=["data","network"]'))
    view = frame(page, "data")
    view.get_by_role("button", name="Own table (CSV)").click()
    box = view.get_by_role("textbox")
    for hostile in ("a,b\n" + "x" * 200_000 + ",1\n", "a,a\n1,2\n3", 'a,b\n"1,2\n3,4', "a,b\n\x00,1\n2,3"):
        box.fill(hostile)
        view.get_by_role("button", name="Train on this table").click()
        view.locator(".ds-failure").wait_for()
        assert "bug" not in failures(page)[0]
        view.get_by_role("button", name="Clear").click()
    rows = "\n".join(f"{k % 7},{k % 5},{'cat' if (k % 7) > (k % 5) else 'dog'}" for k in range(60))
    box.fill(f"height,weight,kind\n{rows}\n")
    view.get_by_label("predict").select_option("kind")
    view.get_by_role("button", name="Train on this table").click()
    page.get_by_label("set", exact=True).locator("option", has_text="(own)").wait_for(state="attached")
    settled(page)
    assert failures(page) == []
    form = page.get_by_role("form", name="Settings of the training")
    assert "own" in form.get_by_label("set", exact=True).locator("option:checked").inner_text()
    page.get_by_label("ends after steps").evaluate("each => each.closest('details').open = true")
    page.get_by_label("ends after steps").fill("30")
    page.get_by_label("ends after steps").press("Enter")
    trained(page)
    settled(page)
    assert failures(page) == []


def test_points_are_drawn_by_hand_with_pointer_and_keyboard(trainer: Lab, open_page: Opened) -> None:
    page = at(open_page(), trainer, link(more='panels=["data"]'))
    view = frame(page, "data")
    view.get_by_role("button", name="Draw points").click()
    board = view.get_by_role("application")
    area = board.locator("rect").last
    for k in range(6):
        area.click(position={"x": 60 + 12 * k, "y": 60})
    board.focus()
    page.keyboard.press("2")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
    page.keyboard.press("Backspace")
    send = view.get_by_role("button", name=re.compile("^Train on these"))
    assert send.inner_text() == "Train on these 11 points"
    view.get_by_label("with a").select_option("spray")
    area.click(position={"x": 200, "y": 200})
    view.get_by_label("with a").select_option("rubber")
    area.click(position={"x": 60, "y": 60})
    view.get_by_role("button", name="Undo").click()
    send.click()
    page.get_by_label("set", exact=True).locator("option", has_text="(own)").first.wait_for(state="attached")
    settled(page)
    assert failures(page) == []
    # Named anew at each attempt, because the lab keeps the sets of the one before.
    view.locator(".ds-subtitle", has_text=re.compile(r"^drawn(-\d+)?: 12 rows")).wait_for()


@pytest.fixture(scope="module")
def many(state_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with a run whose units have many numbers: channels of images, and steps of sequences."""
    folder = tmp_path_factory.mktemp("many")
    images = (nn.reshape((1, 8, 8)), nn.conv2d(3, 3, "relu"), nn.max_pool(2))
    model = nn.Model((64,), (*images, nn.reshape((3, 9)), nn.gru(4), nn.flatten(), nn.dense(10)))
    ds.train(model, ds.data.digits(), optimizer=ds.optim.adam(0.01), steps=20, record=folder / "many-1.run")
    with started(folder) as made:
        yield made


def explained(page: Any) -> str:
    """What the derivation is about."""
    return str(frame(page, "derivation").get_by_role("textbox", name="explain").input_value())


def test_any_place_of_a_channel_is_chosen_and_explained_in_all_views(many: Lab, open_page: Opened) -> None:
    page = at(open_page(), many, "page=step&run=many-1&step=7&select=conv1[2]")
    network, derivation = frame(page, "network"), frame(page, "derivation")
    value = network.get_by_role("application", name=re.compile(r"^value of conv1\[2\]"))
    value.wait_for()
    assert explained(page) == "activations.conv1[0, 2]"
    assert "the largest in size of 36 places of unit 2" in derivation.inner_text()
    assert "the largest in size of 36 places" in network.inner_text()
    value.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    settled(page)
    chosen = explained(page)
    assert re.fullmatch(r"activations\.conv1\[0, 2, \d, \d\]", chosen)
    assert chosen.split("conv1")[1] in derivation.inner_text()
    number = re.search(r"= (\S+)", derivation.inner_text())
    assert number is not None
    assert f"value {float(number[1]):.4g}".replace("-", "−") in network.inner_text().replace("-", "−")
    assert "conv1" in frame(page, "graph").inner_text()
    assert "conv1_h = " in frame(page, "program").inner_text()
    error = network.get_by_role("application", name=re.compile(r"^error signal of conv1\[2\]"))
    error.click(position={"x": 4, "y": 4})
    settled(page)
    assert explained(page) == "errors.conv1[0, 2, 0, 0]"
    assert "row 0, column 0" in network.inner_text()
    assert "g_conv1" in frame(page, "program").inner_text()
    network.get_by_role("button", name="the largest", exact=True).click()
    settled(page)
    assert explained(page) == "activations.conv1[0, 2]"
    assert failures(page) == []
    assert violations(page) == []


def test_any_step_of_a_sequence_is_chosen_on_a_phone(many: Lab, open_page: Opened) -> None:
    page = at(open_page(width=360, scheme="dark"), many, "page=step&run=many-1&step=7&select=gru1[1]")
    network = frame(page, "network")
    value = network.get_by_role("application", name=re.compile(r"^value of gru1\[1\].* 3 steps"))
    value.wait_for()
    assert "the last of 3 steps" in network.inner_text()
    value.focus()
    page.keyboard.press("ArrowLeft")
    settled(page)
    assert explained(page) == "activations.gru1[0, 1, 1]"
    assert "gru1.h.2[0, 1]" in frame(page, "derivation").inner_text()
    assert overflow(page) <= 0
    assert cut(page) == []
    assert failures(page) == []
    assert violations(page) == []


@pytest.mark.parametrize("name", ["moons-1", "digits-1", "diabetes-1", "nan-1", "moons-1-fork"])
def test_every_view_is_shown_for_every_kind_of_run(name: str, lab: Lab, open_page: Opened) -> None:
    page = at(
        open_page(), lab, f"page=network&run={name}&step=7&slice.points=11&spectrum.products=20&spectrum.vectors=1"
    )
    chips = page.get_by_role("group", name="Panels of this page").get_by_role("button")
    for chip in chips.all():
        if chip.get_attribute("aria-pressed") == "false":
            chip.click()
    settled(page)
    assert failures(page) == []
    assert page.locator(".ds-frame").count() == chips.count() >= 11
    unfit = {"boundary"} if name in ("digits-1", "nan-1", "diabetes-1") else set()
    frames = page.locator(".ds-frame").evaluate_all("all => all.map((each) => each.dataset.view)")
    assert set(frames) - set(shown(page)) == unfit
