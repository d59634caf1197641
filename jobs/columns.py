"""Rows read by statements that are spelled once, as instances of their models.

For what is asked all the time: Django spells its statements anew each time, which
costs more than Postgres takes to answer.
"""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model

M = TypeVar("M", bound=Model)


class Columns(Generic[M]):
    """Some of a model's columns, under the alias that its table has in a statement."""

    def __init__(self, model: type[M], alias: str, *, without: Sequence[str] = ()):
        self._model = model
        fields = [f for f in model._meta.concrete_fields if f.name not in without]
        self.sql = ", ".join(f"{alias}.{field.column}" for field in fields)
        self.count = len(fields)
        self._names = [field.attname for field in fields]
        # JSON comes as text: only its field knows how it is to be read.
        self._readers = [
            (place, field.from_db_value)
            for place, field in enumerate(fields)
            if hasattr(field, "from_db_value")
        ]

    def instance(self, row: Sequence[Any]) -> M:
        values = list(row)
        for place, read in self._readers:
            values[place] = read(values[place], None, connection)
        return self._model.from_db(connection.alias, self._names, values)
