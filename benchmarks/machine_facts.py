"""What figures depend on beside the code: the processor, versions, the BLAS, and what the environment sets."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

import downslope
from benchmarks.child import DISTORTING

PACKAGES = ("numpy", "scipy", "llvmlite")


def facts() -> dict[str, Any]:
    """Of this machine and this moment. No paths, no names of machines or users."""
    set_here = {name: os.environ[name] for name in DISTORTING if name in os.environ}
    blas = [
        {key: library.get(key) for key in ("internal_api", "version", "architecture", "threading_layer")}
        for library in threadpool_info()
        if library["user_api"] == "blas"
    ]
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "downslope": downslope.__version__,
        "versions": {package: metadata.version(package) for package in PACKAGES},
        "blas": blas,
        "load before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "taken out of the environment": {n: value if "/" not in value else "(a path)" for n, value in set_here.items()},
    }


def processor() -> str:
    """Its name, as the system tells it."""
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
