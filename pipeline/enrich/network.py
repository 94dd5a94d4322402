"""Address -> owner of its network, country, cloud. From geoip2fast's data, shipped in its wheel."""

from __future__ import annotations

import ipaddress
import re
from functools import cache, lru_cache
from pathlib import Path

import geoip2fast
import polars as pl
from geoip2fast.geoip2fast import GeoIPError

from pipeline.errors import SettingsError

PRIVATE, SERVICE = "private", "service"
"""Networks without an owner: addresses not routed, and a cloud's own services by name."""

_DATA = Path(geoip2fast.__file__).parent / "geoip2fast-asn-ipv6.dat.gz"
_SCHEMA = {
    "source_ip": pl.String,
    "network": pl.String,
    "country": pl.String,
    "cloud": pl.String,
}
_SERVICE_NAME = re.compile(r"AWS Internal|([a-z0-9-]+\.)+(amazonaws|aws)\.com(\.cn)?")

# Words in an AS name that tell a cloud or hosting provider. The names are those of the regional
# registries, so a provider's many AS numbers share them.
_CLOUDS = (
    ("aws", r"\bAMAZON\b(?!\+)"),
    ("gcp", r"\bGOOGLE\b(?!-FIBER)"),
    ("azure", r"\bMICROSOFT\b|\bMICROSOFT-"),
    ("oracle", r"\bORACLE-"),
    ("ibm", r"\bSOFTLAYER\b|\bIBM-CLOUD"),
    ("alibaba", r"\bALIBABA\b|\bALIBABA-|\bALICLOUD"),
    ("tencent", r"\bTENCENT"),
    ("digitalocean", r"\bDIGITALOCEAN"),
    ("hetzner", r"\bHETZNER"),
    ("ovh", r"\bOVH\b"),
    ("linode", r"\bLINODE|\bAKAMAI[- ]CONNECTED"),
    ("huawei", r"\bHUAWEI[- ]CLOUD"),
    ("vultr", r"\bVULTR|\bAS-CHOOPA|\bCHOOPA"),
    ("scaleway", r"\bSCALEWAY|^ONLINE S\.?A\.?S\b"),
    ("cloudflare", r"\bCLOUDFLARE"),
    ("fastly", r"\bFASTLY"),
    ("github", r"\bGITHUB"),
    ("contabo", r"\bCONTABO"),
    ("leaseweb", r"\bLEASEWEB"),
    (
        "hosting",
        r"\bHOST(ING|INGER|WINDS|KEY)?\b|\bVPS\b|\bDATACENTER|\bDATACAMP|\bM247\b|\bSERVERS?\b",
    ),
)
_EXAMPLES = tuple(
    ipaddress.ip_network(block)
    for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
_CLOUD_PATTERNS = [(name, re.compile(words, re.IGNORECASE)) for name, words in _CLOUDS]


def load(database: Path | None = None) -> None:
    """Read the data now that the first address would be looked up in."""
    _database(database or _DATA)


def networks(addresses: pl.Series, *, database: Path | None = None) -> pl.DataFrame:
    """A row per distinct address: source_ip, network, country (ISO alpha-2), cloud.

    `network` is the AS owner's name; `private`, `service`, or the address's block (/24, /48) where
    no owner is known. `database` is another geoip2fast file. What is no address has nulls.
    """
    known = _database(database or _DATA)
    distinct = addresses.drop_nulls().unique().to_list()
    rows = [(address, *_describe(known, address)) for address in distinct]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


# Bounded, as addresses come from logs: batches of one run see the same ones again.
@lru_cache(maxsize=65_536)
def _describe(
    known: geoip2fast.GeoIP2Fast, address: str
) -> tuple[str | None, str | None, str | None]:
    if _SERVICE_NAME.fullmatch(address):
        return SERVICE, None, "aws"
    try:
        ip = ipaddress.ip_address(address.strip())
    except ValueError:
        return None, None, None
    # An IPv4 address written as IPv6 is in the data as IPv4 only.
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if _is_example(ip):
        return _block(ip), None, None
    if not ip.is_global:
        return PRIVATE, None, None
    found = known.lookup(str(ip))
    country = found.country_code if re.fullmatch("[A-Z]{2}", found.country_code or "") else None
    owner = found.asn_name or _block(ip)
    return owner, country, _cloud(found.asn_name or "")


def _block(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    bits = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network(f"{ip}/{bits}", strict=False))


def _is_example(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is of a block for documentation, which stands for a public one."""
    return any(ip in block for block in _EXAMPLES)


# Owners are few beside their addresses, and most are of no cloud: all patterns are tried.
@lru_cache(maxsize=65_536)
def _cloud(owner: str) -> str | None:
    return next((name for name, words in _CLOUD_PATTERNS if words.search(owner)), None)


@cache
def _database(file: Path) -> geoip2fast.GeoIP2Fast:
    # Whole, as a bare name would also be looked for among the library's own files.
    try:
        return geoip2fast.GeoIP2Fast(geoip2fast_data_file=str(file.absolute()))
    except GeoIPError as error:
        raise SettingsError(
            f"network_database: expected a geoip2fast .dat.gz, got {file} ({error})"
        ) from error
