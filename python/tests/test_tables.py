"""Tables in pandas, polars and pyarrow, without a copy where these make none."""

from __future__ import annotations

from typing import Any

import pytest
from support import small

import flowtwin


@pytest.fixture(scope="module")
def run() -> flowtwin.Run:
    return flowtwin.run(small(), seed=1)


def test_pyarrow_takes_a_table(run: flowtwin.Run) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table(run.observations)
    assert table.num_rows == 8 and table.column_names == run.observations.columns
    # Each time the same memory: a copy would lie elsewhere, as both are held.
    frame = run.spectra
    first, second = pyarrow.table(frame), pyarrow.table(frame)
    assert address(first, "value") == address(second, "value")
    assert address(pyarrow.table(run.spectra), "value") != address(first, "value")


def address(table: Any, column: str) -> int:
    """Where the numbers of a column of pyarrow lie."""
    return table[column].chunk(0).buffers()[1].address  # type: ignore[no-any-return]


def test_polars_takes_a_table(run: flowtwin.Run) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(run.observations)
    assert frame.height == 8 and frame["experiment"].to_list() == list(range(1, 9))
    pyarrow = pytest.importorskip("pyarrow")
    spectra = run.spectra
    theirs = polars.DataFrame(spectra)
    assert theirs["value"].null_count() == 0
    assert address(theirs.to_arrow(), "value") == address(pyarrow.table(spectra), "value")


def test_polars_copies_no_words(run: flowtwin.Run) -> None:
    """They are as polars stores them: views, which lie where pyarrow finds them too."""
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    table = run.observations
    theirs = polars.DataFrame(table)
    assert theirs["phase"].to_list() == table["phase"] == pyarrow.table(table)["phase"].to_pylist()
    newest = theirs.to_arrow(compat_level=polars.CompatLevel.newest())
    assert address(newest, "phase") == address(pyarrow.table(table), "phase")


def test_pandas_takes_a_table(run: flowtwin.Run) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    if not hasattr(pandas.DataFrame, "from_arrow"):
        pytest.skip("this pandas is older than DataFrame.from_arrow")
    frame = pandas.DataFrame.from_arrow(run.observations)
    assert list(frame.columns) == run.observations.columns and len(frame) == 8


def test_a_capsule_that_nobody_takes_is_freed(run: flowtwin.Run) -> None:
    frame = run.observations
    for _ in range(1000):
        frame.__arrow_c_stream__()
    assert len(frame) == 8
