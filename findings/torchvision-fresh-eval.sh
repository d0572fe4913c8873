#!/usr/bin/env bash
# A network of torchvision without pretrained weights, in evaluation mode, is a handy stand-in in
# tests: batch normalisation then passes its input on, for its statistics are 0 and 1.
# Expected: other photos, other logits. Seen: ShuffleNet gives sixteen photos of noise the same
# logits to four digits, for nothing makes up for what its weights take away in every layer, and
# the last bias is all that is left. Any test that compares outputs for photos then compares one
# constant. In training mode, in which each layer is normalised anew, the photos do differ.
# torch is large: FINDINGS_PYTHON may name a Python that has torch 2.14.1 and torchvision already.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
if [ -z "${FINDINGS_PYTHON:-}" ]; then
  python3 -m venv --without-pip "$place/env"
  python3 -m pip --python "$place/env/bin/python" install -qq --no-compile \
    torch==2.14.1 torchvision==0.29.1 numpy==2.4.6
fi
cd "$place"
"${FINDINGS_PYTHON:-$place/env/bin/python}" - <<'PY'
import torch
import torchvision

torch.manual_seed(0)
network = torchvision.models.shufflenet_v2_x0_5(weights=None)
photos = torch.randn(16, 3, 224, 224)


def difference(logits):
    """How far photos are apart, as a share of how far classes are."""
    return (logits.std(0).mean() / logits.std(1).mean()).item()


with torch.no_grad():
    fresh = difference(network.eval()(photos))
    normalised = difference(network.train()(photos))
print("torchvision", torchvision.__version__)
print(f"photos apart, as a share of classes apart: eval {fresh:.1e}, train {normalised:.1e}")
assert fresh < 1e-3 < 1e-1 < normalised
PY
