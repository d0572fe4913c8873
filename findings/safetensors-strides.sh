#!/usr/bin/env bash
# A transposed array, every second item, and an array backwards are views; their items do not lie one
# after the other in memory.
# Expected: safetensors.numpy writes their values, or refuses, as safetensors.torch does. Seen: it
# writes the memory in its order under the shape of the view: other values come back, silently.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv --without-pip "$place/env"
python3 -m pip --python "$place/env/bin/python" install -qq --no-compile safetensors==0.8.0 numpy==2.4.6
cd "$place"
"$place/env/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
from safetensors.numpy import load, save

whole = np.arange(6.0).reshape(2, 3)
views = {"transposed": whole.T, "every second": np.arange(10.0)[::2], "backwards": whole[0, ::-1]}
print("safetensors", version("safetensors"), "numpy", version("numpy"))
for name, view in views.items():
    back = load(save({"a": view}))["a"]
    print(f"{name}: {view.tolist()} came back as {back.tolist()}")
    assert back.shape == view.shape and not np.array_equal(back, view)
    assert np.array_equal(load(save({"a": view.copy(order="C")}))["a"], view)
PY
