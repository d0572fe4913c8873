#!/usr/bin/env bash
# A left outer join puts captions beside a table of pictures.
# Expected: the rows are in the left table's order, as in every small table. Seen: so they are up to
# 32,768 rows; in larger tables batches come in the order in which threads finish them, another one
# at each run. `use_threads=False` keeps the order.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile pyarrow==26.0.1 numpy==2.4.6
cd "$place"
"$place/env/bin/python" - <<'PY'
import numpy as np
import pyarrow as pa


def keeps_order(rows, tries, **options):
    """Whether pictures stay in their places, in every one of some tries."""
    pictures = pa.table({"picture": np.arange(rows)})
    captions = pa.table({"picture": np.arange(rows)[::-1].copy(), "caption": np.arange(rows)})
    joined = (pictures.join(captions, "picture", **options) for _ in range(tries))
    return all(np.array_equal(table["picture"], np.arange(rows)) for table in joined)


pa.set_cpu_count(4)
seen = {
    "32,768 rows": keeps_order(32_768, 20),
    "1,000,000 rows": keeps_order(1_000_000, 20),
    "1,000,000 rows, one thread": keeps_order(1_000_000, 3, use_threads=False),
}
print("pyarrow", pa.__version__, "in order:", seen)
assert list(seen.values()) == [True, False, True]
PY
