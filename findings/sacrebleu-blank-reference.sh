#!/usr/bin/env bash
# The second sentence has one reference, and nothing where the others have a second one.
# Expected: a blank reference counts as none, as None does. Seen: it counts as a reference of length 0,
# which is the closest length to any short translation, so that nothing is too short any more: BLEU is
# 100 instead of 51.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile sacrebleu==2.6.0
cd "$place"
"$place/env/bin/python" - <<'PY'
from importlib.metadata import version

from sacrebleu.metrics import BLEU

translations = ["the cat sat on the mat today", "the dog"]
first = ["the cat sat on the mat today", "the dog ran away from the big cat"]
seen = {
    repr(missing): round(BLEU().corpus_score(translations, [first, [first[0], missing]]).score)
    for missing in ("", None)
}
print("sacrebleu", version("sacrebleu"), seen)
assert seen == {"''": 100, "None": 51}
PY
