"""The figures as text: a table for each workload, and the goals with what was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.contenders import OURS, two


def yardstick(contenders: Mapping[str, Any]) -> str:
    """Whom the others are compared with: Downslope's machine code, on a sweep in two threads."""
    return next((n for n in (OURS, two(OURS)) if "best" in contenders.get(n, {})), "")


def steps_table(name: str, contenders: Mapping[str, Any]) -> str:
    """One workload: the quickest first, then who was not timed and why."""
    lines = [
        f"{name:<30}{'best':>10}{'median':>10}{'CPU':>10}{'ratio':>9}{'ready':>9}",
        f"{'':<30}{'µs/step':>30}{'s':>18}",
    ]
    timed = {each: found for each, found in contenders.items() if "best" in found}
    ours = timed.get(yardstick(contenders), {}).get("best")
    for each, found in sorted(timed.items(), key=lambda item: float(item[1]["best"])):
        ratio = f"{found['best'] / ours:.2f}" if ours else ""
        figures = "".join(f"{_short(found[key]):>10}" for key in ("best", "median", "cpu"))
        lines.append(f"  {each:<28}{figures}{ratio:>9}{found['until the first epoch']:>9.2f}")
    lines += [
        f"  {each}: {'ERROR, it ' + found['error'] if 'error' in found else 'skipped, ' + found['skipped']}"
        for each, found in contenders.items()
        if "best" not in found
    ]
    return "\n".join(lines)


def goals_table(rows: list[dict[str, Any]]) -> str:
    """A line for each goal."""
    lines = [f"{'goals: best / best':<66}{'found':>9}{'goal':>8}{'reach':>8}"]
    for row in rows:
        bounds = "".join(f"{_short(row[key]) if row[key] is not None else '':>8}" for key in ("goal", "reach"))
        if "missing" in row:
            lines.append(f"  {row['what']:<64}{'-':>9}{bounds}  not measured ({row['missing']})")
            continue
        by = f" by {row['value / bound'] - 1:.0%}" if row["verdict"] == "missed" else ""
        lines.append(f"  {row['what']:<64}{_short(row['value']):>9}{bounds}  {row['verdict']}{by}")
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"
