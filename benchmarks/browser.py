"""How fast the pages are in Chromium over the real server: first picture, scrubbing, a training; and a report's size.

``python -m benchmarks.browser [REPEATS]`` prints each figure beside what is promised, and at the end all of it as JSON.
Needs playwright, a Chromium and the built front end (``make web``); takes about two minutes. Frames are counted by
``requestAnimationFrame`` of a headless Chromium without a graphics card, which draws at most 60 a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

import downslope as ds

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]  # fmt: skip
STEPS = 5_000
PROMISED = {
    "first picture, ms": ("at most", 1_000),
    "scrubbing, frames a second": ("at least", 50),
    "scrubbing, numbers are fresh after ms": ("at most", 50),
    "training, frames a second with other numbers": ("at least", 30),
    "training, share of its speed that the page costs": ("at most", 0.10),
    "report of 20 epochs, MB": ("at most", 1.0),
}

FIRST_PICTURE = """
window.__picture = null;
new MutationObserver((_, watch) => {
  if (!document.querySelector(".ds-body svg[role], .ds-body canvas")) return;
  watch.disconnect();
  requestAnimationFrame(() => setTimeout(() => (window.__picture = performance.now())));
}).observe(document, { childList: true, subtree: true });
"""

# Moves the slider in every frame, as a hand does that goes up and down the run. The title of the network view names the
# step whose numbers are seen: how long ago was the slider there?
SCRUB = """([seconds, from, by]) => new Promise((done) => {
  const slider = document.querySelector("input[aria-label=Step]");
  const title = () => document.querySelector("[data-view=network] .ds-subtitle")?.textContent ?? "";
  const moved = new Map(), fresh = [], frames = [];
  let at = from, way = by, seen = title();
  const began = performance.now();
  const watch = new MutationObserver(() => {
    const now = title();
    if (now === seen) return;
    seen = now;
    const step = Number(/step ([0-9,]+)/.exec(now)[1].replaceAll(",", ""));
    if (moved.has(step)) fresh.push(performance.now() - moved.get(step));
  });
  watch.observe(document.body, { childList: true, subtree: true, characterData: true });
  const frame = (now) => {
    frames.push(now);
    if (now - began > 1000 * seconds) {
      watch.disconnect();
      return done([frames, fresh]);
    }
    at += way;
    if (at < 1 || at >= Number(slider.max)) { way = -way; at += 2 * way; }
    slider.value = at;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    moved.set(at + 1, performance.now());
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})"""

# Frames that the browser would have drawn, and those in which a number of the training was another one than before.
COUNT = """(seconds) => new Promise((done) => {
  const frames = [], changed = [], began = performance.now();
  let isOther = false;
  const watch = new MutationObserver(() => (isOther = true));
  watch.observe(document.querySelector(".ds-figures"), { childList: true, subtree: true, characterData: true });
  const frame = (now) => {
    frames.push(now);
    if (isOther) changed.push(now);
    isOther = false;
    if (now - began <= 1000 * seconds) return requestAnimationFrame(frame);
    watch.disconnect();
    done([frames, changed]);
  };
  requestAnimationFrame(frame);
})"""
WINDOW = 0.7  # seconds of training with the page, and then without


@contextlib.contextmanager
def lab(folder: Path) -> Iterator[str]:
    """The address of a lab, as a process of its own."""
    words = [sys.executable, "-m", "downslope", "lab", str(folder), "--no-browser"]
    places = [str(Path(ds.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONUNBUFFERED": "1"}
    environment["XDG_STATE_HOME"] = str(folder)
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    assert process.stdout is not None
    try:
        line = next(line for line in process.stdout if "http" in line)
        yield line[line.index("http") :].split()[0]
    finally:
        process.terminate()
        process.communicate(timeout=60)


def opened(browser: Browser, address: str, state: str) -> Page:
    """The lab's page at a state, with its first picture drawn."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(f"{address}#{state}")
    page.locator(".ds-body svg[role], .ds-body canvas").first.wait_for()
    page.wait_for_timeout(1_500)
    return page


def first_picture(browser: Browser, folder: Path, state: str, repeats: int) -> list[float]:
    """Milliseconds from asking a lab that is just up until something useful is on the screen, with nothing cached."""
    found = []
    for _ in range(repeats):
        with lab(folder) as address:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(FIRST_PICTURE)
            page.goto(f"{address}#{state}")
            while (passed := page.evaluate("window.__picture")) is None:
                page.wait_for_timeout(20)
            found.append(float(passed))
            page.close()
    return found


def scrubbing(browser: Browser, address: str, state: str, repeats: int) -> dict[str, Any]:
    """Frames a second while the slider moves in every frame, and how old the numbers are that are seen."""
    page = opened(browser, address, state)
    page.evaluate(SCRUB, [2, 3_000, 7])  # the first numbers are computed, and what draws them is compiled
    rates, ages = [], []
    for k, way in enumerate((1, 7, 23) * repeats):
        frames, fresh = page.evaluate(SCRUB, [3, 1 + 311 * k, way])  # never where it was: answers are kept
        rates.append(rate(frames))
        ages.append(fresh)
    page.close()
    every = [age for one in ages for age in one]
    return {
        "frames a second": summary(rates, max),
        "fresh after ms": {**summary(every, min), "95 %": share(every, 0.95)},
    }


def following(browser: Browser, address: str, repeats: int) -> dict[str, Any]:
    """Frames a second while a network trains at full speed, and what the page costs the training."""
    settings = {"hidden": [16, 16], "batch_size": 32, "steps": 10_000_000}
    page = opened(browser, address, f"page=network&train.settings={json.dumps(settings)}")
    page.get_by_role("button", name="► Train").click()
    page.get_by_role("group", name="Training").get_by_text("trains").wait_for()
    page.wait_for_timeout(2_500)
    counted = [page.evaluate(COUNT, 3) for _ in range(repeats)]
    watched, alone = [], []
    for seen, quiet in taking_turns(browser, page, address, 12 * repeats):
        watched.append(seen)
        alone.append(quiet)
    page.get_by_role("button", name="❚❚ Pause").click()
    page.close()
    costs = [1 - seen / quiet for seen, quiet in zip(watched, alone, strict=True)]
    return {
        "frames a second": summary([rate(frames) for frames, _ in counted], max),
        "frames a second with other numbers": summary([rate(changed) for _, changed in counted], max),
        "steps a second, watched": summary(watched, max),
        "steps a second, alone": summary(alone, max),
        "share of its speed that the page costs": {
            **summary(costs, lambda values: sorted(values)[len(values) // 4]),
            "all together": round(1 - sum(watched) / sum(alone), 3),
        },
    }


def taking_turns(browser: Browser, page: Page, address: str, times: int) -> Iterator[tuple[float, float]]:
    """Steps a second with the page and without it, by turns: machines that others use too change within seconds.

    Without it all processes of the browser are stopped, so that they are there and do nothing.
    """
    session = browser.new_browser_cdp_session()
    base = address.partition("/?")[0]
    cookies = "; ".join(f"{each['name']}={each['value']}" for each in page.context.cookies())
    where = f"{base.replace('http', 'ws', 1)}/ws?protocol=1"
    with connect(
        where, origin=Origin(base), additional_headers={"Cookie": cookies}, proxy=None, max_size=None
    ) as socket:
        for _ in range(times):
            processes = [each["id"] for each in session.send("SystemInfo.getProcessInfo")["processInfo"]]
            watched = speed(socket)
            try:
                signalled(processes, signal.SIGSTOP)
                alone = speed(socket)
            finally:
                signalled(processes, signal.SIGCONT)
            yield watched, alone


def signalled(processes: Sequence[int], what: signal.Signals) -> None:
    """Send it to all of them that are still there."""
    for each in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, what)


def speed(socket: ClientConnection) -> float:
    """Steps a second of a training over a window, as its reports tell."""
    until = time.perf_counter() + WINDOW
    marks: list[tuple[float, int]] = []
    while time.perf_counter() < until:
        told = json.loads(socket.recv())
        now = time.perf_counter()
        if told.get("event") == "live" and now > until - WINDOW + 0.05:  # not what waited in the socket
            marks.append((now, int(told["taken"])))
    return (marks[-1][1] - marks[0][1]) / (marks[-1][0] - marks[0][0])


def report_size(folder: Path) -> float:
    """Megabytes of the report of twenty epochs of digits."""
    net = ds.nn.mlp([64, 32, 10])
    run = ds.train(net, ds.data.digits(), optimizer=ds.optim.adam(1e-3), epochs=20, dialect="machine")
    return Path(ds.report(run, folder / "digits.html")).stat().st_size / 1e6


# --- numbers ----------------------------------------------------------------------------------------------------------


def rate(frames: Sequence[float]) -> float:
    """Frames a second."""
    return (len(frames) - 1) / (frames[-1] - frames[0]) * 1000


def summary(values: Sequence[float], best: Any) -> dict[str, float]:
    """The best and the median."""
    return {"best": round(best(values), 3), "median": round(statistics.median(values), 3)}


def share(values: Sequence[float], part: float) -> float:
    """Below which this part of the values lies."""
    return round(sorted(values)[int(part * (len(values) - 1))], 3)


def measure(repeats: int = 3) -> dict[str, Any]:
    """All figures. ``judged`` puts them beside what is promised."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    found: dict[str, Any] = {"load before": round(os.getloadavg()[0], 2)}
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place) / "runs"
        folder.mkdir()
        adam = ds.optim.adam(1e-3)
        ds.train(
            ds.nn.mlp([64, 32, 10]), ds.data.digits(), optimizer=adam, steps=STEPS, record=folder / "digits-1.run",
            dialect="machine",
        )  # fmt: skip
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        run = "page=network&run=digits-1&step=2500"
        found["first picture, ms"] = {
            "Surface": summary(first_picture(browser, folder, "page=surface", repeats), min),
            "Network, a run of digits": summary(first_picture(browser, folder, run, repeats), min),
        }
        with lab(folder) as address:
            found["scrubbing"] = {
                "network and time line": scrubbing(browser, address, f'{run}&panels=["network","timeline"]', repeats),
                "the page as it opens": scrubbing(browser, address, run, repeats),
            }
            found["training"] = following(browser, address, repeats)
        found["report of 20 epochs, MB"] = round(report_size(Path(place)), 3)
        browser.close()
    found["load after"] = round(os.getloadavg()[0], 2)
    return found


def judged(found: dict[str, Any]) -> list[tuple[str, float, str, float, bool]]:
    """(figure, measured, "at most" or "at least", promised, kept) of the medians."""
    scrubbed = found["scrubbing"]["network and time line"]
    trained = found["training"]
    measured = {
        "first picture, ms": max(each["median"] for each in found["first picture, ms"].values()),
        "scrubbing, frames a second": scrubbed["frames a second"]["median"],
        "scrubbing, numbers are fresh after ms": scrubbed["fresh after ms"]["median"],
        "training, frames a second with other numbers": trained["frames a second with other numbers"]["median"],
        "training, share of its speed that the page costs": trained["share of its speed that the page costs"]["median"],
        "report of 20 epochs, MB": found["report of 20 epochs, MB"],
    }
    rows = []
    for name, value in measured.items():
        way, bound = PROMISED[name]
        rows.append((name, value, way, bound, value <= bound if way == "at most" else value >= bound))
    return rows


def main() -> dict[str, Any]:
    """Measure and print."""
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
    for name, value, way, bound, kept in judged(found):
        print(f"{name:52} {value:10.3f}   {way} {bound:g}   {'kept' if kept else 'NOT KEPT'}")
    print(json.dumps(found, indent=1))
    return found


if __name__ == "__main__":
    main()
