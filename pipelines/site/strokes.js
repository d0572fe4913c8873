// Drawings as lists of strokes, each a list of points [x, y], y down; and what they can be saved as.

export function bounds(strokes) {
  const xs = strokes.flat().map(([x]) => x), ys = strokes.flat().map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

export function scaled(strokes, factor) {
  return strokes.map((stroke) => stroke.map(([x, y]) => [x * factor, y * factor]));
}

export function moved(strokes, dx, dy) {
  return strokes.map((stroke) => stroke.map(([x, y]) => [x + dx, y + dy]));
}

// Rows dx, dy, pen lifted after, from the origin → strokes.
export function fromRows(rows) {
  const strokes = [];
  let stroke = [], x = 0, y = 0;
  for (const [dx, dy, lifted] of rows) {
    [x, y] = [x + dx, y + dy];
    stroke.push([x, y]);
    if (lifted) {
      strokes.push(stroke);
      stroke = [];
    }
  }
  if (stroke.length) strokes.push(stroke);
  return strokes;
}

// Strokes → the rows that the sketcher reads: the pen is on the paper at the first point already.
export function rowsOf(strokes) {
  const rows = [];
  let [x, y] = strokes[0][0];
  for (const stroke of strokes) {
    stroke.forEach(([nx, ny], n) => {
      rows.push([nx - x, ny - y, n === stroke.length - 1 ? 1 : 0]);
      [x, y] = [nx, ny];
    });
  }
  return rows.length > 1 && !rows[0][2] ? rows.slice(1) : rows;
}

// Fewer points, none of the others further away than epsilon (Ramer 1972, Douglas and Peucker 1973).
export function simplified(strokes, epsilon) {
  return strokes.map((stroke) => {
    const kept = new Set([0, stroke.length - 1]), open = [[0, stroke.length - 1]];
    while (open.length) {
      const [from, to] = open.pop();
      let far = 0, at = -1;
      for (let n = from + 1; n < to; n++) {
        const away = distance(stroke[n], stroke[from], stroke[to]);
        if (away > far) [far, at] = [away, n];
      }
      if (far > epsilon) {
        kept.add(at);
        open.push([from, at], [at, to]);
      }
    }
    return stroke.filter((_, n) => kept.has(n));
  });
}

function distance([x, y], [ax, ay], [bx, by]) {
  const dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
  const share = length ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - share * dx, y - ay - share * dy);
}

const MARGIN = 0.06;

// An SVG of curves between the middles of segments; `animated` draws itself.
export function toSVG(strokes, { pen, unit = "", animated = false, title = "" } = {}) {
  const [left, top, right, bottom] = bounds(strokes);
  const side = Math.max(right - left, bottom - top, 1), edge = side * MARGIN;
  const width = pen ?? side * 0.012, box = [left - edge, top - edge, right - left + 2 * edge, bottom - top + 2 * edge];
  const total = strokes.reduce((sum, stroke) => sum + stroke.length, 0);
  let before = 0;
  const paths = strokes.map((stroke) => {
    const style = animated ? ` pathLength="1" style="animation-delay:${((1.2 * before) / total).toFixed(3)}s"` : "";
    before += stroke.length;
    return `<path d="${curve(stroke)}"${style}/>`;
  });
  const size = unit ? ` width="${number(box[2])}${unit}" height="${number(box[3])}${unit}"` : "";
  const name = title ? `<title>${title.replace(/[<&>]/g, (c) => `&#${c.charCodeAt(0)};`)}</title>` : "";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box.map(number).join(" ")}"${size}>${name}`
    + `<g fill="none" stroke="currentColor" stroke-width="${number(width)}" stroke-linecap="round" `
    + `stroke-linejoin="round">${paths.join("")}</g></svg>`;
}

function curve(stroke) {
  const at = ([x, y]) => `${number(x)} ${number(y)}`;
  if (stroke.length === 1) return `M${at(stroke[0])}h0`;
  let path = `M${at(stroke[0])}`;
  for (let n = 1; n < stroke.length - 1; n++) {
    const [a, b] = [stroke[n], stroke[n + 1]];
    path += `Q${at(a)} ${at(n < stroke.length - 2 ? [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] : b)}`;
  }
  return stroke.length === 2 ? `${path}L${at(stroke[1])}` : path;
}

const number = (value) => String(Math.round(value * 100) / 100);

// G-code for a plotter whose pen is lifted by Z: millimetres, y up, the largest side `size` unless 0.
export function toGcode(strokes, { size = 0, feed = 1500, up = 3, down = 0 } = {}) {
  const [left, top, right, bottom] = bounds(strokes);
  const factor = size ? size / (Math.max(right - left, bottom - top) || 1) : 1;
  const at = ([x, y]) => `X${((x - left) * factor).toFixed(2)} Y${((bottom - y) * factor).toFixed(2)}`;
  const lines = ["G21", "G90", `G0 Z${up}`];
  for (const stroke of strokes) {
    lines.push(`G0 ${at(stroke[0])}`, `G1 Z${down} F${feed}`);
    for (const point of stroke.slice(1)) lines.push(`G1 ${at(point)} F${feed}`);
    lines.push(`G0 Z${up}`);
  }
  return [...lines, "G0 X0 Y0", "M2", ""].join("\n");
}
