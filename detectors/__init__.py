"""Detectors, one file each: each reads the lake and says how far its subjects left their normal.

`detectors.base.registry()` finds them: every module of this package with a `DETECTOR` in it. What
a long one says of its findings is beside it, in `<id>_wording.py`.
"""
