"""The database as a whole: which one it is."""

from pathlib import Path
from typing import Any

from django.db import connection

mongodb: Any = connection
"""The same connection, where its MongoDB side is meant: the backend is not annotated."""


def identity() -> str:
    """The same for every address of one database, without its password: engine, place, name."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "mongodb":
        return f"sqlite {Path(name).resolve()}"
    connection.ensure_connection()
    hello = mongodb.connection.admin.command("hello")
    hosts = hello.get("hosts") or [f"{host}:{port}" for host, port in mongodb.connection.nodes]
    return f"mongodb {','.join(sorted(hosts))} {name}"
