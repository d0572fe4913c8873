#!/usr/bin/env bash
# A caption in quotes may hold a line break: RFC 4180 says so, and pyarrow reads such tables by default
# as long as they are small.
# Expected: 30,000 rows are read as 200 are, or refused by `newlines_in_values`, which stands at False.
# Seen: a table of more than one block, 1 MiB, is cut at any line break. 30,000 rows become 30,001,
# with a caption in two pieces, silently; larger tables end in an error.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile pyarrow==26.0.1
cd "$place"
"$place/env/bin/python" - <<'PY'
from io import BytesIO

import pyarrow as pa
from pyarrow import csv


def read(rows, **options):
    """What was written, and what was read."""
    captions = [f"a dog and another dog, {row:06d}\non a beach" for row in range(rows)]
    table = "caption\n" + "".join(f'"{caption}"\n' for caption in captions)
    parse = csv.ParseOptions(**options)
    found = csv.read_csv(BytesIO(table.encode()), parse_options=parse)["caption"].to_pylist()
    return captions, found


written, found = read(200)
assert found == written
written, found = read(30_000, newlines_in_values=True)
assert found == written
written, found = read(30_000)
cut = [caption for caption in found if caption not in set(written)]
print("pyarrow", pa.__version__, len(written), "rows were read as", len(found), "cut:", cut)
assert len(found) == 30_001
assert cut == ["a dog and another dog, 024385\n", 'on a beach"']
try:
    read(60_000)
except pa.ArrowInvalid as error:
    print(error)
else:
    raise AssertionError("60,000 rows are read")
PY
