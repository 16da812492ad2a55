"""Numbers, words and arrays as bytes for one column of the run file, without pickle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np


def packed(value: Any) -> bytes:
    """Numbers, texts and arrays nested in dicts and lists, as MessagePack."""
    return msgspec.msgpack.encode(_plain(value))


def unpacked(body: bytes) -> Any:
    """What was packed."""
    return _arrays(msgspec.msgpack.decode(body))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"array": [value.dtype.str, list(value.shape), np.ascontiguousarray(value).tobytes()]}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {"dict": [[key, _plain(one)] for key, one in value.items()]}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _arrays(value: Any) -> Any:
    if isinstance(value, list):
        return [_arrays(one) for one in value]
    if isinstance(value, dict) and "array" in value:
        dtype, shape, raw = value["array"]
        return np.frombuffer(raw, dtype).reshape(shape)
    if isinstance(value, dict):
        return {key: _arrays(one) for key, one in value["dict"]}
    return value
