"""Kinds of numbers: what they are called in LLVM's language, in registers and in memory."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

# Kind of a number -> its type in registers, its type in memory, its bytes in memory.
KINDS: dict[str, tuple[str, str, int]] = {
    "f32": ("float", "float", 4),
    "f64": ("double", "double", 8),
    "i64": ("i64", "i64", 8),
    "i32": ("i32", "i32", 4),
    "bool": ("i1", "i8", 1),
}
_DTYPES: dict[Any, str] = {
    np.dtype(np.float32): "f32",
    np.dtype(np.float64): "f64",
    np.dtype(np.int64): "i64",
    np.dtype(np.int32): "i32",
    np.dtype(np.bool_): "bool",
}
_SHORT = {"float": "f32", "double": "f64", "i1": "i1", "i8": "i8", "i32": "i32", "i64": "i64", "ptr": "p0"}


class NotGenerated(Exception):  # noqa: N818 -- a finding, after which the step runs in place; no user meets it
    """This step has no machine code; ``reason`` says why in a few words. The caller stays with NumPy."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def kind_of(dtype: np.dtype[Any]) -> str:
    """The kind of a NumPy type; NotGenerated for types that no vector form exists for."""
    kind = _DTYPES.get(dtype)
    if kind is None:
        raise NotGenerated(f"numbers of type {dtype.name}")
    return kind


def literal(kind: str, value: Any) -> str:
    """A number as LLVM writes it: floating-point numbers as the bits of a double."""
    if kind in ("f32", "f64"):
        number = float(np.float32(value)) if kind == "f32" else float(value)
        return f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
    if kind == "bool":
        return "true" if value else "false"
    return str(int(value))


def type_of(kind: str, lanes: int) -> str:
    """The type of a vector of ``lanes`` numbers; of one number where it is 1."""
    scalar = KINDS[kind][0]
    return scalar if lanes == 1 else f"<{lanes} x {scalar}>"


def mangled(type_: str) -> str:
    """A type as it stands in the name of an intrinsic."""
    if type_[0] != "<":
        return _SHORT[type_]
    lanes, scalar = type_[1:-1].split(" x ")
    return f"v{lanes}{_SHORT[scalar]}"
