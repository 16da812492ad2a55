"""The JSON schema of all that the page and Python say to each other: ``python -m downslope.lab.schema`` prints it.

The types in ``web/src/contract`` are made from it by ``npm run contract``, never written by hand. They begin with the
schema's fingerprint, by which a test sees that they are stale.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from downslope.lab import protocol
from downslope.lab.commands import Command
from downslope.views.payload import Payload

ROOTS: dict[str, Any] = {"Payload": Payload, "Command": Command, "Told": protocol.Event}
"""Unions, which have no name of their own in a schema. Told: what the lab says unasked."""


def schema() -> dict[str, Any]:
    """All records as ``$defs`` of one schema, and the unions beside them."""
    kinds = (*ROOTS.values(), *protocol.SPOKEN)
    found, records = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    unions = dict(zip(ROOTS, found, strict=False))
    return {"title": "Contract", "type": "object", "$defs": dict(sorted({**records, **unions}.items()))}


def fingerprint(of: dict[str, Any]) -> str:
    """The same for the same schema, on every machine."""
    return hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:16]


if __name__ == "__main__":
    whole = schema()
    print(json.dumps({"fingerprint": fingerprint(whole), "schema": whole}))
