"""Mistakes with stores and databases: their addresses, keys and names."""

from __future__ import annotations

from tests.cli.mistakes.mistake import Mistake

_STORE, _KEY, _SECRET = "IOTCTL_S3_ENDPOINT_URL", "IOTCTL_S3_ACCESS_KEY", "IOTCTL_S3_SECRET_KEY"
_DATABASE = "IOTCTL_DATABASE_URL"
_LOAD = "ingest {bucket}/timeseries/"


def _store(name: str, address: str, code: int, says: str, where: str, then: str) -> Mistake:
    return Mistake(f"store: {name}", _LOAD, code, says, where, then, {_STORE: address})


def _database(name: str, address: str, code: int, says: str, where: str, then: str, line: str = "status") -> Mistake:
    return Mistake(f"database: {name}", line, code, says, where, then, {_DATABASE: address})


STORES = [
    _store("https of an http store", "https://{store}", 5, "does not speak https", "{store}", "http://"),
    _store("http of an https store", "http://{tls}", 5, "speaks https, not http", "{tls}", "https://"),
    _store("a certificate of its own", "https://{tls}", 5, "certificate is not trusted", "{tls}", "IOTCTL_S3_CA_FILE"),
    _store("no scheme", "{store}", 7, "http:// or https://", _STORE, "http://localhost:9000"),
    _store("no scheme, a name", "minio.local", 7, "http:// or https://", _STORE, "http://localhost:9000"),
    _store("mistyped scheme", "htp://{store}", 7, "but with htp://", _STORE, "http://localhost:9000"),
    _store("quotes", "'http://{store}'", 7, "http:// or https://", _STORE, "Write http://"),
    _store("a bucket's URI", "s3://plant", 7, "but with s3://", _STORE, "http://localhost:9000"),
    _store("wrong port", "http://{nobody}", 5, "connection refused", "{nobody}", _STORE),
    _store("letters in the port", "http://127.0.0.1:90a0", 7, "valid host and port", _STORE, "http://localhost:9000"),
    _store("no such host", "http://store.invalid:9000", 5, "no host of this name", "store.invalid", _STORE),
    _store("the port of the web page", "http://{page}", 5, "is not an S3 store", "{page}", "9001"),
    _store("the bucket in it", "http://{store}/mistakes-plant", 4, "no such object", "{store}", "only the server"),
    _store("a password in it", "http://me:hunter2@{store}", 7, "user or password", _STORE, _SECRET),
    _store("a token in it", "http://{store}?token=hunter2", 7, "has a ? or #", _STORE, "http://localhost:9000"),
    Mistake("wrong secret key", _LOAD, 6, "refused the key", "{bucket}", _SECRET, {_SECRET: "wr0ng-s3cret"}),
    Mistake("wrong access key", _LOAD, 6, "refused the key", "{bucket}", _KEY, {_KEY: "nobody"}),
    Mistake("no keys", _LOAD, 6, "No keys", "{bucket}", _SECRET, {_KEY: "", _SECRET: ""}),
    Mistake("half a key", _LOAD, 7, "one half", "keys", _SECRET, {_SECRET: ""}),
    Mistake("wrong region", _LOAD, 7, "'eu west'", "IOTCTL_S3_REGION", "eu-central-1", {"IOTCTL_S3_REGION": "eu west"}),
    Mistake("no CA file", _LOAD, 7, "no file", "/no/ca.pem", "IOTCTL_S3_CA_FILE", {"IOTCTL_S3_CA_FILE": "/no/ca.pem"}),
    Mistake(
        "no CA in the CA file",
        _LOAD,
        7,
        "no certificate in the file",
        "a.csv",
        "PEM",
        {"IOTCTL_S3_CA_FILE": "a.csv", _STORE: "https://{tls}"},
    ),
    Mistake("mistyped bucket", "ingest s3://mistake-plant/t/", 4, "no such bucket", "s3://mistake-plant", "{bucket}"),
    Mistake("capitals in a bucket", "ingest s3://Mistakes-Plant/t/", 4, "no such bucket", "{store}", "{bucket}"),
    Mistake("underscore in a bucket", "ingest s3://mistakes_plant/t/", 4, "no such bucket", "{store}", "{bucket}"),
    Mistake("bucket of one object", "load-mapping s3://mistake-plant/m.csv", 4, "no such bucket", "m.csv", "{bucket}"),
    Mistake("blank in a bucket", "ingest 's3://my plant/x'", 2, "valid name of a bucket", "s3://", "no blanks"),
    Mistake("no bucket", "ingest s3:///timeseries/", 2, "valid name of a bucket", "s3://", "s3://BUCKET/KEY"),
    Mistake(
        "mistyped prefix", "ingest {bucket}/timeserie/", 4, "no objects under", "/timeserie/", "{bucket}/timeseries/"
    ),
    Mistake("prefix of next year", "ingest {bucket}/timeseries/2031/", 4, "no objects", "2031", "a.csv"),
    Mistake("mistyped key", "load-mapping {bucket}/mapping/maping.csv", 4, "no such object", "maping", "mapping.csv"),
    Mistake("a prefix for an object", "load-mapping {bucket}/mapping/", 4, "a prefix", "{bucket}", "mapping.csv"),
    Mistake(
        "S3:// in capitals", "ingest S3://mistakes-plant/", 2, "cannot be read from S3://", "S3://", "small letters"
    ),
    Mistake("one slash", "ingest s3:/mistakes-plant/", 4, "no file or folder", "s3:/mistakes-plant", "two slashes"),
    Mistake("a URL for a file", "ingest https://example.com/a.csv", 2, "from https://", "example.com", "Download"),
    Mistake(
        "a URL for a layout", "ingest a.csv --layout https://x.org/l.toml", 2, "layout", "https://x.org", "inspect"
    ),
    Mistake(
        "a URL with secrets",
        "detect --input 'https://me:hunter2@example.com/a.csv?sig=hunter2'",
        2,
        "from https://",
        "example.com",
        "Download",
    ),
]

DATABASES = [
    _database("MySQL", "mysql://me:hunter2@localhost/db", 7, "mysql://", _DATABASE, "PostgreSQL"),
    _database("mistyped scheme", "postgress://me:hunter2@localhost/db", 7, "postgress://", _DATABASE, "postgresql://"),
    _database("JDBC", "jdbc:postgresql://localhost/db?password=hunter2", 7, "jdbc:", _DATABASE, "postgresql://"),
    _database("SQLAlchemy", "postgresql+psycopg2://me:hunter2@h/db", 7, "+psycopg2", _DATABASE, "postgresql://USER"),
    _database("a host alone", "localhost:5432", 7, "not the address of a database", _DATABASE, "postgresql://USER"),
    _database(
        "quotes", '"postgresql://me:hunter2@h/d"', 7, "not the address of a database", _DATABASE, "postgresql://"
    ),
    _database(
        "a mistyped option", "host=h databse=x password=hunter2", 7, "not the address", _DATABASE, "postgresql://"
    ),
    _database("@ in the password", "postgresql://me:hun@ter2@127.0.0.1/db", 7, "cannot be read", _DATABASE, "%40"),
    _database("a wrong option", "host=127.0.0.1 sslmode=yes", 7, 'sslmode value: "yes"', "127.0.0.1", "option"),
    _database("no such host", "postgresql://me:hunter2@db.invalid/db", 5, "does not answer", "db.invalid", _DATABASE),
    _database("wrong port", "postgresql://me:hunter2@{nobody}/db", 5, "Connection refused", "{nobody}", "port"),
    _database("no such database", "host={server} dbname=plnat user=postgres", 7, '"plnat"', "{server}", "createdb"),
    _database("no such user", "host={server} dbname={database} user=me", 6, "rejected the login", "me@", "user"),
    _database(
        "wrong password", "{reader} password=wr0ng-s3cret", 6, "password authentication failed", "reader_of", "user"
    ),
    _database("no password", "{reader} password=", 6, "no password", "reader_of", "user"),
    _database("read-only, ingest", "{reader}", 6, "does not permit", "reader_of", "Grant", "ingest data.csv"),
    _database("read-only, mapping", "{reader}", 6, "does not permit", "reader_of", "Grant", "load-mapping mapping.csv"),
    _database("read-only, detect", "{reader}", 6, "does not permit", "reader_of", "Grant", "detect pump_01 --save"),
]
