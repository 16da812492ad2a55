"""A loop written by hand in C for these shapes, fused, and compiled by the system's own compiler: the limit.

All widths are filled up to whole vectors, so that nothing is masked; the numbers beyond them stay zero. Large products
go through the BLAS that SciPy ships, for which nobody writes a loop by hand.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.linalg import cython_blas

from benchmarks.contender import Contender, training
from benchmarks.workloads import Workload

PACKAGES = ("scipy",)
FLAGS = ["-O3", "-march=native", "-mprefer-vector-width=512", "-ffast-math", "-fno-semantic-interposition"]
LARGE = 64**3  # multiplications of a product from which BLAS does it

HEAD = """
#include <math.h>
#include <string.h>
#define INLINE static inline __attribute__((always_inline))
typedef float vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef void (*gemm_t)(const char*, const char*, const int*, const int*, const int*, const float*, const float*,
                       const int*, const float*, const int*, const float*, float*, const int*);

INLINE void tile(int rows, int cols, int k, const float *a, int ai, int ap, const float *b, int n, float *c) {
    vec sum[6][2];
    for (int i = 0; i < rows; i++) for (int j = 0; j < cols; j++) sum[i][j] = (vec){0};
    for (int p = 0; p < k; p++) {
        vec right[2];
        for (int j = 0; j < cols; j++) right[j] = *(const vec *)(b + p * n + j * LANES);
        for (int i = 0; i < rows; i++) for (int j = 0; j < cols; j++) sum[i][j] += a[i * ai + p * ap] * right[j];
    }
    for (int i = 0; i < rows; i++) for (int j = 0; j < cols; j++) *(vec *)(c + i * n + j * LANES) = sum[i][j];
}

/* c (m, n) = a (m, k) b (k, n); an element of a is a[i * ai + p * ap]. n is a whole number of vectors. */
INLINE void product(gemm_t gemm, int m, int n, int k, const float *a, int ai, int ap, const float *b, float *c) {
    if (m * n * k >= LARGE) {
        const float one = 1, zero = 0;
        int lda = ai == 1 ? ap : ai;
        gemm("N", ai == 1 ? "T" : "N", &n, &m, &k, &one, b, &n, a, &lda, &zero, c, &n);
        return;
    }
    int j = 0;
    for (; j + 2 * LANES <= n; j += 2 * LANES) {
        int i = 0;
        for (; i + 6 <= m; i += 6) tile(6, 2, k, a + i * ai, ai, ap, b + j, n, c + i * n + j);
        for (; i < m; i++) tile(1, 2, k, a + i * ai, ai, ap, b + j, n, c + i * n + j);
    }
    for (; j < n; j += LANES) {
        int i = 0;
        for (; i + 6 <= m; i += 6) tile(6, 1, k, a + i * ai, ai, ap, b + j, n, c + i * n + j);
        for (; i + 2 <= m; i += 2) tile(2, 1, k, a + i * ai, ai, ap, b + j, n, c + i * n + j);
        for (; i < m; i++) tile(1, 1, k, a + i * ai, ai, ap, b + j, n, c + i * n + j);
    }
}

INLINE void turn(int m, int n, const float *a, float *t) {
    for (int i = 0; i < m; i++) for (int j = 0; j < n; j++) t[j * m + i] = a[i * n + j];
}

INLINE void sums(int m, int n, const float *d, float *out) {
    for (int j = 0; j < n; j++) out[j] = 0;
    for (int i = 0; i < m; i++) for (int j = 0; j < n; j++) out[j] += d[i * n + j];
}
"""


def loop(w: Workload, threads: int) -> Contender:
    """One call an epoch, which gathers the rows itself."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise FileNotFoundError("there is no C compiler on this machine")
    with tempfile.TemporaryDirectory() as folder:
        text, library = Path(folder, "loop.c"), Path(folder, "loop.so")
        text.write_text(source(w))
        subprocess.run([compiler, *FLAGS, "-shared", "-fPIC", "-o", library, text, "-lm"], check=True)
        whole = ctypes.CDLL(str(library)).whole
    whole.argtypes = [ctypes.c_void_p] * 6 + [ctypes.c_long]
    wide = widths(w)
    parts = [_filled(part, n) for pair, n in zip(w.start(), wide, strict=True) for part in pair]
    parts[2::2] = [_filled(part.T, n).T for part, n in zip(parts[2::2], wide, strict=False)]  # rows of the next layer
    p = np.concatenate([part.ravel() for part in parts])
    state, y = np.zeros((2, p.size), np.float32), _filled(w.y, wide[-1])
    address = ctypes.pythonapi.PyCapsule_GetPointer
    address.restype, address.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    name = ctypes.pythonapi.PyCapsule_GetName
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    capsule = cython_blas.__pyx_capi__["sgemm"]
    gemm = address(capsule, name(capsule))

    def epoch(number: int) -> None:
        rows = w.rows(number)
        whole(
            p.ctypes.data, state.ctypes.data, w.x.ctypes.data, y.ctypes.data, rows.ctypes.data, gemm, number * w.steps
        )

    def params() -> list[Any]:
        cuts = np.split(p, np.cumsum([part.size for part in parts])[:-1])
        found = [cut.reshape(part.shape) for cut, part in zip(cuts, parts, strict=True)]
        sizes = zip(w.sizes, w.sizes[1:], found[::2], found[1::2], strict=False)
        return [(a[:i, :o], b[:o]) for i, o, a, b in sizes]

    return training(w, epoch, params)


def lanes(w: Workload) -> int:
    """Numbers in a vector: 16, or 8 where no layer is wider."""
    return 8 if max(w.sizes[1:]) <= 8 else 16


def widths(w: Workload) -> list[int]:
    """Of the layers after the input, filled up to whole vectors."""
    return [-(-n // lanes(w)) * lanes(w) for n in w.sizes[1:]]


def _filled(array: Any, columns: int) -> Any:
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, columns - array.shape[-1])]).astype(np.float32, order="C")


def source(w: Workload) -> str:
    """The whole file."""
    B, ins, outs = w.batch, [w.sizes[0], *widths(w)[:-1]], widths(w)
    depth, at, places = len(outs), 0, []
    for i, o in zip(ins, outs, strict=True):
        places.append((at, at + i * o))
        at += i * o + o
    largest = max(i * o for i, o in zip(ins, outs, strict=True))
    buffers = [f"static float z{k}[{B * o}], d{k}[{B * o}];" for k, o in enumerate(outs)]
    step = []
    for k, (i, o) in enumerate(zip(ins, outs, strict=True)):
        z, last = f"z{k}[r * {o} + c] + p[{places[k][1]} + c]", k == depth - 1
        value = f"tanhf({z})" if not w.classes else f"{z}" if last else f"fmaxf({z}, 0)"
        step.append(f"product(gemm, {B}, {o}, {i}, {f'z{k - 1}' if k else 'x'}, {i}, 1, p + {places[k][0]}, z{k});")
        step.append(f"for (int r = 0; r < {B}; r++) for (int c = 0; c < {o}; c++) z{k}[r * {o} + c] = {value};")
    step += _loss(w, depth - 1, outs[-1])
    for k in range(depth - 1, -1, -1):
        i, o = ins[k], outs[k]
        h, (weights, bias) = f"z{k - 1}" if k else "x", places[k]
        step.append(f"product(gemm, {i}, {o}, {B}, {h}, 1, {i}, d{k}, g + {weights});")
        step.append(f"sums({B}, {o}, d{k}, g + {bias});")
        if k:
            slope = (
                f"z{k - 1}[n] > 0 ? d{k - 1}[n] : 0" if w.classes else f"d{k - 1}[n] * (1 - z{k - 1}[n] * z{k - 1}[n])"
            )
            step.append(f"turn({i}, {o}, p + {weights}, turned);")
            step.append(f"product(gemm, {B}, {i}, {o}, d{k}, {o}, 1, turned, d{k - 1});")
            step.append(f"for (int n = 0; n < {B * i}; n++) d{k - 1}[n] = {slope};")
    step += _update(w, at)
    gathered = [
        f"for (int r = 0; r < {B}; r++) memcpy({name} + r * {n}, {name}s + rows[t * {B} + r] * {n}, {4 * n});"
        for name, n in (("x", ins[0]), ("y", outs[-1]))
    ]
    body = "\n        ".join([*gathered, *step])
    return f"""#define LANES {lanes(w)}
#define LARGE {LARGE}
{HEAD}
static float x[{B * ins[0]}], y[{B * outs[-1]}], g[{at}], turned[{largest}];
{" ".join(buffers)}
static double told[{w.steps}];

void whole(float *p, float *state, const float *xs, const float *ys, const long *rows, gemm_t gemm, long done) {{
    float *m = state, *v = state + {at};
    for (long t = 0; t < {w.steps}; t++) {{
        {body}
    }}
}}
"""


def _loss(w: Workload, k: int, wide: int) -> list[str]:
    n, share = w.sizes[-1], 1 / w.batch
    if not w.classes:
        return [
            "double summed = 0;",
            f"for (int r = 0; r < {w.batch}; r++) for (int c = 0; c < {n}; c++) {{",
            f"    float h = z{k}[r * {wide} + c], e = h - y[r * {wide} + c];",
            f"    summed += e * e; d{k}[r * {wide} + c] = e * (1 - h * h) * {share / n!r}f;",
            "}",
            "told[t] = summed;",
        ]
    return [
        "double summed = 0;",
        f"for (int r = 0; r < {w.batch}; r++) {{",
        f"    float *z = z{k} + r * {wide}, *d = d{k} + r * {wide}, *target = y + r * {wide};",
        "    float peak = z[0], total = 0, picked = 0;",
        f"    for (int c = 1; c < {n}; c++) peak = fmaxf(peak, z[c]);",
        f"    for (int c = 0; c < {n}; c++) picked += (z[c] - peak) * target[c];",
        f"    for (int c = 0; c < {n}; c++) total += d[c] = expf(z[c] - peak);",
        "    summed += logf(total) - picked;",
        f"    for (int c = 0; c < {n}; c++) d[c] = (d[c] / total - target[c]) * {share!r}f;",
        "}",
        "told[t] = summed;",
    ]


def _update(w: Workload, size: int) -> list[str]:
    if w.rule == "sgd":
        return [f"for (int i = 0; i < {size}; i++) p[i] -= {w.rate}f * g[i];"]
    return [
        "double now = done + t + 1, root = sqrt(1 - pow(0.999, now));",
        f"float alpha = {w.rate} * root / (1 - pow(0.9, now)), eps = 1e-8 * root;",
        f"for (int i = 0; i < {size}; i++) {{",
        "    m[i] = 0.9f * m[i] + 0.1f * g[i];",
        "    v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];",
        "    p[i] -= alpha * m[i] / (sqrtf(v[i]) + eps);",
        "}",
    ]
