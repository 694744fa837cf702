"""flowtwin where other packages expect theirs: each module needs the package whose name it bears (see docs/python.md)."""
