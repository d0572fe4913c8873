#!/usr/bin/env bash
# Somebody's last translation was lost on the way: two translations, three references.
# Expected: an error, as the command line raises. Seen: corpus_score takes the first two pairs and says
# 100, and so the other way round.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile sacrebleu==2.6.0
cd "$place"
"$place/env/bin/python" - <<'PY'
from importlib.metadata import version

from sacrebleu.metrics import BLEU

whole = ["the cat sat on the mat", "two dogs run in the snow", "a boat lies at the shore"]
seen = [
    round(BLEU().corpus_score(whole[:2], [whole]).score),
    round(BLEU().corpus_score(whole, [whole[:2]]).score),
]
print("sacrebleu", version("sacrebleu"), seen)
assert seen == [100, 100]
PY
