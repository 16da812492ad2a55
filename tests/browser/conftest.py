"""A real browser for real pages: Chromium through Playwright, and everything that it complains about is a failure."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.page import Opened
from tests.browser.server import Lab, started

import downslope as ds
from downslope.lab import front_end
from downslope.runs import Run

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
FAR = 60_000  # milliseconds that anything may take on a busy machine before the test says that it never came


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tried again where it fails, twice: Chromium draws in software on the cores that serve and train, and on a busy
    machine a page that is sound may come late. What is wrong fails three times.
    """
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=1))


@pytest.fixture(autouse=True)
def built() -> None:
    """Nothing here can be tested without the front end."""
    if not front_end.is_built():
        pytest.skip("the front end has not been built: `make web`")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium. For each file anew, because Playwright's loop would stand in the way of other tests of a process."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("there is no Chromium here; on Debian: apt install chromium")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Opened]:
    """Opens a page: (width, scheme, stillness, dots a pixel). What the console says as an error fails the test."""
    said: list[str] = []
    pages = []

    def opened(width: int = 1100, scheme: str = "light", *, still: bool = True, dots: float = 1) -> Any:
        page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce" if still else "no-preference",
            accept_downloads=True,
            device_scale_factor=dots,
        )
        page.set_default_timeout(FAR)
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.said = said
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert said == []


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the runs of these tests are."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def run(folder: Path) -> Run:
    """Iris in 30 steps, in a file: small enough to be asked everything."""
    net = ds.nn.mlp([4, 5, 3], hidden="tanh")
    adam = ds.optim.adam(1e-2)
    made: Run = ds.train(net, ds.data.iris(), optimizer=adam, batch_size=16, epochs=4, record=folder / "iris-1.run")
    return made


@pytest.fixture(scope="session")
def runs(folder: Path, run: Run) -> Path:
    """The folder with a run of every kind: two inputs, images, numbers to predict, one that became NaN, and a fork."""
    adam = ds.optim.adam(1e-2)
    moons = ds.train(
        ds.nn.mlp([2, 6, 2], hidden="tanh"), ds.data.moons(), optimizer=adam, steps=120, record=folder / "moons-1.run"
    )
    ds.train(ds.nn.mlp([64, 32, 10]), ds.data.digits(), optimizer=adam, steps=90, record=folder / "digits-1.run")
    ds.train(ds.nn.mlp([10, 6, 1]), ds.data.diabetes(), optimizer=adam, steps=60, record=folder / "diabetes-1.run")
    too_fast = ds.optim.gradient_descent(1e3)
    ds.train(ds.nn.mlp([13, 8, 3]), ds.data.wine(), optimizer=too_fast, steps=90, record=folder / "nan-1.run")
    fork = moons.fork(61, edit={"dense1.w[0, 3]": 0.0}, record=folder / "moons-1-fork.run")
    fork.train(40)
    fork.note("the edge was cut", 61)
    return folder


@pytest.fixture(scope="module")
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The tokens of these labs are not kept among the user's."""
    home = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home))
        yield home


@pytest.fixture(scope="module")
def lab(runs: Path, state_home: Path) -> Iterator[Lab]:
    """A lab on the folder of all runs, for all tests of a file."""
    with started(runs) as made:
        yield made


@pytest.fixture
def own_lab(tmp_path: Path, runs: Path, state_home: Path) -> Iterator[Lab]:
    """A lab on a folder of its own with one run in it, for a test that trains or does worse."""
    shutil.copy(runs / "moons-1.run", tmp_path)
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(started(tmp_path))
        yield made
