"""One file a page, each with a `draw`.

The folder is not called `pages`, because Streamlit runs the files of a folder of that name itself,
past `app.py`, for a visitor who comes by a page's own address.
"""
