"""Address -> network, country, cloud."""

from __future__ import annotations

import gc
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.network import load, networks
from pipeline.errors import SettingsError


def network(address: str) -> tuple[str | None, str | None, str | None]:
    [row] = networks(pl.Series([address])).rows()
    assert row[0] == address
    return row[1], row[2], row[3]


@pytest.mark.parametrize(
    ("address", "cloud", "country"),
    [
        ("3.5.140.1", "aws", "KR"),
        ("2600:1f18::1", "aws", "US"),
        ("8.8.8.8", "gcp", "US"),
        ("20.37.0.1", "azure", "AU"),
        ("143.198.1.1", "digitalocean", "US"),
        ("172.105.0.1", "linode", "CA"),
        ("::ffff:8.8.8.8", "gcp", "US"),
        ("75.50.255.67", None, "US"),
        ("136.32.0.1", None, "US"),  # Google Fiber: homes, not the cloud
    ],
)
def test_public_addresses(address: str, cloud: str | None, country: str) -> None:
    owner, where, of_cloud = network(address)
    assert owner
    assert (of_cloud, where) == (cloud, country)


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "192.168.0.1", "127.0.0.1", "100.64.0.9", "fd00::1"]
)
def test_private_addresses(address: str) -> None:
    assert network(address) == ("private", None, None)


@pytest.mark.parametrize(
    "name", ["lambda.amazonaws.com", "AWS Internal", "ec2.eu-west-1.amazonaws.com"]
)
def test_a_clouds_own_services(name: str) -> None:
    assert network(name) == ("service", None, "aws")


def test_an_address_without_a_known_owner_is_its_block() -> None:
    assert network("203.0.113.77") == ("203.0.113.0/24", None, None)
    assert network("192.0.2.77") == ("192.0.2.0/24", None, None)


@pytest.mark.parametrize(
    "text", ["", "x", "'; drop table events", "999.1.1.1", "\x00", "a.amazonaws.com.example.org"]
)
def test_what_is_no_address_has_no_network(text: str) -> None:
    assert network(text) == (None, None, None)


@given(st.text() | st.ip_addresses().map(str))
def test_any_text_is_looked_up(text: str) -> None:
    assert len(network(text)) == 3


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("name", ["missing.dat.gz", "folder", "text.dat.gz", "text"])
def test_a_database_that_is_none_is_told_in_a_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    for text in ("text", "text.dat.gz"):
        (tmp_path / text).write_text("not a database")
    file = tmp_path / name
    with pytest.raises(SettingsError) as fault:
        load(file)
    assert str(fault.value).startswith(
        f"network_database: expected a geoip2fast .dat.gz, got {file}"
    )
    assert "\n" not in str(fault.value)
    del fault
    gc.collect()  # here, where the warning is expected: the library leaves the file open


def test_a_database_is_not_looked_for_among_the_librarys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="got geoip2fast-asn-ipv6"):
        load(Path("geoip2fast-asn-ipv6.dat.gz"))
