"""``make bench``: Downslope beside every peer that is installed, and every figure that it promises, within one run.

Absolute times are of this machine and this moment; ratios travel. Each contender has a process of its own, and they
take turns. What would distort (BLAS and thread variables) is taken out of their environment, and recorded. The whole
run takes up to 20 minutes; 1 thread unless a name says otherwise, but JAX always takes all cores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from benchmarks import growth, picture
from benchmarks.child import environment
from benchmarks.contenders import MICROGRAD, NETWORKS, OURS, TABLE, Entry, chosen
from benchmarks.general import GENERAL
from benchmarks.goals import judged
from benchmarks.machine_facts import facts
from benchmarks.measure import SMOKE, Pace, measured
from benchmarks.promises import build, chain, import_cost
from benchmarks.recording import recording
from benchmarks.table import goals_table, steps_table
from benchmarks.workloads import M, S, T, Workload

ROOT = Path(__file__).resolve().parent.parent
KEPT, PICTURE, GROWTH = ROOT / "benchmarks/figures.json", ROOT / "images/benchmark.svg", ROOT / "images/growth.svg"
PARTS = (*NETWORKS, "sweep", "general", "latency", "growth", "promises")
SMOKE_PARTS, SMOKE_PEERS = ("T", "latency"), ("numpy",)


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print tables, and write the figures and their pictures."""
    chosen_ = options(arguments)
    if chosen_.list:
        print("\n".join(listed()))
        return {}
    if chosen_.draw:
        figures: dict[str, Any] = json.loads(chosen_.draw.read_text())
        draw(figures, chosen_.picture or PICTURE, chosen_.growth_picture or GROWTH)
        return figures
    is_whole = not (chosen_.smoke or chosen_.only or chosen_.peers)
    parts = chosen_.only or (SMOKE_PARTS if chosen_.smoke else PARTS)
    families = chosen_.peers or (SMOKE_PEERS if chosen_.smoke else ())
    began = time.perf_counter()

    def say(text: str) -> None:
        print(f"{time.perf_counter() - began:6.0f} s  {text}", file=sys.stderr, flush=True)

    figures = {"machine": facts(), "parts": list(parts), "steps": {}}
    for name, found in run(parts, families, chosen_, say):
        if name in (*PARTS[:5], *GENERAL):
            figures["steps"][name] = found
            print(steps_table(name, found), end="\n\n", flush=True)
        else:
            figures[name] = found
    figures["goals"] = judged(figures)
    figures["seconds"] = round(time.perf_counter() - began, 1)
    print(goals_table(figures["goals"]))
    if where := chosen_.json or (KEPT if is_whole else None):
        where.write_text(json.dumps(figures, indent=1) + "\n")
    draw(
        figures,
        chosen_.picture or (PICTURE if is_whole else None),
        chosen_.growth_picture or (GROWTH if is_whole else None),
    )
    return figures


def run(parts: Any, families: tuple[str, ...], chosen_: Any, say: Any) -> Iterator[tuple[str, Any]]:
    """Part after part, each with its figures."""
    pace, smoke = (SMOKE, True) if chosen_.smoke else (Pace(), False)
    scalar = 0.0
    for part in (*NETWORKS, "sweep"):
        if part in parts:
            found = measured(chosen(part, families), part, pace, say)
            scalar = found.get(MICROGRAD, {}).get("best", scalar)
            if part == "S" and scalar:
                found[MICROGRAD] = {"skipped": extrapolated(scalar)}
            yield part, found
    if "general" in parts:
        for name in list(GENERAL)[-1:] if smoke else GENERAL:
            yield name, measured(chosen("general", families), name, pace, say)
    if "latency" in parts:
        say("latency: first steps and compilation")
        yield "latency", latency(2 if smoke else 15)
    if "growth" in parts:
        points = ["width 8", "depth 2"] if smoke else growth.points(chosen_.growth)
        yield "growth", growth.growth(points, families, SMOKE if smoke else Pace(0.1, 4), say)
    if "promises" in parts:
        say("promises: programs, chains, import, recording")
        with threadpool_limits(1, user_api="blas"):
            yield "build M", build(M)
            yield "chain", chain(2_000 if smoke else 20_000)
            yield "import", import_cost()
            yield "recording", recording(*((500, 2, 10_000) if smoke else (5_000, 5, 1_000_000)))


def extrapolated(scalar: float) -> str:
    """What micrograd would take for S: as much longer than for T as there are more weights times rows."""
    more = S.batch * weights(S) / (T.batch * weights(T))
    return f"extrapolated from T by weights times rows: {scalar * more:,.0f} µs a step"


def weights(w: Workload) -> int:
    """Numbers that an example is multiplied by."""
    return sum(i * o for i, o in pairwise(w.sizes))


def latency(repeats: int) -> dict[str, Any]:
    """In a fresh process that finds nothing compiled."""
    with tempfile.TemporaryDirectory() as caches:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.latency", str(repeats)],
            env=environment(Entry(OURS, "", "", ()), caches), capture_output=True, text=True, check=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def draw(figures: dict[str, Any], ratios: Path | None, grown: Path | None) -> None:
    """The pictures of figures, where there is something to draw."""
    if ratios and figures["steps"]:
        picture.save_ratios(figures, ratios)
    if grown and "growth" in figures:
        picture.save_growth(figures, grown)


def listed() -> list[str]:
    """The table of contenders in words."""
    lines = [f"{'contender':<34}{'--peers':<12}{'on':<22}here"]
    for entry in TABLE:
        lines.append(f"{entry.name:<34}{entry.family:<12}{' '.join(entry.on):<22}{entry.absent or 'yes'}")
    return [*lines, f"--only takes {', '.join(PARTS)}"]


def options(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    families = tuple(dict.fromkeys(entry.family for entry in TABLE))

    def some_of(known: tuple[str, ...]) -> Any:
        def names(text: str) -> tuple[str, ...]:
            found = tuple(text.split(","))
            if unknown := [name for name in found if name not in known]:
                raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
            return found

        return names

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=some_of(PARTS), metavar="PARTS", help="some parts, as S,M")
    parser.add_argument(
        "--peers", type=some_of(families), metavar="FAMILIES", help="some peers beside Downslope, as jax,torch"
    )
    parser.add_argument("--list", action="store_true", help="who can be compared, and who is installed")
    parser.add_argument("--growth", action="store_true", help="every width and depth, not only a few")
    parser.add_argument("--smoke", action="store_true", help="a few seconds, to see that everything still runs")
    parser.add_argument("--draw", type=Path, metavar="JSON", help="measure nothing, draw these figures")
    parser.add_argument("--json", type=Path, help="write the figures here (a whole run: benchmarks/figures.json)")
    parser.add_argument("--picture", type=Path, help="draw the ratios here (a whole run: images/benchmark.svg)")
    parser.add_argument(
        "--growth-picture", type=Path, help="draw the cost growth here (a whole run: images/growth.svg)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
