"""What tests are built from: records as sources write them, and values of any kind.

Cases of `parametrize` can use it, as they cannot use fixtures. Pytest has this folder's parent on
its path (`pythonpath` in pyproject.toml).
"""
