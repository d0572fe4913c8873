#!/usr/bin/env bash
# A stroke that is invisible at first, and that <set> shows after a second: how a drawing draws itself
# without scripts.
# Expected: svgo leaves it alone, as it does with ids that something refers to. Seen: the path is taken
# away for being invisible, and of the <set> the reference too, so that nothing is ever shown.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm install --silent --no-audit --no-fund svgo@4.1.0 >/dev/null
cat > look.mjs <<'JS'
import assert from "node:assert";
import { optimize, VERSION } from "svgo";

const shown = '<path id="a" d="M0 0L9 9" stroke="#000" opacity="0"/>' +
  '<set href="#a" attributeName="opacity" to="1" begin="1s" fill="freeze"/>';
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">${shown}</svg>`;
const { data } = optimize(svg);
console.log("svgo", VERSION);
console.log(data);
assert(!data.includes("<path") && data.includes("<set") && !data.includes("href"));
assert(optimize(svg.replace('opacity="0"', 'opacity=".1"')).data.includes("<path"));
JS
node look.mjs
