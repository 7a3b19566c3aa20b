"""One mistake, and the plant that it is made in: a database, stores, and a folder of files."""

from __future__ import annotations

import gzip
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from random import Random
from threading import Thread

import pyarrow as pa
import pyarrow.parquet as pq
import trustme
from psycopg.conninfo import conninfo_to_dict

from iotctl.repositories import Connection, Database
from tests import process
from tests.fork_server import ForkServer
from tests.store import S3Server, free_port

PUMP, VALVE = "efa4b573-e1b1-46b3-9e8a-0b303d2bb66e", "59b4fd2b-b3c7-43c0-bffc-f661b6aeaacf"
MAPPING = f"sensor_name;sensor_uuid\npump_01;{PUMP}\nvalve_02;{VALVE}\n"
READINGS = "timestamp;sensor_uuid;sensor_value\n" + "".join(
    f"2016-01-{1 + row // 24:02} {row % 24:02}:00:00;{PUMP};{row * 37 % 100 / 10}\n" for row in range(240)
)

# Stand in the rows for what only a running plant knows.
SECRETS = ("hunter2", "wr0ng-s3cret", "test-secret-9tX", "r3ader-pw")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A command line, and what stands in its error. line and settings may have {names} of places of the plant.

    says: what happened, in the first line. where: anywhere. next: what to do, in the last line. without: packages that
    are not installed.
    """

    name: str
    line: str
    code: int
    says: str
    where: str
    next: str
    settings: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plant:
    """Where mistakes are made. places: what {names} in rows stand for."""

    database: Database
    environment: dict[str, str]
    folder: Path
    places: dict[str, str]


@contextmanager
def plant(database: Database, store: S3Server, server: ForkServer, folder: Path) -> Iterator[Plant]:
    """A plant with two sensors, one of them with readings, and files of all kinds in folder."""
    bucket = "mistakes-plant"
    store.put(bucket, "mapping/mapping.csv", MAPPING.encode())
    store.put(bucket, "timeseries/a.csv", READINGS.encode())
    work = folder / "work"
    work.mkdir()
    _write_files(work)
    environment = process.environment(database, store)
    for words in (["load-mapping", f"s3://{bucket}/mapping/mapping.csv"], ["ingest", f"s3://{bucket}/timeseries/"]):
        assert process.run(server, words, environment, work).returncode == 0
    with database.connect() as conn:
        name = f"reader_of_{conninfo_to_dict(database.dsn)['dbname']}"
        conn.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'r3ader-pw'".encode())
        _ask_for_password(conn, name)
        conn.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}".encode())
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    try:
        with S3Server(folder / "tls", certificate=folder / "server.pem") as tls, _web_page() as page:
            parts = conninfo_to_dict(database.dsn)
            yield Plant(
                database,
                environment,
                work,
                {
                    "bucket": f"s3://{bucket}",
                    "work": str(work),
                    "away": str(folder / "away"),
                    "store": store.endpoint_url.removeprefix("http://"),
                    "tls": tls.endpoint_url.removeprefix("https://"),
                    "page": page,
                    "nobody": f"127.0.0.1:{free_port()}",
                    "server": str(parts["host"]),
                    "database": str(parts["dbname"]),
                    "reader": f"host={parts['host']} dbname={parts['dbname']} user={name} password=r3ader-pw",
                },
            )
    finally:
        with database.connect() as conn:
            conn.execute(f"DROP OWNED BY {name}".encode())
            conn.execute(f"DROP ROLE {name}".encode())


def _ask_for_password(conn: Connection, name: str) -> None:
    """Let the server, which trusts all users of its socket, ask this one for the password."""
    (found,) = conn.execute("SHOW hba_file").fetchone() or ("",)
    rules = Path(str(found))
    rules.write_text(f"local all {name} scram-sha-256\n{rules.read_text()}")
    conn.execute("SELECT pg_reload_conf()")


def _write_files(work: Path) -> None:
    texts = {
        "a.csv": READINGS,
        "empty.csv": "",
        "header.csv": "timestamp;sensor_uuid;sensor_value\n",
        "mapping.csv": MAPPING,
        "limits.csv": f"sensor_name;sensor_uuid;low;high\npump_01;{PUMP};90;10\n",
        "german.csv": f"sensor_name,sensor_uuid,low,high\npump_01,{PUMP},1,5,10\n",
        "series.csv": "timestamp,value\n2016-01-01T00:00Z,1\n",
        "typo.toml": 'form = "csv"\n[text]\ndelimeter = ";"\n[time]\nfields = ["timestamp"]\n',
        "bad.toml": "form = csv\n",
        "json.toml": 'form = "json"\n[time]\nfields = ["timestamp"]\n[[values]]\nfield = "sensor_value"\n',
        "latin.txt": "a.csv\n",
    }
    for name, text in texts.items():
        (work / name).write_text(text)
    # No text, and of no kind that can be told: as what an encryption leaves.
    (work / "binary.csv").write_bytes(b"\x8c\n\0" + Random(1).randbytes(5000))
    (work / "manifest.txt").write_bytes("Wärme.csv\n".encode("latin-1"))
    packed = gzip.compress(READINGS.encode())
    (work / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    columns = {"timestamp": ["2016-01-01 00:00:00"], "sensor_uuid": [PUMP], "sensor_value": [1.0]}
    pq.write_table(pa.table(columns), work / "whole.parquet")
    whole = (work / "whole.parquet").read_bytes()
    (work / "cut.parquet").write_bytes(whole[: len(whole) * 2 // 3])
    (work / "whole.parquet").unlink()
    with zipfile.ZipFile(work / "export.zip", "w") as archive:
        archive.writestr("a.csv", READINGS)
    with zipfile.ZipFile(work / "book.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    (work / "no_files").mkdir()
    (work / "pictures").mkdir()
    (work / "pictures" / "x.pdf").write_bytes(b"%PDF-1.4")
    for folder, setting in (
        ("typo", "IOTCTL_DATABASE_ULR=x"),
        ("value", "IOTCTL_WORKERS=many"),
        ("flag", "IOTCTL_S3_VERIFY_TLS=maybe"),
    ):
        (work / f"env_{folder}").mkdir()
        (work / f"env_{folder}" / ".env").write_text(setting + "\n")
    shutil.copy(work / "a.csv", work / "data.csv")


@contextmanager
def _web_page() -> Iterator[str]:
    """A server that answers all with a web page, as the console of a store does. Gives host and port."""
    server = HTTPServer(("127.0.0.1", 0), _Page)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><html><body>Console</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 -- so is this

    def log_message(self, *_: object) -> None:
        """Say nothing."""
