#!/usr/bin/env bash
# A reader writes a tab or a line break between two words, where the reference has a space.
# Expected: white space parts words, so that the error rate is 0. Seen: only spaces part them;
# the two are read as one word, which is wrong, and the other is missing: a rate of 1.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile jiwer==4.0.0
cd "$place"
"$place/env/bin/python" - <<'PY'
from importlib.metadata import version

import jiwer

seen = {repr(gap): jiwer.wer("two dogs", f"two{gap}dogs") for gap in (" ", "  ", "\t", "\n")}
print("jiwer", version("jiwer"), seen)
assert seen["' '"] == seen["'  '"] == 0
assert seen["'\\t'"] == 1.0
PY
