"""The packages that an export needs, imported at its first use; one that is missing is told with how to install it."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from downslope.errors import SettingError

if TYPE_CHECKING:
    mlflow: Any
    pandas: Any
    pyarrow: Any
    tensorboard: Any

# What `pip install` calls each of them, and what it is imported for.
_NEEDED = {
    "mlflow": ("mlflow-skinny", "run.to_mlflow(...)"),
    "pandas": ("pandas", "run.to_pandas()"),
    "pyarrow": ("pyarrow", "run.to_parquet(...)"),
    "tensorboard": ("tensorboard", "run.to_tensorboard(...)"),
}

# Hidden from type checkers, which would take any misspelt name for one of these.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _NEEDED:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            if name == "mlflow":
                return import_module("mlflow")
            if name == "pandas":
                return import_module("pandas")
            if name == "pyarrow":
                return SimpleNamespace(table=import_module("pyarrow"), parquet=import_module("pyarrow.parquet"))
            return SimpleNamespace(
                proto=import_module("tensorboard.compat.proto.summary_pb2"),
                event=import_module("tensorboard.compat.proto.event_pb2"),
                writer=import_module("tensorboard.summary.writer.record_writer"),
            )
        except ImportError as error:
            raise _missing(*_NEEDED[name], error) from None


def _missing(package: str, where: str, error: ImportError) -> SettingError:
    return SettingError(
        "export-missing",
        f"{package} cannot be imported: {error}",
        where=where,
        why="Downslope brings what it needs itself; other tools' formats are written by their own packages",
        do=f"pip install {package}",
    )
