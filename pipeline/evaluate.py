"""How well the detectors rank what a user has labelled: scores joined with labels, in figures.

A label file names units (events, traces, sessions, credentials or identities, with a day if it has
one) and says which were attacks. A unit's score is the highest that a detector gave to anything
the unit's events belong to on that day; a unit without a score counts as 0.

ROC-AUC, average precision (as scikit-learn defines it) and true positives at a rate of false ones
are three sums over the counts per score, so numpy computes them: scikit-learn would bring scipy to
every installation, and its functions take resamples one array of scores at a time.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipeline.errors import InputError, NotFoundError
from pipeline.reader import LakeReader

SQL = Path(__file__).parent / "sql" / "evaluate"

SUBJECTS = {
    "event": ("event_id", "event", "span_id"),
    "trace": ("trace_id", "trace"),
    "session": ("session_id", "session", "conversation_id"),
    "credential": ("credential_id", "credential", "access_key_id", "key_id"),
    "identity": ("identity_id", "identity", "agent_id", "principal"),
}
"""Columns taken for the unit, by what it is; the first of these that a file has."""

LABELS = ("label", "is_attack", "malicious", "attacked")
DAYS = ("day", "event_date")
STARTS = ("started_at", "attack_started_at")
BUDGETS = (1, 5, 10, 20)
"""Alerts a day that an analyst may have time for."""

FALSE_RATES = {"1pct": 0.01, "5pct": 0.05}
DRAWS = 1_000
"""Resamples behind an interval; drawn within attacks and within benign, with a fixed seed."""

_YES = ("1", "true", "t", "yes", "y")
_NO = ("0", "false", "f", "no", "n")

Counts = np.ndarray[tuple[int], np.dtype[np.int64]]
"""Units per distinct score, the highest score first."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What a user says of a label file; None where its usual names are to be found.

    `label`, `against` and `where` are COLUMN (of 0 and 1) or COLUMN=VALUE; `subject` is COLUMN or
    KIND=COLUMN.
    """

    label: str | None = None
    subject: str | None = None
    against: str | None = None
    started: str | None = None
    where: tuple[str, ...] = ()


@dataclass(frozen=True)
class Labels:
    """Labelled units: number, unit, day, label, of_group (of the second class), started.

    `level` is what a unit is, a key of SUBJECTS; `group` the name of the second class, if asked
    for; `notes` what a reader of the figures has to know.
    """

    rows: pl.DataFrame
    level: str
    group: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """A row of figures per detector and class of negatives, and what to know about them."""

    figures: pl.DataFrame
    notes: tuple[str, ...]


def evaluate(
    reader: LakeReader, labels: Labels, *, detectors: list[str], rest_benign: bool = False
) -> Evaluation:
    """The figures of the detectors (all, if none is named) on these labels.

    `rest_benign` counts every unit of the lake that the labels do not name as benign.
    """
    rows = _with_rest(reader, labels) if rest_benign else labels.rows
    _require_both_classes(rows["label"])
    params = {"level": labels.level, "detectors": detectors or None}
    reader.define("labelled", rows)
    reader.define("touched", SQL / "touched.sql", params)
    reader.define("alerts", SQL / "alerts.sql", params)
    units = reader.query(SQL / "units.sql")
    able = units.filter("scored")["detector"].unique()
    if able.is_empty():
        asked = f" by {', '.join(detectors)}" if detectors else ""
        raise NotFoundError(
            f"expected scores{asked} of the labelled {labels.level} units in the lake, found none; "
            "ingest their logs and judge them first (nhiwatch run PATH)"
        )
    # One detector is its own queue.
    shown = [name for name in sorted(able) if name != "all" or len(able) > 2]
    table = [row for name in shown for row in _rows(name, units.filter(detector=name), labels)]
    hours = {"hours_to_window_end": pl.Float64, "hours_to_judged": pl.Float64}
    return Evaluation(
        pl.DataFrame(table, schema_overrides=hours), (*labels.notes, *_notes(units, able))
    )


def read_labels(file: Path, columns: Columns) -> Labels:
    """The labels of a CSV file; an error in one line says what is missing or does not fit."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        rows = pl.read_csv(io.StringIO(text), infer_schema=False)
    except (OSError, UnicodeError, pl.exceptions.PolarsError) as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"labels {file}: expected CSV in UTF-8, got: {reason}") from error
    source = _Source(file, rows)
    level, unit = source.subject(columns.subject)
    label = source.named(columns.label, LABELS, option="--label")
    kept = source.kept(columns.where)
    full = kept.select(
        unit=pl.col(unit).str.strip_chars(),
        day=source.time(source.first_of(DAYS)).dt.date(),
        label=source.flag(label),
        of_group=source.flag(columns.against) if columns.against else pl.lit(None, pl.Boolean),
        started=source.time(columns.started or source.first_of(STARTS)),
    )
    labelled = full.filter(pl.col("unit").is_not_null() & pl.col("label").is_not_null()).unique(
        maintain_order=True
    )
    twice = labelled.filter(pl.struct("unit", "day").is_duplicated())
    if not twice.is_empty():
        raise InputError(
            f"labels {file}: expected one label a {level}, got several that differ for "
            f"{twice['unit'][0]!r} ({twice['unit'].n_unique()} such); keep one row of each"
        )
    left_out = kept.height - labelled.height
    notes = (
        [f"{left_out} of {kept.height} rows left out: no {unit}, no label, or the same row again"]
        if left_out
        else []
    )
    return Labels(labelled.with_row_index("number"), level, columns.against, tuple(notes))


def figures(positive: Counts, negative: Counts) -> dict[str, float]:
    """ROC-AUC, average precision, and the share of positives above the lowest score at which at
    most 1 % and 5 % of the negatives are.
    """
    hits, false = positive.cumsum(), negative.cumsum()
    above = hits - positive
    told = {
        "roc_auc": float(negative @ (above + positive / 2) / (hits[-1] * false[-1])),
        "average_precision": float(positive @ (hits / np.maximum(hits + false, 1)) / hits[-1]),
    }
    for name, rate in FALSE_RATES.items():
        allowed = hits[false <= rate * false[-1]]
        told[f"tpr_at_{name}"] = float(allowed.max(initial=0) / hits[-1])
    return told


def with_intervals(positive: Counts, negative: Counts, *, seed: int = 0) -> dict[str, float]:
    """The figures, each with the ends of its 95 % interval: a bootstrap over the units, within
    attacks and within benign, as percentiles.
    """
    dice = np.random.default_rng(seed)
    draws = [figures(_redrawn(positive, dice), _redrawn(negative, dice)) for _ in range(DRAWS)]
    told: dict[str, float] = {}
    for name, value in figures(positive, negative).items():
        low, high = np.quantile([draw[name] for draw in draws], [0.025, 0.975])
        told |= {name: value, f"{name}_low": float(low), f"{name}_high": float(high)}
    return told


def ranking(told: pl.DataFrame) -> pl.DataFrame:
    """For people: how well each detector ranks attacks above the benign."""
    return told.select(
        "detector",
        "against",
        "positives",
        "negatives",
        "unscored",
        *(
            pl.format("{} [{}, {}]", *(pl.col(part).round(3) for part in _parts_of(name))).alias(
                name.replace("_", " ")
            )
            for name in ("roc_auc", "average_precision", *(f"tpr_at_{n}" for n in FALSE_RATES))
        ),
    )


def working(told: pl.DataFrame) -> pl.DataFrame:
    """For people: what an analyst gets who reads so many alerts a day, and how soon."""
    return told.select(
        "detector",
        "against",
        pl.format("{} of {}", "found", "positives").alias("found"),
        pl.format("{} of {}", "false_found", "negatives").alias("falsely"),
        *(pl.col(f"found_at_{k}").alias(f"by {k} a day") for k in BUDGETS),
        *(
            pl.col(name).round(1).alias(f"median {name.replace('_', ' ')}")
            for name in ("hours_to_window_end", "hours_to_judged")
        ),
    )


@dataclass(frozen=True)
class _Source:
    """A label file as it was read: every column text."""

    file: Path
    rows: pl.DataFrame

    def first_of(self, names: tuple[str, ...]) -> str | None:
        return next((name for name in names if name in self.rows.columns), None)

    def named(self, given: str | None, usual: tuple[str, ...], *, option: str) -> str:
        found = given or self.first_of(usual)
        if found is None:
            raise InputError(
                f"labels {self.file}: expected a column of {', '.join(usual)}, "
                f"got {', '.join(self.rows.columns)}; name it with {option}"
            )
        return found

    def subject(self, given: str | None) -> tuple[str, str]:
        """What a unit is, and its column."""
        kinds = {name: kind for kind, names in SUBJECTS.items() for name in names}
        column = self.named(given, tuple(kinds), option="--subject")
        kind, _, named = column.rpartition("=")
        level = kind or kinds.get(named, "")
        if level not in SUBJECTS:
            raise InputError(
                f"--subject: expected KIND=COLUMN with a kind of {', '.join(SUBJECTS)}, "
                f"got {column}"
            )
        self._require(named)
        return level, named

    def flag(self, asked: str) -> pl.Expr:
        """A column of 0 and 1 as a boolean, or whether a column has the value asked for."""
        column, equals, value = asked.partition("=")
        self._require(column)
        text = pl.col(column).str.strip_chars()
        if equals:
            return text.fill_null("") == value
        given = self.rows[column].str.strip_chars().str.to_lowercase().drop_nulls()
        odd = given.filter(~given.is_in([*_YES, *_NO]))
        if not odd.is_empty():
            raise InputError(
                f"labels {self.file}: expected 0 or 1 in {column}, got {odd[0]!r}; "
                f"say which value is meant: {column}=VALUE"
            )
        return text.str.to_lowercase().is_in(_YES)

    def kept(self, conditions: tuple[str, ...]) -> pl.DataFrame:
        """The rows that fulfil every COLUMN=VALUE."""
        kept = self.rows
        for condition in conditions:
            column, equals, value = condition.partition("=")
            if not equals:
                raise InputError(f"--where: expected COLUMN=VALUE, got {condition}")
            self._require(column)
            kept = kept.filter(pl.col(column).str.strip_chars() == value)
        return kept

    def time(self, column: str | None) -> pl.Expr:
        """A column of ISO 8601 times or days, UTC where they do not say; null without a column."""
        if column is None:
            return pl.lit(None, pl.Datetime("us", "UTC"))
        self._require(column)
        time = pl.col(column).str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
        odd = self.rows.filter(pl.col(column).is_not_null() & time.is_null())[column]
        if not odd.is_empty():
            raise InputError(f"labels {self.file}: expected ISO 8601 in {column}, got {odd[0]!r}")
        return time

    def _require(self, column: str) -> None:
        if column not in self.rows.columns:
            raise InputError(
                f"labels {self.file}: expected a column {column}, "
                f"got {', '.join(self.rows.columns)}"
            )


def _with_rest(reader: LakeReader, labels: Labels) -> pl.DataFrame:
    """The labels and, as benign, every unit of the lake that they do not name."""
    daily = labels.rows["day"].null_count() == 0
    reader.define("labelled", labels.rows)
    rest = reader.query(SQL / "rest.sql", {"level": labels.level, "daily": daily})
    benign = rest.with_columns(label=pl.lit(value=False))
    return pl.concat([labels.rows.drop("number"), benign], how="diagonal").with_row_index("number")


def _require_both_classes(label: pl.Series) -> None:
    if label.n_unique() < 2:
        there = "only attacks" if label.any() else "no attacks"
        raise InputError(
            f"expected labels of both kinds, got {there} among {label.len()}; "
            "label benign units too, or count all others as benign (--rest-benign)"
        )


def _rows(name: str, units: pl.DataFrame, labels: Labels) -> list[dict[str, Any]]:
    """A row against all negatives and, if there is a second class, against each part of them."""
    classes = {"all negatives": pl.lit(value=True)}
    if labels.group is not None:
        classes |= {labels.group: pl.col("of_group"), f"not {labels.group}": ~pl.col("of_group")}
    attacks = units.filter("label")
    benign = units.filter(~pl.col("label"))
    parts = {against: benign.filter(chosen) for against, chosen in classes.items()}
    return [_row(name, against, attacks, part) for against, part in parts.items() if part.height]


def _row(name: str, against: str, attacks: pl.DataFrame, benign: pl.DataFrame) -> dict[str, Any]:
    both = pl.concat([attacks, benign])
    counts = (
        both.group_by("score")
        .agg(
            positive=pl.col("label").sum().cast(pl.Int64),
            negative=(~pl.col("label")).sum().cast(pl.Int64),
        )
        .sort("score", descending=True)
    )
    return {
        "detector": name,
        "against": against,
        "positives": attacks.height,
        "negatives": benign.height,
        "unscored": both.height - both["scored"].sum(),
        **with_intervals(counts["positive"].to_numpy(), counts["negative"].to_numpy()),
        "found": attacks["found"].sum(),
        "false_found": benign["found"].sum(),
        **{f"found_at_{k}": int((attacks["place"] <= k).sum()) for k in BUDGETS},
        "hours_to_window_end": attacks["hours_to_window_end"].median(),
        "hours_to_judged": attacks["hours_to_judged"].median(),
    }


def _notes(units: pl.DataFrame, able: pl.Series) -> list[str]:
    one = units.filter(detector=able[0])
    strangers = one.height - one["seen"].sum()
    notes = [
        f"{one.height} labels, {one['label'].sum()} of attacks; a unit without a score counts as "
        "score 0 (column unscored)"
    ]
    if strangers:
        notes.append(f"{strangers} labelled units have no event in the lake")
    silent = sorted(set(units["detector"]) - set(able))
    if silent:
        notes.append(f"no score of a labelled unit by {', '.join(silent)}: left out")
    return notes


def _redrawn(counts: Counts, dice: np.random.Generator) -> Counts:
    total = counts.sum()
    return dice.multinomial(total, counts / total)


def _parts_of(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"
