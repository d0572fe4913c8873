#!/usr/bin/env bash
# Under torch.autocast("cpu", torch.bfloat16), nn.LSTM computes in bf16.
# Expected: so do nn.GRU, nn.LSTMCell and an nn.LSTM over sequences of unequal lengths. Seen: all three
# compute in fp32, silently; sequences of equal lengths, packed likewise, are computed in bf16. So the
# speed of a training depends on whether its sentences happen to be equally long.
# Needs a processor with AVX-512; on others the LSTM itself raises (exit code 77: nothing was seen).
# torch is large: FINDINGS_PYTHON may name a Python that has torch 2.14.1 already.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
if [ -z "${FINDINGS_PYTHON:-}" ]; then
  python3 -m venv --without-pip "$place/env"
  python3 -m pip --python "$place/env/bin/python" install -qq --no-compile torch==2.14.1 numpy==2.4.6
fi
cd "$place"
"${FINDINGS_PYTHON:-$place/env/bin/python}" - <<'PY'
import sys

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

print("torch", torch.__version__)
inputs = torch.randn(5, 2, 16)
lstm = nn.LSTM(16, 16)
with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
    try:
        seen = {"LSTM": lstm(inputs)[0].dtype}
    except RuntimeError as error:
        print("this processor has no bf16 LSTM:", str(error)[:60])
        sys.exit(77)
    seen["equal lengths"] = lstm(pack_padded_sequence(inputs, [5, 5]))[0].data.dtype
    seen["unequal lengths"] = lstm(pack_padded_sequence(inputs, [5, 3]))[0].data.dtype
    seen["GRU"] = nn.GRU(16, 16)(inputs)[0].dtype
    seen["LSTMCell"] = nn.LSTMCell(16, 16)(inputs[0])[0].dtype
print({name: str(dtype) for name, dtype in seen.items()})
half, single = torch.bfloat16, torch.float32
assert list(seen.values()) == [half, half, single, single, single]
PY
