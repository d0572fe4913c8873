#!/usr/bin/env bash
# Rows of JSON often lack what does not apply: only some photos have an error, say.
# Expected: Dataset.from_list has a column for every key, as from_generator and pandas have. Seen: the
# keys of the first row alone count; what later rows hold beside them is dropped, silently.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile datasets==5.2.0 pyarrow==26.0.1 dill==0.4.1
cd "$place"
"$place/env/bin/python" - <<'PY'
from importlib.metadata import version

from datasets import Dataset, disable_progress_bars

disable_progress_bars()
rows = [{"photo": "a.jpg"}, {"photo": "b.jpg", "error": "is cut off"}]
table = Dataset.from_list(rows)
print("datasets", version("datasets"), table.column_names, table[1])
assert table.column_names == ["photo"]
PY
