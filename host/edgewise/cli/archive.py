"""``edgewise archive``: readings and labels of a database as Parquet in an object store."""

from __future__ import annotations

from typing import Annotated

import typer

from edgewise.cli.options import Db, DbPasswordFile, JsonFlag
from edgewise.console import emit_json, progress_bar, say

EXAMPLES = (
    "edgewise archive s3://BUCKET/edgewise --db sqlite:///edgewise.db",
    "edgewise archive file:/mnt/archive --db postgresql://edge@pi.local/edge",
)


def archive(
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:FOLDER",
        ),
    ],
    db: Db,
    db_password_file: DbPasswordFile = None,
    json: JsonFlag = False,
) -> None:
    """Put all readings and labels of a database into an archive of Parquet files.

    There is a file for each node and month. What is written is read back and compared. A second
    run writes only what is new; the database stays as it is. The credentials of a cloud come from
    the environment (docs/archive.md).
    """
    from edgewise.archive import Archive, parse_archive
    from edgewise.archive.writing import save_labels, save_readings
    from edgewise.database import naming_database, open_db
    from edgewise.database.readings import DatabaseReadings
    from edgewise.urls import db_with_password

    store = Archive(parse_archive(url))
    engine = open_db(db_with_password(db, db_password_file), create=False)
    counts = dict.fromkeys(("written", "unchanged", "readings", "bytes", "labels"), 0)
    with naming_database(engine), progress_bar("archiving") as step:
        nodes = DatabaseReadings(engine).nodes()
        place = {node: i for i, node in enumerate(nodes)}
        for saved in save_readings(engine, store):
            counts["written" if saved.is_new else "unchanged"] += 1
            counts["readings"] += saved.rows * saved.is_new
            counts["bytes"] += saved.bytes
            step(place.get(saved.node, 0), len(nodes))
        counts["labels"] = save_labels(engine, store)
    say(
        f"archive {store.url}: {counts['written']} files with {counts['readings']} readings "
        f"written, {counts['bytes'] / 1e6:.1f} MB; {counts['unchanged']} are as they were; labels "
        f"of {counts['labels']} nodes written"
    )
    if json:
        emit_json({"archive": store.url, **counts})
