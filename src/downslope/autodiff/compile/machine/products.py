"""Matrix products: blocks of rows times a few vectors of columns that stay in registers while the sum runs.

Where the right factor lies the other way round, or is large, a strip of its columns is set aside first, end to end.
Measured on a CPU with AVX-512 against OpenBLAS through np.dot, one thread: 1.0 to 1.7 times as fast up to 1024 x 1024 x
1024, which is why no BLAS is called.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from downslope.autodiff.compile.machine.calls import Call, Place
from downslope.autodiff.compile.machine.code import Function, Module
from downslope.autodiff.compile.machine.kinds import KINDS
from downslope.autodiff.compile.machine.values import Value
from downslope.autodiff.compile.machine.vec import Vec

COLUMNS = 4  # vectors of columns in a block at most
CHUNK = 256  # rows of a strip of the right factor that are set aside: 64 kB, a part of the second cache
LARGE = 2**19  # bytes of a right factor from which strips are set aside


def blocks(n: int, lanes: int, registers: int) -> list[tuple[int, int, int, int]]:
    """Columns cut into strips: (first, how many strips alike, vectors in a strip, lanes in its last vector)."""
    most = COLUMNS if registers >= 32 else 3
    wide, found = most * lanes, []
    whole = n // wide
    if whole:
        found.append((0, whole, most, lanes))
    left = n - whole * wide
    if left:
        found.append((whole * wide, 1, -(-left // lanes), (left - 1) % lanes + 1))
    return found


def rows_at_once(vectors: int, m: int, registers: int) -> int:
    """As many rows as registers allow: sums, the vectors of the right factor, and some for the left one."""
    most = {1: 16, 2: 12, 3: 8, 4: 6} if registers >= 32 else {1: 8, 2: 6, 3: 4}
    return min(most[vectors], m)


class Product:
    """Writes one product as a function of the addresses of its factors and its result."""

    def __init__(self, module: Module, v: Value, width: int, registers: int) -> None:
        self.v, self.kind, self.registers = v, v.kind, registers
        *stack, self.m, self.n, self.k = v.domain
        self.stack = list(stack)
        self.left, self.right = v.refs
        self.row, self.column = self.left.strides[-3], self.left.strides[-1]
        self.f = Function(module, "product")
        self.lanes = min(width // KINDS[v.kind][2], 1 << (self.n - 1).bit_length())

    @property
    def turned(self) -> bool:
        """The right factor has no rows of columns: it must be transposed."""
        return self.right.strides[-2] != 1

    @property
    def strip_width(self) -> int:
        """Columns of a whole strip."""
        return blocks(self.n, self.lanes, self.registers)[0][2] * self.lanes

    @property
    def scratch(self) -> int:
        """Bytes for a strip of the right factor, where one is set aside: turned, or out of a large one, whose rows
        would lie in more pages than the CPU knows addresses for."""
        large = self.k * self.n * KINDS[self.kind][2] > LARGE and self.m >= 32
        widest = max(vectors for _, _, vectors, _ in blocks(self.n, self.lanes, self.registers))
        return min(self.k, CHUNK) * widest * self.lanes * KINDS[self.kind][2] if self.turned or large else 0

    def write(self, scratch: Place | None) -> Call:
        """scratch: where that room is."""
        f = self.f
        names = [f"%p{k}" for k in range(1, 5 if scratch else 4)]
        f.parameters = [f"ptr {p}" for p in names]
        self.packed = names[3] if scratch else ""
        self.stacked(0, *names[:3])
        places: list[Place] = [
            (self.left.value, self.left.offset),
            (self.right.value, self.right.offset),
            (self.v.id, 0),
        ]
        return Call(f.module.add(f), (*places, scratch) if scratch else tuple(places))

    def write_part(self, axis: int, length: int) -> Call:
        """A part of a product whose axis was cut into such lengths; the room is the thread's own."""
        f, names = self.f, ("%p1", "%p2", "%p3")
        f.parameters = [f"ptr {p}" for p in names]
        self.packed, part = "%scratch" if self.scratch else "", Vec(f, "%part", "i64", 1)
        strides = (self.left.strides[axis], self.right.strides[axis], self.v.home[axis])
        begun = [self.moved(p, f.times(part, s * length)) for p, s in zip(names, strides, strict=True)]
        self.stacked(0, *begun)
        f.called_by_parts()
        places = ((self.left.value, self.left.offset), (self.right.value, self.right.offset), (self.v.id, 0))
        return Call(f.module.add(f), places)

    def stacked(self, axis: int, a: str, b: str, c: str) -> None:
        """The loops over axes that both factors and the result have."""
        if axis == len(self.stack):
            self.one(a, b, c)
            return
        strides = (self.left.strides[axis], self.right.strides[axis], self.v.home[axis])

        def turn(i: Vec) -> None:
            moved = [self.moved(p, self.f.times(i, s)) if s else p for p, s in zip((a, b, c), strides, strict=True)]
            self.stacked(axis + 1, *moved)

        self.f.each(self.stack[axis], 1, turn)

    def moved(self, pointer: str, index: Vec | int) -> str:
        """An address some elements further on."""
        return self.f.at(pointer, self.kind, index)

    def one(self, a: str, b: str, c: str) -> None:
        """One matrix by one matrix, strip after strip of columns."""
        step = self.right.strides[-2]
        for first, many, vectors, tail in blocks(self.n, self.lanes, self.registers):

            def turn(j: Vec, vectors: int = vectors, tail: int = tail) -> None:
                self.strip(a, self.moved(b, self.f.times(j, step)), self.moved(c, j), vectors, tail)

            if many > 1:
                self.f.each(many * vectors * self.lanes, vectors * self.lanes, turn)
            else:
                turn(self.f.const("i64", 1, first))

    def strip(self, a: str, b: str, c: str, vectors: int, tail: int) -> None:
        """Some columns of the result. What is set aside of the right factor is so in chunks that stay in the cache."""
        down = self.right.strides[-1]
        if not self.packed:
            self.rows(a, b, c, vectors, tail, self.k, down, adds=False)
            return

        def chunk(start: Vec, k: int, adds: bool) -> None:
            self.set_aside(self.moved(b, self.f.times(start, down)), k, vectors, tail)
            left = self.moved(a, self.f.times(start, self.column))
            self.rows(left, self.packed, c, vectors, tail, k, vectors * self.lanes, adds)

        first = min(self.k, CHUNK)
        chunk(self.f.const("i64", 1, 0), first, False)
        whole = self.k // CHUNK
        if whole > 1:
            self.f.each((whole - 1) * CHUNK, CHUNK, lambda k: chunk(k + CHUNK, CHUNK, True))
        if whole and self.k % CHUNK:
            chunk(self.f.const("i64", 1, whole * CHUNK), self.k % CHUNK, True)

    def set_aside(self, b: str, k: int, vectors: int, tail: int) -> None:
        """k rows of a strip of the right factor, end to end."""
        f, step, width = self.f, vectors * self.lanes, (vectors - 1) * self.lanes + tail
        if self.turned:
            row, column = self.right.strides[-2:]
            transpose(f, self.kind, self.lanes, (b, row, column), (self.packed, step), width, k)
            return

        def turn(i: Vec) -> None:
            source = self.moved(b, f.times(i, self.right.strides[-1]))
            goal = self.moved(self.packed, f.times(i, step))
            for j in range(vectors):
                lanes = tail if j == vectors - 1 and tail < self.lanes else None
                f.store(
                    f.load(self.moved(source, j * self.lanes), self.kind, self.lanes, lanes),
                    self.moved(goal, j * self.lanes),
                    lanes,
                )

        f.each(k, 1, turn)

    def rows(self, a: str, b: str, c: str, vectors: int, tail: int, k: int, step: int, adds: bool) -> None:
        """All rows of a strip, in blocks of about the same height: no thin one at the end."""
        parts = -(-self.m // rows_at_once(vectors, self.m, self.registers))
        high = -(-self.m // parts)
        whole, out = self.m // high, self.v.home[-3]

        def turn(i: Vec, high: int = high) -> None:
            left, goal = self.moved(a, self.f.times(i, self.row)), self.moved(c, self.f.times(i, out))
            self.block(left, b, goal, high, vectors, tail, k, step, adds)

        self.f.each(whole * high, high, turn)
        if self.m % high:
            turn(self.f.const("i64", 1, whole * high), self.m % high)

    def block(self, a: str, b: str, c: str, rows: int, vectors: int, tail: int, k: int, step: int, adds: bool) -> None:
        """rows x vectors sums in registers, over k products each."""
        f, lanes = self.f, self.lanes
        tails = [None] * (vectors - 1) + [tail if tail < lanes else None]
        places = [self.moved(c, i * self.v.home[-3] + j * lanes) for i in range(rows) for j in range(vectors)]
        zero = f.const(self.kind, lanes, 0.0)
        initial = [f.load(p, self.kind, lanes, t) if adds else zero for p, t in zip(places, tails * rows, strict=True)]

        def turn(n: Vec, sums: list[Vec]) -> list[Vec]:
            left, right = self.moved(a, f.times(n, self.column)), self.moved(b, f.times(n, step))
            ys = [f.load(self.moved(right, j * lanes), self.kind, lanes, t) for j, t in enumerate(tails)]
            found = []
            for i in range(rows):
                x = f.load(self.moved(left, i * self.row), self.kind, 1).splat(lanes)
                found += [x.fma(y, sums[i * vectors + j]) for j, y in enumerate(ys)]
            return found

        for x, p, t in zip(f.loop(k, 1, initial, turn), places, tails * rows, strict=True):
            f.store(x, p, t)


def transpose(
    f: Function, kind: str, lanes: int, source: tuple[str, int, int], target: tuple[str, int], n: int, k: int
) -> None:
    """target[j, i] = source[i, j] for i < n, j < k; square blocks are turned in registers.

    source: (address, stride of i, stride of j). target: (address, stride of j).
    """
    (given, row, column), (goal, step) = source, target
    if column != 1 or lanes == 1:

        def each(j: Vec) -> None:
            start, place = f.at(given, kind, f.times(j, column)), f.at(goal, kind, f.times(j, step))
            f.each(n, 1, lambda i: f.store(f.load(f.at(start, kind, f.times(i, row)), kind, 1), f.at(place, kind, i)))

        f.each(k, 1, each)
        return

    def square(i: Vec, rows: int | None, j: Vec, columns: int | None) -> None:
        start, zero = f.at(f.at(given, kind, f.times(i, row)), kind, j), f.const(kind, lanes, 0.0)
        high, wide = rows or lanes, columns or lanes
        block = [f.load(f.at(start, kind, r * row), kind, lanes, columns) if r < high else zero for r in range(lanes)]
        place = f.at(f.at(goal, kind, f.times(j, step)), kind, i)
        for c, x in enumerate(turned(block)[:wide]):
            f.store(x, f.at(place, kind, c * step), rows)

    f.strips(n, lanes, lambda i, rows: f.strips(k, lanes, lambda j, columns: square(i, rows, j, columns)))


def turned(rows: Sequence[Vec]) -> list[Vec]:
    """A square block with rows and columns exchanged: halves change places, then halves of halves."""
    xs, lanes = list(rows), len(rows)
    half = lanes // 2
    while half:
        found: list[Vec] = list(xs)
        low = [k if not k & half else lanes + (k ^ half) for k in range(lanes)]
        high = [k | half if not k & half else lanes + k for k in range(lanes)]
        for r in range(lanes):
            if not r & half:
                found[r] = xs[r].pick(low, xs[r | half])
                found[r | half] = xs[r].pick(high, xs[r | half])
        xs, half = found, half // 2
    return xs


def flops(v: Value) -> int:
    """Additions and multiplications."""
    return 2 * math.prod(v.domain)
