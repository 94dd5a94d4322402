"""Settings from nhiwatch.toml, the environment and the command line: what is refused, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.buckets import BucketUrl
from pipeline.errors import SettingsError
from pipeline.lake import Lake
from pipeline.settings import load


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty; it is the user's home as well."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def refusal(**given: Any) -> str:
    """The one line that refuses the settings."""
    with pytest.raises(SettingsError) as fault:
        load(**given)
    assert "\n" not in str(fault.value)
    return str(fault.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("threads = 0", "threads: Input should be greater than or equal to 1, got 0"),
        ("threads = -1", "threads"),
        ("threads = 9223372036854775808", "threads"),
        ("threads = 100000000", "threads: Input should be less than or equal to 1024"),
        ('memory_limit = "999999999999TiB"', "memory_limit"),
        ("history_days = 36501", "history_days"),
        ("keep_hours = 100000000000000", "keep_hours"),
        ("batch_bytes = 9223372036854775808", "batch_bytes"),
        ("max_record_bytes = 9223372036854775808", "max_record_bytes"),
        ("reject_text_bytes = 9223372036854775808", "reject_text_bytes"),
        ("compact_target_bytes = 9223372036854775808", "compact_target_bytes"),
    ]
    + [
        (f"[retention]\n{name}_days = 800000", f"retention.{name}_days")
        for name in ("texts", "events", "rollups", "scores", "findings", "rejects", "runs")
    ],
)
def test_a_number_no_run_could_work_with_is_refused(folder: Path, text: str, said: str) -> None:
    (folder / "nhiwatch.toml").write_text(text)
    assert said in refusal()


@pytest.mark.parametrize("name", ["lake", "salt_file", "inventory", "network_database"])
@pytest.mark.parametrize("value", ["5", '["a"]', '""', '" "'])
def test_what_is_no_path_is_refused(folder: Path, name: str, value: str) -> None:
    (folder / "nhiwatch.toml").write_text(f"{name} = {value}")
    assert f"{name}: expected a path (. is the current folder), got" in refusal()


def test_an_empty_lake_is_not_the_current_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "lake: expected a path" in refusal(lake="")
    monkeypatch.setenv("NHIWATCH_LAKE", "")
    assert "lake: expected a path" in refusal()


@pytest.mark.parametrize("name", ["5", "null", '["a"]'])
def test_a_lake_in_a_variable_is_the_path_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("NHIWATCH_LAKE", name)
    assert load().lake == Path(name)


def test_a_tilde_is_the_users_home(folder: Path) -> None:
    (folder / "nhiwatch.toml").write_text('salt_file = "~/salt"\ninventory = "~/identities.csv"')
    settings = load(lake="~/lake", network_database=Path("~/networks.dat.gz"))
    assert (settings.lake, settings.salt_file) == (folder / "lake", folder / "salt")
    assert settings.inventory == folder / "identities.csv"
    assert settings.network_database == folder / "networks.dat.gz"
    assert load(lake="./~lake").lake == Path("~lake")
    assert load(lake="s3://b/~/lake").lake == BucketUrl("s3", "b", "~/lake")


def test_a_home_that_is_not_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "lake: expected ~ for the home" in refusal(lake="~no-such-user/lake")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)  # as in a container, for a user by number
    assert "salt_file: expected ~ for the home" in refusal(salt_file="~/salt")


@pytest.mark.parametrize(
    "name",
    ["NHIWATCH_HISTRY_DAYS", "NHIWATCH_CONTNET__DEFAULT", "nhiwatch_content_default", "NHIWATCH_"],
)
def test_a_misspelt_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("NHIWATCH_HISTORY_DAYS", "4")
    monkeypatch.setenv(name, "drop")
    told = refusal()
    assert f"got {name}; remove or rename it" in told
    assert "NHIWATCH_<NAME> of lake, memory_limit, " in told


@pytest.mark.parametrize(
    "name",
    [
        "NHIWATCH_SERVICE_HOST",
        "NHIWATCH_PORT",
        "NHIWATCH_DASHBOARD_SERVICE_PORT_HTTP",
        "NHIWATCH_DASHBOARD_PORT_8501_TCP_ADDR",
    ],
)
def test_what_a_pod_gets_of_its_services_is_no_setting(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "10.0.0.1")
    load()


def test_variables_name_settings_and_their_parts_in_either_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("nhiwatch_history_days", "4")
    monkeypatch.setenv("NHIWATCH_CONTENT__DEFAULT", "drop")
    monkeypatch.setenv("NHIWATCH_RETENTION__EVENTS_DAYS", "90")
    settings = load()
    assert (settings.history_days, settings.content) == (4, {"default": "drop"})
    assert settings.retention.events_days == 90


@pytest.mark.parametrize("name", ["CONTENT", "RETENTION", "DETECTORS"])
def test_a_variable_that_is_no_json_is_told_with_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"NHIWATCH_{name}", "keep")
    told = refusal()
    assert told.startswith(f"NHIWATCH_{name}: expected JSON")
    assert f"NHIWATCH_{name}__NAME" in told
    assert told.endswith("got 'keep'")


def test_a_file_of_windows_is_read(folder: Path) -> None:
    (folder / "nhiwatch.toml").write_bytes(b'\xef\xbb\xbflake = "of-windows"\r\n')
    assert load().lake == Path("of-windows")


@pytest.mark.parametrize("content", [b"lake =", b"\xff\xfel\x00a\x00", b'lake = "\xff"'])
def test_a_file_that_is_no_toml_is_told(folder: Path, content: bytes) -> None:
    (folder / "nhiwatch.toml").write_bytes(content)
    assert refusal().startswith("nhiwatch.toml: expected TOML in UTF-8, got ")


def test_a_folder_in_place_of_the_file_is_told(folder: Path) -> None:
    (folder / "nhiwatch.toml").mkdir()
    assert "Is a directory" in refusal()


@pytest.mark.parametrize(
    ("lake", "variable", "endpoint"),
    [
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", "localhost:9000"),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL_S3", "localhost:9000"),
        ("s3://bucket/lake", "AWS_ENDPOINT", "//localhost:9000"),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", ""),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", "http://"),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", " http://localhost:9000"),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", "http:localhost:9000"),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", "http://["),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", "http://[::1"),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", "http://localhost:port"),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", "http://localhost:99999"),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", "http://256.1.1.1"),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", "http://xn--a"),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", "http://local|host"),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", "http://localhost/a|b"),
        ("s3://bucket/lake", "AWS_ENDPOINT_URL", "http://localhost/a?b"),
        ("gs://bucket/lake", "GOOGLE_BASE_URL", "localhost:9000"),
        ("az://container/lake", "AZURE_STORAGE_ENDPOINT", "localhost:9000"),
        ("az://container/lake", "AZURE_ENDPOINT", "localhost:9000"),
    ],
)
def test_a_lake_at_an_endpoint_that_is_no_url_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, lake: str, variable: str, endpoint: str
) -> None:
    monkeypatch.setenv(variable, endpoint)
    with pytest.raises(SettingsError) as fault:
        load(lake=lake).open_lake()
    told = str(fault.value)
    assert told.startswith(f"{variable}: expected http://HOST or https://HOST, got {endpoint!r}")
    assert "\n" not in told
    assert load(lake="lake").open_lake() == Lake(Path("lake"))


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://localhost:9000",
        "https://[::1]:9000/",
        "HTTPS://s3.example.org/under",
        "http://user:pa%20ss@minio_1:9000/a-b~c",
    ],
)
def test_a_lake_at_an_endpoint_that_is_a_url_is_opened(
    monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert load(lake="s3://bucket/lake").open_lake().location == BucketUrl("s3", "bucket", "lake")
