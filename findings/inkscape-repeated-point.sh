#!/usr/bin/env bash
# A stroke may stand still: the same point several times, which with round ends is a dot.
# Expected: Inkscape says that the box of "M10 10 L10 10 10 10" is the dot's. Seen: it begins at the
# page's corner, and has no ends; with the point once less, or as a curve, it is the dot's.
# Inkscape 1.2.2 is Debian 12's; where there is none or another, nothing is seen (exit code 77).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export INKSCAPE_PROFILE_DIR="$place/profile"
version=$(inkscape --version 2>/dev/null || true)
case "$version" in "Inkscape 1.2.2"*) ;; *) echo "needs Inkscape 1.2.2, not ${version:-none}"; exit 77 ;; esac
cd "$place"
box() {
  echo "<svg xmlns='http://www.w3.org/2000/svg' width='50' height='50'><path id='dot' d='$1' fill='none'" \
    "stroke='black' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'/></svg>" >page.svg
  inkscape --query-all page.svg 2>/dev/null | grep '^dot,'
}
twice=$(box "M10 10 L10 10")
thrice=$(box "M10 10 L10 10 10 10")
curve=$(box "M10 10 Q10 10 10 10")
echo "$version: left, top, width and height of the point twice: $twice; three times: $thrice; a curve: $curve"
[ "$twice" = "dot,9,9,2,2" ]
[ "$curve" = "dot,9,9,2,2" ]
[ "$thrice" = "dot,0,0,10,10" ]
