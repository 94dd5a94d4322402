"""What tests are built from: records as sources write them, values of any kind, lakes, processes,
pages and a browser.

Cases of `parametrize` can use it, as they cannot use fixtures. Pytest has this folder's parent on
its path (`pythonpath` in pyproject.toml).
"""
