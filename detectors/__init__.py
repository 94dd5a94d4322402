"""Detectors: one file each. A detector reads the lake and says how far each subject left its normal.

`registry()` finds them: every module of this package with a `DETECTOR` in it.
"""
