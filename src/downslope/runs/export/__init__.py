"""Exports: the recorded numbers of a run as a Parquet file, a data frame, TensorBoard's events or a run of MLflow."""

from __future__ import annotations

from downslope.runs.export.mlflow import to_mlflow
from downslope.runs.export.table import to_pandas, to_parquet
from downslope.runs.export.tensorboard import to_tensorboard

__all__ = ["to_mlflow", "to_pandas", "to_parquet", "to_tensorboard"]
