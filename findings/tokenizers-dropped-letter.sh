#!/usr/bin/env bash
# A BPE tokenizer that was trained without an unknown token meets a letter that it never saw.
# Expected: an error, as its WordLevel and WordPiece models raise. Seen: the letter is dropped and the
# letters on both sides of it are merged, so that "abxc" reads as the word "abc".
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile tokenizers==0.23.3
cd "$place"
"$place/env/bin/python" - <<'PY'
from importlib.metadata import version

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
trainer = trainers.BpeTrainer(vocab_size=30, show_progress=False)
tokenizer.train_from_iterator(["abc abd bcd"] * 5, trainer)
seen = tokenizer.encode("abxc").tokens
print("tokenizers", version("tokenizers"), "abxc:", seen)
assert seen == tokenizer.encode("abc").tokens == ["abc"]
PY
