"""MLflow: a run of its tracking store with our settings as parameters and our scalars as metrics."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from downslope.runs.export import packages, place
from downslope.runs.export.table import columns, kept

if TYPE_CHECKING:
    from downslope.runs.run import Run

MOST_STEPS = 10_000
MOST_A_CALL = 1000  # metrics that MLflow takes at once
LONGEST = 500  # letters of a parameter that every store of MLflow takes
SCALARS = ("loss", "grad_norm", "lr")


def to_mlflow(run: Run, experiment: str | None = None) -> str:
    """Log the run into an experiment (MLflow's default one for None), which is made if it is missing; its run id.

    It goes where MLflow is told to keep its runs (``mlflow.set_tracking_uri`` or MLFLOW_TRACKING_URI). Metrics: loss,
    grad_norm, lr, held_out_loss, accuracy (or rmse and r2); of more than 10,000 steps about so many, the lowest and the
    highest losses among them. MLflow's own telemetry is left off. Errors: SettingError ``export-missing``; RunFileError
    ``export-write``, after which no half run is left.
    """
    if "mlflow" not in sys.modules:  # it reports to its makers by default, and nothing leaves the machine from here
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    flow = packages.mlflow
    id = None
    try:
        client = flow.MlflowClient()
        made = client.create_run(
            _experiment(client, experiment),
            start_time=_milliseconds(time.time() - run.seconds),
            tags={"downslope.stopped": run.stopped or ""},
            run_name=run.name,
        )
        id = str(made.info.run_id)
        for name, value in _settings(run).items():
            client.log_param(id, name, value[:LONGEST])
        for metrics in _portions(_metrics(run, flow)):
            client.log_batch(id, metrics=metrics)
        client.set_terminated(id, "FAILED" if run.failure else "FINISHED")
    except (flow.exceptions.MlflowException, OSError) as error:
        if id is not None:
            with contextlib.suppress(flow.exceptions.MlflowException, OSError):
                client.delete_run(id)
        raise place.cannot(f"MLflow's store {flow.get_tracking_uri()}", "run.to_mlflow(...)", error) from None
    return id


def _experiment(client: Any, name: str | None) -> str:
    if name is None:
        return "0"
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


def _settings(run: Run) -> dict[str, str]:
    rule = {f"optimizer.{name}": str(value) for name, value in run.optimizer.settings.items()}
    return {
        "model": str(getattr(run.model, "__name__", repr(run.model))),
        "data": run.name,
        "loss": str(getattr(run.loss_function, "__name__", run.loss_function)),
        "optimizer": str(run.optimizer),
        **rule,
        "batch_size": str(run.batch_size),
        "seed": str(run.seed),
        "steps": str(run.steps),
    }


def _metrics(run: Run, flow: Any) -> Iterator[Any]:
    table = columns(run)
    past = np.cumsum(np.nan_to_num(table["seconds"][0]))
    began = time.time() - (past[-1] if len(past) else 0.0)
    few = np.append(kept(run, MOST_STEPS), np.arange(run.steps, len(past)))
    for name, (values, known) in table.items():
        if name not in ("step", "seconds"):
            places = few if name in SCALARS else np.flatnonzero(known)
            for k in places[known[places]].tolist():
                yield flow.entities.Metric(name, float(values[k]), _milliseconds(began + past[k]), k + 1)


def _portions(metrics: Iterator[Any]) -> Iterator[list[Any]]:
    portion = []
    for metric in metrics:
        portion.append(metric)
        if len(portion) == MOST_A_CALL:
            yield portion
            portion = []
    if portion:
        yield portion


def _milliseconds(seconds: float) -> int:
    return int(1000 * seconds)
