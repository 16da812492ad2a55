"""Damage, planted: what disks, cables and copies that were cut short do to a file."""

from __future__ import annotations

import random
from collections.abc import Iterator


def mutations(image: bytes, seed: int, count: int) -> Iterator[bytes]:
    """Flipped bits, zeroed and exchanged pages, lost ends, stretches of noise; most of them anywhere."""
    rng = random.Random(seed)
    page = 4096
    for k in range(count):
        body = bytearray(image)
        kind = k % 6
        for _ in range(rng.choice((1, 1, 1, 3, 30))):
            at = rng.randrange(len(body)) if rng.random() < 0.7 else rng.randrange(page * rng.randrange(1, 6))
            start = at // page * page
            if kind == 0:
                body[at] ^= 1 << rng.randrange(8)
            elif kind == 1:  # where the pages say what they hold
                body[start + rng.randrange(min(64, len(body) - start))] ^= 1 << rng.randrange(8)
            elif kind == 2:
                body[start : start + page] = bytes(len(body[start : start + page]))
            elif kind == 3:
                other = rng.randrange(len(body) // page) * page
                body[start : start + page], body[other : other + page] = (
                    body[other : other + page],
                    body[start : start + page],
                )
            elif kind == 4:
                body[at : at + 40] = rng.randbytes(len(body[at : at + 40]))
            else:
                del body[at:]
                break
        yield bytes(body)
