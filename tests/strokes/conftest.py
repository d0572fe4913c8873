"""Drawings for property tests: `st.from_type(Drawing)` makes any that can be."""

import numpy as np
from hypothesis import strategies as st

from multimodal.strokes import Drawing

COORDINATES = st.one_of(
    st.integers(-3000, 3000), st.floats(-1e6, 1e6, allow_nan=False, allow_infinity=False)
)


@st.composite
def drawings(draw):
    lengths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))

    def column():
        return [draw(st.lists(COORDINATES, min_size=n, max_size=n)) for n in lengths]

    xs, ys = column(), column()
    strokes = [np.array(pair, dtype=np.float64).T for pair in zip(xs, ys, strict=True)]
    times = column() if draw(st.booleans()) else None
    pressures = column() if draw(st.booleans()) else None
    return Drawing(strokes, times, pressures)


st.register_type_strategy(Drawing, drawings())
