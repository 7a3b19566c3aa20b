"""The store over real HTTP: listings, odd keys, broken connections, changed objects, refusals."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from iotctl.errors import ChangedFileError, ConfigurationError, ForbiddenError, NotFoundError, UnreachableError
from iotctl.sources import StoreSettings, source_for
from tests.faulty_proxy import Fault, FaultyProxy
from tests.store import S3Server, free_port

ODD_KEYS = ["odd/a b.csv", "odd/a+b.csv", "odd/a%20b.csv", "odd/ü/ß €.csv", "odd/q'uo&te=1.csv", "odd/z.csv"]


def settings(store: S3Server, endpoint_url: str | None = None, secret_key: str | None = None) -> StoreSettings:
    return StoreSettings(
        endpoint_url or store.endpoint_url,
        store.access_key,
        secret_key or store.secret_key,
        "us-east-1",
        read_seconds=1.0,
        wait_seconds=(0.0, 0.05),
    )


@pytest.fixture
def proxy(store: S3Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(store.port).running() as proxy:
        yield proxy


def test_odd_keys_are_listed_and_read(store: S3Server) -> None:
    for key in ODD_KEYS:
        store.put("odd-bucket", key, key.encode())
    source = source_for("s3://odd-bucket/odd/", settings(store))
    found = list(source.list("s3://odd-bucket/odd/"))
    assert [file.uri for file in found] == sorted(f"s3://odd-bucket/{key}" for key in ODD_KEYS)
    for file in found:
        with source.open(file) as body:
            assert body.read() == file.uri.removeprefix("s3://odd-bucket/").encode()
        again = source.stat(file.uri)
        assert (again.version, again.size) == (file.version, file.size)


def test_listings_of_more_than_a_page_are_whole(store: S3Server) -> None:
    for number in range(1203):
        store.put("many", f"d{number % 3}/{number:05}.csv", b"x")
    source = source_for("s3://many/", settings(store))
    found = [file.uri for file in source.list("s3://many/")]
    assert found == sorted(f"s3://many/d{number % 3}/{number:05}.csv" for number in range(1203))


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("offset", [0, 777])
def test_a_broken_read_goes_on_from_the_last_byte(
    store: S3Server, proxy: FaultyProxy, fault: Fault, offset: int
) -> None:
    content = os.urandom(3_000_000)
    store.put("b", "big.bin", content)
    source = source_for("s3://b/", settings(store, proxy.endpoint_url))
    file = source.stat("s3://b/big.bin")
    proxy.plan(fault, after_bytes=1_000_000, times=2)
    with source.open(file, offset) as body:
        assert body.read() == content[offset:]
    assert proxy.struck == 2


def test_a_store_that_stays_broken_is_reported_with_the_place(store: S3Server, proxy: FaultyProxy) -> None:
    store.put("b", "big.bin", os.urandom(1_000_000))
    source = source_for("s3://b/", settings(store, proxy.endpoint_url))
    file = source.stat("s3://b/big.bin")
    proxy.plan(Fault.CUT, after_bytes=0, times=100)
    with source.open(file) as body, pytest.raises(UnreachableError, match=r"byte 0 of 1000000") as caught:
        body.read()
    assert caught.value.where == "s3://b/big.bin"


def test_an_object_that_changes_under_the_read_is_noticed(store: S3Server, proxy: FaultyProxy) -> None:
    store.put("b", "changing.bin", b"a" * 8_000_000)
    source = source_for("s3://b/", settings(store, proxy.endpoint_url))
    file = source.stat("s3://b/changing.bin")
    proxy.plan(Fault.CUT, after_bytes=5_000_000)
    with source.open(file) as body:
        assert body.read(100) == b"a" * 100
        store.put("b", "changing.bin", b"b" * 8_000_000)
        with pytest.raises(ChangedFileError, match="changed or vanished"):
            body.read()
    store.delete("b", "changing.bin")
    with source.open(file) as body, pytest.raises(ChangedFileError):
        body.read()


def test_what_is_not_there_is_named(store: S3Server) -> None:
    store.put("b", "there.csv", b"x")
    source = source_for("s3://b/", settings(store))
    with pytest.raises(NotFoundError, match="bucket"):
        list(source.list("s3://no-such-bucket/x/"))
    with pytest.raises(NotFoundError, match="prefix"):
        list(source.list("s3://b/no/such/prefix/"))
    with pytest.raises(NotFoundError, match="no such object"):
        source.stat("s3://b/none.csv")


def test_a_refused_key_and_a_silent_store_have_their_own_errors_without_the_secret(store: S3Server) -> None:
    wrong = settings(store, secret_key="wrong-secret-1234")
    with pytest.raises(ForbiddenError, match="refused the key") as refused:
        list(source_for("s3://b/", wrong).list("s3://b/"))
    silent = settings(store, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(UnreachableError, match="does not answer") as unreachable:
        list(source_for("s3://b/", silent).list("s3://b/"))
    for text in (str(refused.value), str(unreachable.value), repr(wrong), repr(silent), str(wrong)):
        assert "wrong-secret" not in text
        assert store.secret_key not in text


def test_a_store_with_a_certificate_of_its_own_is_trusted_only_when_told(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    with S3Server(tmp_path / "store", certificate=tmp_path / "server.pem") as store:
        store.put("b", "a.csv", b"content")
        trusting = replace(settings(store), ca_file=str(tmp_path / "authority.pem"))
        source = source_for("s3://b/", trusting)
        with source.open(source.stat("s3://b/a.csv")) as body:
            assert body.read() == b"content"
        with pytest.raises(UnreachableError, match="certificate is not trusted") as refused:
            source_for("s3://b/", settings(store)).stat("s3://b/a.csv")
        assert "IOTCTL_S3_CA_FILE" in str(refused.value)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            source_for("s3://b/", replace(settings(store), verify_tls=False)).stat("s3://b/a.csv")
        with pytest.raises(ConfigurationError, match="no file"):
            source_for("s3://b/", replace(settings(store), ca_file=str(tmp_path / "none.pem")))
