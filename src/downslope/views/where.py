"""What a word stands for as a payload: what ``downslope where`` knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from downslope.views.list_payload import WhereView


def where_view(record: Mapping[str, Any]) -> WhereView:
    """The payload of an entry. record: its id, kind and sentence, file and line, and whatever else is known of it."""
    return WhereView(
        title=f"{record['id']}: {record['kind']}",
        id=record["id"],
        kind=record["kind"],
        sentence=record.get("sentence", ""),
        call=record.get("call", ""),
        formula=tuple(record.get("formula", ())),
        latex=record.get("latex", ""),
        settings=tuple((str(name), str(meaning)) for name, meaning in dict(record.get("settings", {})).items()),
        facts={str(name): str(fact) for name, fact in record.get("facts", {}).items()},
        source=record.get("source", ""),
        differs=tuple(record.get("differs", ())),
        file=str(record.get("file", "")),
        line=int(record.get("line", 0)),
        code=record.get("code", ""),
        tests=tuple(record.get("tests", ())),
        page=record.get("page", ""),
        events=(),
    )
