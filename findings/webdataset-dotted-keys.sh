#!/usr/bin/env bash
# Keys of photos often hold dots: "beach.v1", "2024.05.01".
# Expected: TarWriter writes two samples that WebDataset reads as two, or refuses the keys. Seen: the
# reader cuts at the first dot, so that two samples become one, with fields v1.txt and v2.txt.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile webdataset==1.0.2
cd "$place"
"$place/env/bin/python" - <<'PY'
from importlib.metadata import version

import webdataset

with webdataset.TarWriter("shard.tar") as shard:
    shard.write({"__key__": "beach.v1", "txt": "two dogs"})
    shard.write({"__key__": "beach.v2", "txt": "a boat"})
samples = list(webdataset.WebDataset("shard.tar", shardshuffle=False))
seen = [(s["__key__"], sorted(name for name in s if not name.startswith("_"))) for s in samples]
print("webdataset", version("webdataset"), "wrote 2 samples and read", seen)
assert seen == [("beach", ["v1.txt", "v2.txt"])]
PY
