"""One file a page, each with a `draw`."""
