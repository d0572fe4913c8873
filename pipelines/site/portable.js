// Files that `multimodal export` wrote, in a browser or in Node, by ONNX Runtime Web:
//
//   const sketcher = new Sketcher(await openModel(ort, bytes, "sketcher"));
//   const [strokes] = await sketcher.draw("duck", 1, { seed: 7 });
//
// Strokes are lists of points [x, y], y down. The same seed draws the same as in Python.

import { look, picture } from "./views.js";
import { draftsOf, letters, page, pieceTexts } from "./handwriting.js";
import { bounds, fromRows, rowsOf, scaled, simplified } from "./strokes.js";
import { uniforms } from "./seeds.js";

const KEY = "multimodal";

export async function openModel(ort, bytes, task) {
  const manifest = manifestOf(bytes);
  if (manifest.task !== task) throw new Error(`a file for ${manifest.task}, not for ${task}`);
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "disabled",  // the passes take longer than they save in a browser
    logSeverityLevel: 3,  // errors; what its passes over a graph leave behind is none
    extra: { session: { disable_quant_qdq: "1" } },
  });
  return new Model(ort, session, manifest);
}

// The manifest among a model's metadata (field 14 of ONNX's ModelProto), all else passed over.
export function manifestOf(bytes) {
  try {
    for (const [field, part] of fields(bytes)) {
      if (field !== 14) continue;
      const entry = new Map([...fields(part)].map(([n, text]) => [n, new TextDecoder().decode(text)]));
      if (entry.get(1) !== KEY) continue;
      const manifest = JSON.parse(entry.get(2));
      if (manifest.format === 2 && typeof manifest.task === "string") return manifest;
    }
  } catch {
    throw new Error("not an ONNX model, or damaged or cut off");
  }
  throw new Error("an ONNX model, but not one that `multimodal export` wrote");
}

function* fields(bytes) {
  let place = 0;
  const varint = () => {
    let value = 0, factor = 1, byte;
    do {
      if (place >= bytes.length) throw new Error("cut off");
      byte = bytes[place++];
      value += (byte & 127) * factor;
      factor *= 128;
    } while (byte & 128);
    return value;
  };
  while (place < bytes.length) {
    const tag = varint(), kind = tag & 7, field = Math.floor(tag / 8);
    if (kind === 0) varint();
    else if (kind === 1) place += 8;
    else if (kind === 5) place += 4;
    else if (kind === 2) {
      const size = varint();
      if (place + size > bytes.length) throw new Error("cut off");
      yield [field, bytes.subarray(place, place + size)];
      place += size;
    } else throw new Error("no protobuf");
  }
}

export class Model {
  constructor(ort, session, manifest) {
    Object.assign(this, { ort, session, manifest });
  }

  // Inputs are {name: [type, values, dimensions]}; a number alone is a scalar of its own type.
  async run(inputs) {
    const feeds = {};
    for (const [name, [type, values, dims]] of Object.entries(inputs)) {
      const data = type === "int64" ? BigInt64Array.from(values, (v) => BigInt(v)) : values;
      feeds[name] = new this.ort.Tensor(type, data, dims);
    }
    return this.session.run(feeds);
  }
}

export const float = (value) => ["float32", Float32Array.of(value), []];
export const whole = (value) => ["int64", [value], []];
const floats = (values, dims) => ["float32", Float32Array.from(values), dims];
const wholes = (values) => ["int64", values, [values.length]];

export class Captioner {
  constructor(model) {
    this.model = model;
  }

  // RGBA pixels, as a canvas gives them → {text, words, score, attention: a map for every word}.
  async caption({ data, width, height }) {
    const { options, vocabulary, grid } = this.model.manifest;
    const rgb = new Uint8Array(width * height * 3);
    for (let n = 0, from = 0; n < rgb.length; n += 3, from += 4) {
      for (let c = 0; c < 3; c++) rgb[n + c] = data[from + c];
    }
    const found = await this.model.run({
      photos: ["uint8", rgb, [1, height, width, 3]],
      beam_size: whole(options.beam_size),
      n_best: whole(1),
      max_length: whole(options.max_length),
      length_penalty: float(options.length_penalty),
    });
    const count = Number(found.lengths.data[0]) - Number(found.finished.data[0]);
    const words = [...found.tokens.data.slice(0, count)].map((token) => vocabulary[Number(token)]);
    const places = found.attention.dims[3];
    const attention = words.map((_, n) => [...found.attention.data.slice(n * places, (n + 1) * places)]);
    const text = words.join(" ").replaceAll(" \u2060", "").replace(/ (n't|'(?:s|m|d|ll|re|ve))(?= |$)/g, "$1");
    const probabilities = words.map((_, n) => Math.exp(found.log_probs.data[n]));
    const nats = words.reduce((sum, _, n) => sum + found.log_probs.data[n], 0);
    const confidence = Math.exp(nats / Math.max(words.length, 1));
    const score = found.scores.data[0];
    return { text, words, probabilities, confidence, score, attention: grid ? attention : null, grid };
  }
}

const SCALES_IN_FRAME = 8.2, FINENESS = 2 / 255, BEGUN = 0.7, LEAST_BEGUN = 0.3, MOST_BEGUN = 1.2;

export class Sketcher {
  constructor(model) {
    this.model = model;
    this.frame = SCALES_IN_FRAME * model.manifest.scale;
  }

  get categories() {
    return this.model.manifest.categories;
  }

  // Options: seed, temperature, and num_candidates, of which each point is chosen; the manifest has the usual ones.
  async draw(category, count, options = {}) {
    const found = await this.#rows(this.#label(category), [], count, this.model.manifest.limit, options);
    return found.map(({ rows }) => fromRows([[0, 0, 0], ...rows]));
  }

  // Endings of an unfinished drawing, the clearest of its category first: the strokes to add to it.
  async complete(strokes, count, category, options = {}) {
    const [left, top, right, bottom] = bounds(strokes);
    const share = (Math.max(right - left, bottom - top) || 1) / this.frame;
    const factor = share >= LEAST_BEGUN && share <= MOST_BEGUN ? 1 : BEGUN / share;
    const like = simplified(scaled(strokes, factor), FINENESS * this.frame);
    const begun = rowsOf(like);
    const room = this.model.manifest.limit - begun.length;
    if (room < 1) throw new Error("This drawing is too long to be gone on with.");
    const found = await this.#rows(this.#label(category), begun, count, room, options);
    found.sort((a, b) => a.nats - b.nats);
    const last = like.at(-1).at(-1);
    return found.map(({ rows }) => {
      const moved = rows.map((row, n) => (n ? row : [row[0] + last[0], row[1] + last[1], row[2]]));
      return scaled(fromRows(moved), 1 / factor);
    });
  }

  #label(category) {
    if (!category) return this.categories.length;
    const label = this.categories.indexOf(category);
    if (label < 0) throw new Error(`“${category}” is not among what can be drawn.`);
    return label;
  }

  async #rows(label, begun, count, points, { seed = 0, ...options }) {
    const { latent_size: latent, guided, options: usual } = this.model.manifest;
    const { temperature, num_candidates: candidates } = { ...usual, ...options };
    const size = Math.max(begun.length, 1);
    const flat = begun.length ? begun.flat() : [0, 0, 0];
    const told = guided && label < this.categories.length;
    const numbers = randomNumbers(seed, count, points, told ? candidates : 1);
    const found = await this.model.run({
      categories: wholes(Array(count).fill(label)),
      begun: floats(Array(count).fill(flat).flat(), [count, size, 3]),
      lengths: wholes(Array(count).fill(begun.length)),
      ...numbers,
      watch: ["bool", [candidates > 1], []],
      temperature: float(temperature),
      ...(latent ? { latents: floats(Array(count * latent).fill(0), [count, latent]) } : {}),
    });
    const [, most] = found.rows.dims;
    return Array.from({ length: count }, (_, n) => ({
      nats: found.nats_per_point.data[n] - (told ? found.nats_per_point_of_anything.data[n] : 0),
      rows: Array.from({ length: Number(found.counts.data[n]) }, (_, t) => {
        const at = (n * most + t) * 3;
        return [...found.rows.data.slice(at, at + 3)];
      }),
    }));
  }
}

// For candidates of every point and the choice among them, where there are several.
function randomNumbers(seed, count, points, candidates) {
  const ofCandidates = 4 * candidates, width = ofCandidates + (candidates > 1);
  const all = uniforms([seed], count, points * width);
  const choices = Float64Array.from({ length: count * points }, (_, n) => all[(n + 1) * width - 1]);
  const kept = candidates > 1 ? all.filter((_, n) => n % width < ofCandidates) : all;
  return {
    uniforms: ["float64", kept, [count, points, candidates, 4]],
    choices: ["float64", choices, [count, points]],
  };
}

export class Recognizer {
  constructor(model) {
    this.model = model;
  }

  // The most probable categories of a drawing: [[name, probability], …].
  async guess(strokes, top = 3) {
    const { categories, picture_size: side } = this.model.manifest;
    const view = look(strokes);
    const found = await this.model.run({
      pieces: floats(view.pieces.flat(), [1, view.pieces.length, view.pieces[0].length]),
      lengths: wholes([view.pieces.length]),
      row: wholes([0]),
      end: wholes([view.pieces.length - 1]),
      strokes: wholes([strokes.length]),
      pictures: floats(side ? picture(view, side) : [0, 0, 0, 0], [1, 4, side || 1, side || 1]),
    });
    const shares = [...found.probabilities.data];
    const order = shares.map((_, n) => n).sort((a, b) => shares[b] - shares[a]);
    return order.slice(0, top).map((n) => [categories[n], shares[n]]);
  }
}

export class HandwritingGenerator {
  constructor(model) {
    this.model = model;
  }

  get styles() {
    return this.model.manifest.paces.length;
  }

  // A text as strokes in millimetres, its top left at (0, 0).
  async write(text, { style = 1, bias = this.model.manifest.bias, seed = 0, lineHeight = 10, width = null } = {}) {
    const { scale, paces } = this.model.manifest;
    const pace = paces[style - 1];
    const lines = pieceTexts(text, { lineHeight, width, pace });
    const written = await draftsOf(lines.flat(), { scale, pace, seed }, (texts, others, seeds) =>
      this.#lines(texts, others, seeds, style, bias));
    return page(lines, written, { scale, lineHeight, width });
  }

  async #lines(texts, others, seeds, style, bias) {
    const count = texts.length;
    const longest = Math.max(...texts.map((text) => text.length)) + 1;
    const points = 60 + 24 * longest, size = this.model.manifest.gallery[0].length;
    const padded = (some) => ["int64", some.flatMap((text) => letters(text, longest)), [count, longest]];
    const found = await this.model.run({
      texts: padded(texts),
      others: padded(others),
      lengths: wholes(texts.map((text) => text.length + 1)),
      styles: wholes(Array(count).fill(style)),
      embeddings: floats(Array(count * size).fill(0), [count, size]),
      uniforms: ["float64", uniforms(seeds, 1, points * 4), [count, points, 4]],
      bias: float(bias),
    });
    const most = found.looks.dims[1];
    return texts.map((_, n) => {
      const size = Number(found.counts.data[n]), from = n * most;
      const some = (data) => [...data.slice(from, from + size)].map(Number);
      return {
        rows: Array.from({ length: size }, (_, t) => [...found.rows.data.slice((from + t) * 3, (from + t) * 3 + 3)]),
        looks: some(found.looks.data),
        ended: Boolean(found.ended.data[n]),
        nats: some(found.nats.data),
        otherNats: some(found.other_nats.data),
      };
    });
  }
}
