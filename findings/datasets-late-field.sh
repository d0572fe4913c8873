#!/usr/bin/env bash
# A shard of a WebDataset in which the first few photos have no caption yet.
# Expected: a column txt, empty for the first. Seen: the columns are those of the first five samples;
# all captions are dropped, silently.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile datasets==5.2.0 pyarrow==26.0.1 dill==0.4.1 pillow==12.3.0
cd "$place"
"$place/env/bin/python" - <<'PY'
import io
import tarfile
from importlib.metadata import version

from datasets import disable_progress_bars, load_dataset

disable_progress_bars()


def shard(captioned):
    with tarfile.open("shard.tar", "w") as tar:
        for number in range(8):
            parts = [("json", b"{}")] + [("txt", b"a dog")] * (number in captioned)
            for ending, data in parts:
                member = tarfile.TarInfo(f"{number:03}.{ending}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    place = f"cache-{len(captioned)}"
    return load_dataset("webdataset", data_files="shard.tar", split="train", cache_dir=place)


late, early = shard({5, 6, 7}), shard({0, 1, 2, 3, 4})
print("datasets", version("datasets"), late.column_names, early.column_names)
assert "txt" not in late.column_names and "txt" in early.column_names
PY
