"""What a run file says of a run beside its numbers: segments, data sets, the machine; all as plain JSON."""

from __future__ import annotations

import dataclasses
import inspect
import json
import platform
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import zstandard
from threadpoolctl import threadpool_info

from downslope import data, nn, optim
from downslope.data import Data
from downslope.data.stored import pack, unpack
from downslope.errors import DownslopeError, RunFileError, SettingError
from downslope.optim import Plateau, Schedule
from downslope.optim.settings import rate
from downslope.runs.file import RunFile
from downslope.runs.segment import MACHINE, Segment
from downslope.runs.task import Task

INSIDE = 16 * 2**20  # bytes, packed: larger data sets stay where they are, and the file holds their hash


def now() -> str:
    """This moment, as it is written into run files."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@cache
def environment() -> dict[str, str]:
    """What decides how numbers are added up: the same words, the same bits."""
    loaded = [info for info in threadpool_info() if "scipy.libs" not in info["filepath"]]  # SciPy's own is not NumPy's
    blas = [f"{info['internal_api']} {info['version']} {info.get('architecture', '')}" for info in loaded]
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": ", ".join(sorted({text for text in blas if "blas" in text or "mkl" in text})),
        "llvmlite": _version("llvmlite"),
        "byte order": sys.byteorder,
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


def _cpu() -> str:
    """The SIMD extensions that NumPy found on this CPU: what its sums depend on."""
    config: Any = np.show_config(mode="dicts")
    return " ".join(config.get("SIMD Extensions", {}).get("found", []))


# --- segments -------------------------------------------------------------------------------------------------------


def written(segment: Segment, params: Any) -> str:
    """A segment as JSON. What has no text (a plain function, a loss of one's own) is named, and must be given again."""
    task = segment.task
    return json.dumps(
        {
            "model": _or_none(lambda: nn.as_text(task.model)) if isinstance(task.model, nn.Model) else None,
            "model_name": getattr(task.model, "__name__", type(task.model).__name__),
            "model_source": _source(task.model),
            "loss": nn.loss_name(task.loss),
            "loss_name": getattr(task.loss, "__name__", repr(task.loss)),
            "optimizer": str(segment.rule),
            "data": task.data.hash,
            "data_name": task.data.name,
            "batch_size": segment.batch_size,
            "seed": task.seed,
            "dtype": task.dtype.name,
            "plateau": dataclasses.asdict(segment.plateau) if segment.plateau else None,
            "origin": segment.origin,
            "epoch": segment.epoch,
            "clock": segment.clock,
            "threads": segment.threads,
            "takeover": segment.takeover,
            "edits": list(segment.edits),
            "params": _skeleton(params),
        }
    )


def _or_none(text: Callable[[], str]) -> str | None:
    try:
        return text()
    except SettingError:
        return None


def _source(model: Any) -> str | None:
    """The source of a plain function, to be read, never to be run."""
    if isinstance(model, nn.Model):
        return None
    try:
        return inspect.getsource(model)
    except (OSError, TypeError):
        return None


def restored(
    first: int, facts: Mapping[str, Any], sets: Callable[[str], Data], model: Any = None, loss: Any = None
) -> Segment:
    """The segment that was written. model, loss: given again where they have no text.

    Errors: RunFileError ``run-model-missing``, ``run-loss-missing``, ``run-rule-missing``.
    """
    if facts["model"] is None and model is None:
        raise RunFileError(
            "run-model-missing",
            f"the model is the plain function {facts['model_name']}, which a file cannot hold",
            where="load(path)",
            why="a file holds facts and numbers, and never code that would be run",
            do=f"give it again: ds.load(path, model={facts['model_name']})",
        )
    if facts["loss"] is None and loss is None:
        raise RunFileError(
            "run-loss-missing",
            f"the loss is {facts['loss_name']}, a function of your own, which a file cannot hold",
            where="load(path)",
            why="a file holds facts and numbers, and never code that would be run",
            do=f"give it again: ds.load(path, loss={facts['loss_name']})",
        )
    try:
        rule: Any = optim.from_text(facts["optimizer"])
        network = model if facts["model"] is None else nn.from_text(facts["model"])
        function = loss if facts["loss"] is None else nn.loss_named(facts["loss"])
    except DownslopeError as error:
        raise RunFileError(
            "run-rule-missing",
            f"a word of the file is not known here: {error.what}",
            where="load(path)",
            why="its optimizer, its model or its loss comes from a plug-in, or from a newer Downslope",
            do="import the module that enters it in its table, then load the run again",
        ) from None
    task = Task(network, sets(facts["data"]), function, facts["seed"], facts["dtype"])
    return Segment(
        first,
        task,
        rule,
        facts["batch_size"],
        Plateau(**facts["plateau"]) if facts["plateau"] else None,
        facts["origin"],
        facts["epoch"],
        facts["clock"],
        facts["threads"],
        tuple(facts["edits"]),
        facts.get("takeover", 0 if facts.get("dialect") == MACHINE else None),  # the word is that of older files
    )


def with_rate(rule: Any, lr: Any) -> Any:
    """The same rule at another rate: a number, a schedule, or the text of one. SettingError ``optimizer-rate``."""
    if isinstance(lr, str):
        read = optim.from_text(lr) if "(" in lr else None
        lr = read if isinstance(read, Schedule) else lr
    return dataclasses.replace(rule, lr=rate(rule.name, lr))


# --- the structure of parameters ------------------------------------------------------------------------------------


def _skeleton(params: Any) -> Any:
    """Nesting and shapes as JSON, None where there is a container that JSON does not know."""
    if isinstance(params, Mapping) and all(isinstance(key, str) for key in params):
        return {"dict": [[key, _skeleton(value)] for key, value in params.items()]}
    if type(params) in (list, tuple):
        return {type(params).__name__: [_skeleton(value) for value in params]}
    return list(np.shape(params)) if isinstance(params, np.ndarray | np.generic | float | int) else None


def zeros(skeleton: Any, dtype: Any) -> Any:
    """Parameters of this nesting, all zero."""
    if skeleton is None:
        raise RunFileError(
            "run-params-missing",
            "the parameters are nested in a container that a file cannot hold",
            where="load(path)",
            why="a file holds dicts, lists, tuples and arrays",
            do="give parameters of the same structure: ds.load(path, params=...)",
        )
    if isinstance(skeleton, list):
        return np.zeros(skeleton, dtype)
    if "dict" in skeleton:
        return {key: zeros(value, dtype) for key, value in skeleton["dict"]}
    made = [zeros(value, dtype) for value in skeleton.get("list", skeleton.get("tuple", []))]
    return tuple(made) if "tuple" in skeleton else made


# --- data -----------------------------------------------------------------------------------------------------------


_packed: WeakKeyDictionary[Data, tuple[str, bytes | None]] = WeakKeyDictionary()  # packed once for many runs


def keep_data(file: RunFile, kept: Data) -> None:
    """A small data set travels inside; of a large one the file holds what it is. Inside ``file.writing()``."""
    if kept not in _packed:
        _packed[kept] = _data_row(kept)
    file.put("data", kept.hash, *_packed[kept])


def _data_row(kept: Data) -> tuple[str, bytes | None]:
    facts, arrays = pack(kept)
    facts["shapes"] = {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}
    body = None
    if sum(array.nbytes for array in arrays.values()) <= INSIDE:
        raw = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays.values())
        body = zstandard.ZstdCompressor(level=1).compress(raw)
    return json.dumps(facts), body


def find_data(file: RunFile, hash: str, given: Data | None) -> Data:
    """The data set with this hash: given again, from inside the file, or read again from where it came.

    Errors: RunFileError ``run-data-missing``, ``run-data-changed``.
    """
    if given is not None and given.hash == hash:
        return given
    row = file.row("data", hash)
    facts = json.loads(row[1]) if row else {}
    name = facts.get("name", "the data set")
    if row and row[2] is not None:
        raw, start, arrays = zstandard.ZstdDecompressor().decompress(row[2]), 0, {}
        for key, (dtype, shape) in facts["shapes"].items():
            array = np.frombuffer(raw, dtype, int(np.prod(shape)), start).reshape(shape)
            arrays[key], start = array.astype(array.dtype.newbyteorder("=")), start + array.nbytes
        return unpack(facts, arrays)
    if given is not None:
        raise _changed(f"the data that is given ({given.name})", name, hash, given.hash)
    origin = facts.get("origin")
    if origin:
        try:
            found = data.load(**origin)
        except DownslopeError as error:
            raise _missing(name, f"{origin['name_or_path']}: {error.what}") from None
        if found.hash != hash:
            raise _changed(origin["name_or_path"], name, hash, found.hash)
        return found
    raise _missing(name, "it was given as arrays" if row else "the part of the file that names it is damaged")


def _missing(name: str, why: str) -> RunFileError:
    return RunFileError(
        "run-data-missing",
        f"the data of this run, {name}, is not at hand: {why}",
        where="load(path)",
        why="a step is replayed on the rows that it saw; large data sets are too big to travel inside a run file",
        do="give the same data again: ds.load(path, data=...)",
    )


def _changed(what: str, name: str, hash: str, found: str) -> RunFileError:
    return RunFileError(
        "run-data-changed",
        f"{what} is not the data of this run, {name}: its hash is {found[:12]}, not {hash[:12]}",
        where="load(path)",
        why="replayed on other rows, every number of the run would be another one",
        do="give the data that it was trained on: ds.load(path, data=...)",
    )
