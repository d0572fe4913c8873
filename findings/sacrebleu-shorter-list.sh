#!/usr/bin/env bash
# Somebody's last translation was lost on the way: two translations, three references.
# Expected: an error, as the command line raises. Seen: corpus_score takes the first two pairs and says
# 100, and so the other way round.
set -euo pipefail
source "$(dirname "$0")/environment" sacrebleu==2.6.0
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
