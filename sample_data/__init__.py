"""A seeded generator of native logs, and the small output that is committed (`DATA`)."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
