"""One module a page; each has `page()`, which `app.py` registers."""
