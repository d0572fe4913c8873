// The page: which model is fetched when, and what its answers become.

import * as gazePart from "./parts/gaze.js";
import * as padPart from "./parts/pad.js";
import * as playerPart from "./parts/player.js";
import { Captioner, HandwritingGenerator, Recognizer, Sketcher, openModel } from "./portable.js";
import { unknownIn } from "./handwriting.js";
import { ort } from "./runtime.js";
import { toGcode, toSVG } from "./strokes.js";

const PAD = 600, TILES = 6, PLOT = 100;  // units of the pad; endings; millimetres of a plotted drawing
const LONGEST_SIDE = 1024;  // of a photo, in pixels
const CLASSES = {
  captioner: Captioner, sketcher: Sketcher, recognizer: Recognizer, "handwriting-generator": HandwritingGenerator,
};
const $ = (id) => document.getElementById(id);

// ---- models, fetched when they are used ----

const SIMD = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);
const wanted = new Map(), sizes = new Map();
const listed = await (await fetch("models/models.json")).json();

function use(task) {
  if (!wanted.has(task)) wanted.set(task, load(task).catch((error) => {
    wanted.delete(task);
    throw error;
  }));
  return wanted.get(task);
}

async function load(task) {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) {
    throw new Error("This browser has no WebAssembly with SIMD, which the networks need; please use a newer one.");
  }
  const { file, bytes } = listed[task];
  say(`Fetching the ${task}, ${megabytes(bytes)} …`);
  const answer = await fetch(`models/${file}`);
  if (!answer.ok) throw new Error(`The ${task} cannot be fetched (${answer.status}).`);
  const data = new Uint8Array(await answer.arrayBuffer());
  const model = await openModel(ort, data, task);
  sizes.set(task, bytes);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, listed.runtime.bytes);
  $("sizes").textContent = `Fetched so far: the runtime ${megabytes(listed.runtime.bytes)}, `
    + [...sizes].map(([name, size]) => `the ${name} ${megabytes(size)}`).join(", ") + `; ${megabytes(total)} in all.`;
  say("");
  return new CLASSES[task](model);
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

function say(text) {
  $("status").textContent = text;
}

// One job of a kind at a time; of those that wait only the last is done.
function latest(job) {
  let running = false, next = null;
  return async function run(...given) {
    if (running) {
      next = given;
      return;
    }
    running = true;
    try {
      await job(...given);
    } catch (error) {
      say(error.message);
    }
    running = false;
    const waiting = next;
    next = null;
    if (waiting) await run(...waiting);
  };
}

// ---- parts of the demo ----

function mount(part, element, props, heard = () => {}) {
  const watchers = [];
  const names = /\$\{(\w+)\}/g;
  element.innerHTML = part.html.replace(names, (_, name) => String(props[name] ?? ""));
  part.mount(element, props, (name) => heard(name, props.value), (_, job) => watchers.push(job));
  return (value) => {
    props.value = value;
    for (const job of watchers) job();
  };
}

const dark = matchMedia("(prefers-color-scheme: dark)");
function theme() {
  document.documentElement.classList.toggle("dark", dark.matches);
  document.body.classList.toggle("dark", dark.matches);
}
dark.addEventListener("change", theme);
theme();

// ---- draw ----

let drawn = [], shown = [], chosen = null, title = "drawing";

const guess = latest(async (strokes) => {
  if (!strokes.length) {
    $("guess").textContent = "";
    return;
  }
  const ranking = await (await use("recognizer")).guess(strokes);
  $("guess").textContent = ranking.map(([name, p]) => `${name} ${(100 * p).toFixed(0)} %`).join(", ");
  if (drawn === strokes) $("category").value = ranking[0][0];
});

const setPad = mount(padPart, $("pad"), {
  label: "Drawing pad", hint: "Draw here", width: PAD, height: PAD, pen: 1, paper: "dots",
  most_strokes: 200, most_points: 5000, value: [],
}, (_, strokes) => {
  drawn = strokes;
  $("finish").disabled = !strokes.length;
  guess(strokes);
});

const setTiles = mount(playerPart, $("tiles"), {
  label: "Sketches", hint: "Sketches stand here", value: null,
}, (_, value) => {
  chosen = value.chosen;
});

function showTiles(name, drawings) {
  [title, shown, chosen] = [name, drawings, null];
  setTiles({
    title: name, category: name, notes: [],
    drawings: drawings.map((strokes) => ({ svg: toSVG(strokes, { animated: true }), strokes })),
  });
  $("tiles").dataset.drawn = String(performance.now());
  saves($("sketch-saves"), () => shown[chosen ?? 0], name, { size: PLOT });
}

const seed = () => Math.floor(Math.random() * 2 ** 31);

const sketch = latest(async (category) => {
  say(`Drawing: ${category} …`);
  const drawings = await (await use("sketcher")).draw(category, 1, { seed: seed() });
  const whole = drawings.filter((strokes) => strokes.length);
  say(whole.length ? "" : "It came out empty; please try again.");
  if (whole.length) showTiles(category, whole);
});

const finish = latest(async (category, strokes) => {
  say(`Finishing yours as: ${category} …`);
  const begun = strokes.map((stroke) => stroke.map(([x, y]) => [x, y]));
  const endings = await (await use("sketcher")).complete(begun, TILES, category, { seed: seed() });
  say("");
  showTiles(category, endings.map((ending) => [...begun, ...ending]));
  setPad({ of: strokes.reduce((sum, stroke) => sum + stroke.length, 0), endings, title: category });
});

$("sketch").addEventListener("submit", (event) => {
  event.preventDefault();
  sketch($("category").value);
});
$("finish").addEventListener("click", () => finish($("category").value, drawn));

// ---- write ----

const write = latest(async (text, style, bias) => {
  const unknown = unknownIn(text);
  if (unknown.length) throw new Error(`These cannot be written: ${unknown.join(" ")}`);
  if (!text.trim()) throw new Error("There is nothing to write yet.");
  say("Writing …");
  const generator = await use("handwriting-generator");
  if (!$("style").options.length) fillStyles(generator.styles);
  const strokes = await generator.write(text, { style, bias, seed: seed(), width: 160 });
  say("");
  $("paper").innerHTML = toSVG(strokes, { pen: 0.45, unit: "mm", animated: true, title: text });
  $("paper").setAttribute("aria-label", `Handwriting: ${text}`);
  saves($("letter-saves"), () => strokes, "letter", { pen: 0.45, unit: "mm" });
});

function fillStyles(count) {
  const options = Array.from({ length: count }, (_, n) => new Option(`Hand ${n + 1}`, n + 1));
  $("style").replaceChildren(...options);
}
fillStyles(listed["handwriting-generator"].styles);

$("letter").addEventListener("submit", (event) => {
  event.preventDefault();
  write($("text").value, Number($("style").value), Number($("bias").value));
});

// ---- look ----

const look = latest(async (file) => {
  say("Reading the photo …");
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => {
    throw new Error(`${file.name}: is not a picture that this browser can read, or it is damaged.`);
  });
  const factor = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(bitmap.width * factor), Math.round(bitmap.height * factor)];
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const captioner = await use("captioner");
  say("Looking …");
  const found = await captioner.caption(context.getImageData(0, 0, canvas.width, canvas.height));
  say("");
  showCaption(found, canvas);
});

const setGaze = mount(gazePart, $("gaze"), { value: null });

function showCaption(found, canvas) {
  const [rows, columns] = found.grid ?? [1, 1];
  const map = (weights) => Array.from({ length: rows }, (_, y) => weights.slice(y * columns, (y + 1) * columns));
  setGaze({
    photo: canvas.toDataURL("image/jpeg", 0.9), caption: found.text, crop: false,
    words: found.words.map((word, n) => ({ word, probability: found.probabilities[n] })),
    attention: (found.attention ?? []).map(map),
    confidence: found.confidence, translated_words: [], alignment: [], unmentioned: [], objects: [], alternatives: [],
  });
}

$("photo").addEventListener("change", (event) => event.target.files[0] && look(event.target.files[0]));
for (const kind of ["dragover", "dragleave", "drop"]) {
  $("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files[0]) look(event.dataTransfer.files[0]);
  });
}

// ---- save ----

function saves(row, strokes, name, options) {
  const button = (text, job) => Object.assign(document.createElement("button"), {
    type: "button", textContent: text, onclick: job,
  });
  row.replaceChildren(
    button("Save SVG", () => keep(`${name}.svg`, new Blob([ink(toSVG(strokes(), options))], { type: "image/svg+xml" }))),
    button("Save PNG", async () => keep(`${name}.png`, await png(ink(toSVG(strokes(), options))))),
    button("Save G-code", () => keep(`${name}.gcode`, new Blob([toGcode(strokes(), options)], { type: "text/plain" }))),
  );
}

const ink = (svg) => svg.replaceAll("currentColor", "#23262b");

async function png(svg) {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await image.decode();
  const factor = 1200 / Math.max(image.naturalWidth || 300, image.naturalHeight || 300);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth || 300, image.naturalHeight || 300].map((side) => Math.round(side * factor));
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function keep(name, blob) {
  const link = Object.assign(document.createElement("a"), {
    href: URL.createObjectURL(blob), download: name.replace(/[^\w.-]+/g, "-"),
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// ---- begin ----

$("category").replaceChildren(...listed.sketcher.categories.map((name) => new Option(name, name)));
$("category").value = listed.sketcher.first;
await sketch(listed.sketcher.first);
if ("serviceWorker" in navigator) navigator.serviceWorker.register("worker.js");
