"""A seeded generator of native logs, and the small output that is committed (`DATA`)."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
INVENTORY = Path(__file__).parent / "inventory.csv"
