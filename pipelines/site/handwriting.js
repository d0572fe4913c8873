// Texts → pieces, drafts → the most legible ones, and lines on a page: what multimodal/handwriting
// does around its network (layout.py, judging.py, placing.py).

import { fromRows, moved, scaled } from "./strokes.js";

const FIRST = 32, LAST = 126, END = 96;  // printable ASCII, and the number that ends a text
const PIECE = 8, LONGEST_WORD = 60, UNITS_PER_LINE = 155, ROOM_FOR_CHANCE = 1.06, BASELINE = 0.7;
const DRAFTS = 2, ATTEMPTS = 4, AT_ONCE = 48;
const TEMPERATURE = 6, MOST_POINTS = 60, WIDEST = 4, NOT_ENDED = 1000;
const LEAST_GAP = 45, MOST_GAP = 90, USUAL_GAP = 50, MOST_MOVED = 45, X_HEIGHT = 42, STEEPEST = 0.15, LEAST_STANDING = 5;
const STANDING = new Set("abcdehiklmnorstuvwxABCDEFGHIKLMNOPRSTUVWXYZ0123456789");
const RAISED = new Set("-=+~\"'^*` ");
const ALIKE = (
  "ao bl ce da el ft gy hn il ji kh lt mn nu oa pg qg rv sr tl un vr wv xy yg zr "
  + "AH BR CG DO EF FE GC HN IJ JI KR LI MN NM OQ PD QO RK SJ TI UV VU WN XY YX ZL "
  + "06 17 25 38 49 53 61 72 83 97 ., ,. ;: :; !| ?7 '` \"' -_ += *+ /( \\| () )( [( ]) {( }) "
  + "<( >) =- &8 %# $S #% @a ^' _- `' |! ~-"
).split(" ");
const LOOKALIKES = new Map(ALIKE.map((pair) => [pair[0], pair[1]]));

// Characters that cannot be written, each once.
export function unknownIn(text) {
  const bad = [...text].filter((c) => c !== "\n" && (c.charCodeAt(0) < FIRST || c.charCodeAt(0) > LAST || c.length > 1));
  return [...new Set(bad)];
}

// A text as numbers with its end, filled up with zeros.
export function letters(text, size) {
  const numbers = [...text].map((c) => c.charCodeAt(0) - FIRST + 1);
  return [...numbers, END, ...Array(size - numbers.length - 1).fill(0)];
}

// The pieces of every line of a text; lines that are too long for the width wrap.
export function pieceTexts(text, { lineHeight, width, pace }) {
  const most = width ? Math.max(1, Math.floor(width / ((lineHeight / UNITS_PER_LINE) * pace * ROOM_FOR_CHANCE))) : Infinity;
  return wrapped(text, most).map(piecesOf);
}

function wrapped(text, most) {
  const lines = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(/\s+/).filter(Boolean).flatMap((word) => parts(word, most))) {
      if (line && line.length + 1 + word.length > most) {
        lines.push(line);
        line = word;
      } else line = line ? `${line} ${word}` : word;
    }
    lines.push(line);
  }
  return lines;
}

function parts(word, most) {
  const found = [];
  for (let at = 0; at < word.length; at += most) found.push(word.slice(at, at + most));
  return found;
}

function piecesOf(line) {
  const words = line.split(" ").filter(Boolean).flatMap((word) => parts(word, LONGEST_WORD));
  const whole = words.join(" ").length, count = Math.ceil(whole / PIECE), pieces = [];
  for (const word of words) {
    const last = pieces.length - 1;
    if (last >= 0 && pieces[last].length + word.length / 2 < whole / count) pieces[last] += ` ${word}`;
    else pieces.push(word);
  }
  return pieces;
}

// The best of a few drafts of each piece; where all fail, others are written.
export async function draftsOf(texts, { scale, pace, seed }, write) {
  const best = Array(texts.length);
  let left = texts.map((_, n) => n);
  for (let attempt = 0; attempt < ATTEMPTS && left.length; attempt++) {
    const jobs = left.flatMap((n) => Array.from({ length: DRAFTS }, (_, d) => [n, attempt * DRAFTS + d]));
    for (let at = 0; at < jobs.length; at += AT_ONCE) {
      const some = jobs.slice(at, at + AT_ONCE), own = some.map(([n]) => texts[n]);
      const others = own.map((text) => [...text].map((c) => LOOKALIKES.get(c) ?? c).join(""));
      const seeds = some.map(([n, draft]) => (seed * 1000003 + n * 1009 + draft) % 2 ** 32);
      const lines = await write(own, others, seeds);
      lines.forEach((line, place) => {
        const [n] = some[place];
        const rank = [faults(line, texts[n], scale, pace), doubt(line, texts[n])];
        const former = best[n]?.rank;
        if (!former || rank[0] < former[0] || (rank[0] === former[0] && rank[1] < former[1])) best[n] = { rank, line };
      });
    }
    left = left.filter((n) => best[n].rank[0]);
  }
  return best.map(({ line }) => line);
}

function faults(line, text, scale, pace) {
  const counts = Array(text.length + 1).fill(0);
  for (const look of line.looks) if (look < counts.length) counts[look]++;
  const missed = [...text].filter((c, n) => c !== " " && !counts[n]).length;
  const dwelt = counts.slice(0, text.length).filter((count) => count > MOST_POINTS).length;
  let x = 0;
  const xs = line.rows.map(([dx]) => (x += dx));
  const wide = (Math.max(...xs) - Math.min(...xs)) * scale > WIDEST * pace * (text.length + 1);
  return missed + dwelt + (wide ? 1 : 0) + (line.ended ? 0 : NOT_ENDED);
}

function doubt(line, text) {
  const odds = Array(text.length + 1).fill(0);
  for (let n = 1; n < line.nats.length; n++) odds[line.looks[n - 1]] += line.otherNats[n] - line.nats[n];
  let sum = 0;
  [...text].forEach((c, n) => {
    if (LOOKALIKES.has(c)) sum += softplus(-odds[n] / TEMPERATURE);
  });
  return sum;
}

const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

// Pieces side by side on baselines, lines under each other, in millimetres.
export function page(lines, written, { scale, lineHeight, width }) {
  const unit = lineHeight / UNITS_PER_LINE, texts = lines.flat();
  const placed = written.map((line, n) => place(line, texts[n], scale));
  const gaps = placed.map(({ gap }) => gap).filter((gap) => gap !== null);
  const gap = gaps.length ? Math.min(MOST_GAP, Math.max(LEAST_GAP, median(gaps))) : USUAL_GAP;
  const strokes = [];
  let at = 0;
  lines.forEach((pieces, row) => {
    let left = 0;
    const line = [];
    for (let n = 0; n < pieces.length; n++) {
      const piece = placed[at++];
      line.push(...moved(piece.strokes, left, 0));
      left += piece.width + gap;
    }
    const reach = (left - gap) * unit, squeeze = width && reach > width ? width / reach : 1;
    const down = (row + BASELINE) * lineHeight;
    strokes.push(...scaled(line, unit).map((stroke) => stroke.map(([x, y]) => [x * squeeze, y + down])));
  });
  return strokes;
}

// A line laid level on the baseline y = 0, its leftmost point at x = 0.
function place(line, text, scale) {
  let x = 0, y = 0;
  const points = line.rows.map(([dx, dy]) => [(x += dx * scale), (y += dy * scale)]);
  let bottoms = lowest(points, line.looks, text);
  const slope = slopeOf(bottoms);
  for (const point of points) point[1] -= slope * point[0];
  bottoms = bottoms.map(([bx, by]) => [bx, by - slope * bx]);
  const base = baseline(points, bottoms, text);
  for (const point of points) point[1] -= base;
  partWords(points, line, text);
  const left = Math.min(...points.map(([px]) => px));
  for (const point of points) point[0] -= left;
  const rows = points.map(([px, py], n) => [px - (points[n - 1]?.[0] ?? 0), py - (points[n - 1]?.[1] ?? 0), line.rows[n][2]]);
  return { strokes: fromRows(rows), width: Math.max(...points.map(([px]) => px)), gap: gapOf(points, line.looks, text) };
}

function lowest(points, looks, text) {
  return [...text].flatMap((c, cell) => {
    const own = STANDING.has(c) ? points.filter((_, n) => looks[n] === cell) : [];
    return own.length > 1 ? [own.reduce((a, b) => (b[1] > a[1] ? b : a))] : [];
  });
}

function slopeOf(bottoms) {
  if (bottoms.length < LEAST_STANDING) return 0;
  const slopes = bottoms.flatMap(([ax, ay], n) =>
    bottoms.slice(n + 1).filter(([bx]) => bx - ax > X_HEIGHT).map(([bx, by]) => (by - ay) / (bx - ax)));
  const slope = slopes.length ? median(slopes) : 0;
  return Math.abs(slope) <= STEEPEST ? slope : 0;
}

function baseline(points, bottoms, text) {
  if (bottoms.length) return median(bottoms.map(([, y]) => y));
  const low = Math.max(...points.map(([, y]) => y));
  return [...text].every((c) => RAISED.has(c)) ? low + X_HEIGHT / 2 : low;
}

// Words that nearly touch are moved away from each other.
function partWords(points, { rows, looks }, text) {
  const starts = [0, ...rows.slice(0, -1).flatMap((row, n) => (row[2] > 0 ? [n + 1] : []))];
  [...text].forEach((c, cell) => {
    const first = looks.findIndex((look) => look > cell);
    if (c !== " " || first < 0 || looks[0] >= cell) return;
    const start = starts.filter((n) => n <= first).at(-1);
    if (looks[start] < cell) return;  // the pen went from word to word without a lift
    const behind = text.indexOf(" ", cell + 1), end = behind > 0 ? behind : text.length;
    const before = text.slice(0, cell).lastIndexOf(" ");
    const word = points.filter((_, n) => n >= start && looks[n] < end).map(([x]) => x);
    const former = points.filter((_, n) => n < start && looks[n] > before).map(([x]) => x);
    if (!word.length || !former.length) return;
    // Dots and crosses that came late stand among the points of the next word: not its edge.
    const gap = quantile(word, 0.04) - quantile(former, 0.98);
    const shift = Math.min(MOST_MOVED, Math.max(0, LEAST_GAP - gap));
    for (const point of points.slice(start)) point[0] += shift;
  });
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b), place = share * (sorted.length - 1), low = Math.floor(place);
  return sorted[low] + (place - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

function gapOf(points, looks, text) {
  const gaps = [...text].flatMap((c, cell) => {
    const before = points.filter((_, n) => looks[n] < cell), after = points.filter((_, n) => looks[n] > cell);
    if (c !== " " || !before.length || !after.length) return [];
    const gap = Math.min(...after.map(([x]) => x)) - Math.max(...before.map(([x]) => x));
    return gap > 0 ? [gap] : [];
  });
  return gaps.length ? median(gaps) : null;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
