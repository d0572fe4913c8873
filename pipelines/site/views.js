// What the recognizer sees of a drawing: multimodal/recognition/drawings/views.py, for one drawing at a time.

const PIECE_POINTS = 8, PIECE_LENGTH = 0.5, MOST_PIECES = 32, MARGIN = 2, FAINTEST = 0.1, LARGEST_GROWTH = 4;

// Strokes → the pieces of all of them, the steps of their ink, and the frame of the last.
export function look(strokes) {
  const low = [Infinity, Infinity], high = [-Infinity, -Infinity];
  const pieces = [], middles = [], ways = [];
  let last = [0, 0], frame = null;
  strokes.forEach((given, k) => {
    const stroke = given.map(([x, y]) => [x, y]);
    const before = frame && { low: [...low], high: [...high] };
    for (const point of stroke) {
      for (const axis of [0, 1]) {
        low[axis] = Math.min(low[axis], point[axis]);
        high[axis] = Math.max(high[axis], point[axis]);
      }
    }
    const half = Math.max(high[0] - low[0], high[1] - low[1]) / 2 || 1;
    const centre = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    frame = { half, centre };
    const points = stroke.map((point) => point.map((value, axis) => (value - centre[axis]) / half));
    const { samples, count, length } = resampled(points);
    const former = before ?? { low: centre, high: centre };
    const share = before
      ? Math.max(former.high[0] - former.low[0], former.high[1] - former.low[1]) / 2 / half : 1;
    const context = [
      before ? 0 : 1,
      -Math.log(Math.max(share, Math.exp(-LARGEST_GROWTH))),
      ...[0, 1].map((axis) => (centre[axis] - (former.low[axis] + former.high[axis]) / 2) / half),
      ...[0, 1].map((axis) => (high[axis] - low[axis]) / (2 * half)),
      ...[0, 1].map((axis) => (k ? (stroke[0][axis] - last[axis]) / half : 0)),
      length / count / PIECE_LENGTH,
    ];
    last = stroke.at(-1);
    for (let n = 0; n < count; n++) {
      const ends = [], steps = [];
      for (let t = n * PIECE_POINTS; t < (n + 1) * PIECE_POINTS; t++) {
        const [a, b] = [samples[t], samples[t + 1]];
        ends.push(...b);
        steps.push(...[0, 1].map((axis) => (b[axis] - a[axis]) * (PIECE_POINTS / PIECE_LENGTH)));
        middles.push([0, 1].map((axis) => ((a[axis] + b[axis]) / 2) * half + centre[axis]));
        ways.push([0, 1].map((axis) => (b[axis] - a[axis]) * half));
      }
      pieces.push([...ends, ...steps, n === 0 ? 1 : 0, n === count - 1 ? 1 : 0, ...context]);
    }
  });
  return { pieces, middles, ways, ...frame };
}

// Points at equal distances, PIECE_POINTS steps to a piece.
function resampled(points) {
  const along = [0];
  for (let n = 1; n < points.length; n++) {
    along.push(along[n - 1] + Math.hypot(points[n][0] - points[n - 1][0], points[n][1] - points[n - 1][1]));
  }
  const length = along.at(-1);
  const count = Math.min(MOST_PIECES, Math.max(1, Math.ceil(length / PIECE_LENGTH - 1e-9)));
  const samples = [];
  let at = 0;
  for (let n = 0; n <= count * PIECE_POINTS; n++) {
    const wanted = (n / (count * PIECE_POINTS)) * length;
    while (at < points.length - 2 && along[at + 1] < wanted) at++;
    const span = (along[at + 1] ?? 0) - along[at];
    const share = span > 0 ? Math.min(1, (wanted - along[at]) / span) : 0;
    const [a, b] = [points[at], points[at + 1] ?? points[at]];
    samples.push([a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]);
  }
  return { samples, count, length };
}

// What stands there: ink, its direction (two) and its age, 4 × size × size.
export function picture(view, size) {
  const zoom = (size / 2 - MARGIN) / view.half, area = size * size;
  const lengths = view.ways.map((way) => Math.hypot(...way) * zoom);
  const inks = lengths.map((length) => Math.max(length, FAINTEST));
  const total = inks.reduce((sum, ink) => sum + ink, 0);
  const maps = new Float64Array(4 * area);
  let done = 0;
  view.middles.forEach((middle, n) => {
    done += inks[n];
    const [dx, dy] = view.ways[n].map((value) => value * zoom);
    const squared = Math.max(lengths[n] ** 2, 1e-12);
    const values = [1, (dx * dx - dy * dy) / squared, (2 * dx * dy) / squared, done / total];
    const [x, y] = middle.map((value, axis) => (value - view.centre[axis]) * zoom + (size - 1) / 2);
    const [left, top] = [Math.floor(x), Math.floor(y)];
    for (const [right, down] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
      const share = Math.abs(1 - right - (x - left)) * Math.abs(1 - down - (y - top));
      const place = (top + down) * size + left + right;
      values.forEach((value, channel) => (maps[channel * area + place] += inks[n] * value * share));
    }
  });
  const drawn = new Float32Array(4 * area);
  for (let n = 0; n < drawn.length; n++) drawn[n] = maps[n] / Math.max(maps[n % area], 1);
  return drawn;
}
