#!/usr/bin/env bash
# torch.export traces a module with example inputs; their values do not matter. Two inputs of the same
# kind are easily given one example, such as export(model, (x, x)).
# Expected: a program of two inputs, as after export(model, (x, x.clone())). Seen: it takes two, and
# uses the second in the place of the first, silently; torch.onnx.export writes such a file.
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
import torch
from torch import nn


class Sum(nn.Module):
    def forward(self, first, second):
        return first + 2 * second


example = torch.ones(1)
inputs = torch.tensor([100.0]), torch.tensor([1.0])
seen = {
    name: torch.export.export(Sum(), pair).module()(*inputs).item()
    for name, pair in {"one": (example, example), "two": (example, example.clone())}.items()
}
print("torch", torch.__version__, "100 + 2 · 1, by examples that are one tensor or two:", seen)
assert seen == {"one": 3.0, "two": 102.0}
PY
