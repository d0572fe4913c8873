// A pad of strokes. Its value, read by Python, is [[[x, y, t, pressure], …], …]: x and y in units of the
// pad (however large it is shown), t in milliseconds since the first point, pressure from 0 to 1.
// Python sends strokes, or {endings, of, title}: strokes to suggest after the drawing that has `of` points.

const WIDTH = props.width, HEIGHT = props.height;
const PEN = 0.0085 * Math.max(WIDTH, HEIGHT) * (props.pen || 1);
const NEAR = 0.0015 * Math.max(WIDTH, HEIGHT);  // points that are nearer than this say nothing new
const STEP = 0.02 * WIDTH;  // of the keyboard's pen

const pad = element.querySelector(".pad"), canvas = pad.querySelector("canvas");
const endingsBar = pad.querySelector(".endings"), status = pad.querySelector(".status");
const button = (act) => pad.querySelector(`[data-act="${act}"]`);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const context = canvas.getContext("2d");

let strokes = [], past = [], future = [];  // arrays of strokes are never changed, only replaced
let current = null, pointer = null, began = 0, lastPen = 0;
let endings = [], shown = 0, drawn = 1, animation = 0;
let pencil = null;  // where the keyboard's pen is
let view = { left: 0, top: 0, scale: 1 };

// ---- what is seen ----

function look() {
  // The pad and whatever sticks out of it, such as an ending: then everything is shown smaller.
  let [left, top, right, bottom] = [0, 0, WIDTH, HEIGHT];
  for (const stroke of [...strokes, ...(endings[shown] || [])]) {
    for (const [x, y] of stroke) {
      left = Math.min(left, x - PEN); right = Math.max(right, x + PEN);
      top = Math.min(top, y - PEN); bottom = Math.max(bottom, y + PEN);
    }
  }
  const scale = Math.min(canvas.width / (right - left), canvas.height / (bottom - top));
  view = {
    left: (left + right) / 2 - canvas.width / scale / 2,
    top: (top + bottom) / 2 - canvas.height / scale / 2,
    scale,
  };
}

function colour(name) {
  return getComputedStyle(pad).getPropertyValue(name).trim() || "#000";
}

function penWidth(pressure) {
  return PEN * (0.4 + 1.2 * pressure);
}

function ink(stroke, from = 0) {
  // Bends between the middles of its segments, each as wide as the pen was pressed there.
  if (stroke.length === 1) {
    context.beginPath();
    context.arc(stroke[0][0], stroke[0][1], penWidth(stroke[0][3] ?? 0.5) / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  for (let n = Math.max(1, from); n < stroke.length; n++) {
    const [x0, y0] = n > 1 ? middle(stroke[n - 2], stroke[n - 1]) : stroke[0];
    const [x1, y1] = stroke[n - 1];
    const [x2, y2] = n < stroke.length - 1 ? middle(stroke[n - 1], stroke[n]) : stroke[n];
    context.lineWidth = penWidth(stroke[n][3] ?? 0.5);
    context.beginPath();
    context.moveTo(x0, y0);
    context.quadraticCurveTo(x1, y1, x2, y2);
    context.stroke();
  }
}

function middle(a, b) {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

function begun(many, share) {
  // The first points of some strokes.
  let left = share * many.reduce((sum, stroke) => sum + stroke.length, 0);
  const parts = [];
  for (const stroke of many) {
    if (left < 1) break;
    parts.push(stroke.slice(0, Math.ceil(left)));
    left -= stroke.length;
  }
  return parts;
}

function redraw() {
  if (!canvas.width) return;
  look();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(view.scale, 0, 0, view.scale, -view.left * view.scale, -view.top * view.scale);
  context.lineCap = context.lineJoin = "round";
  const ghost = endings[shown];
  if (ghost) {
    context.strokeStyle = context.fillStyle = colour("--ghost");
    for (const stroke of begun(ghost, drawn)) ink(stroke);
  }
  context.strokeStyle = context.fillStyle = colour("--ink");
  for (const stroke of current ? [...strokes, current] : strokes) ink(stroke);
  if (pencil) crosshair();
}

function crosshair() {
  context.strokeStyle = colour("--ghost");
  context.lineWidth = PEN / 3;
  context.beginPath();
  context.arc(pencil.x, pencil.y, pencil.down ? PEN : 2 * PEN, 0, 2 * Math.PI);
  context.stroke();
}

function fit() {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
  if (!width || (width === canvas.width && height === canvas.height)) return;
  [canvas.width, canvas.height] = [width, height];
  redraw();
}

function tell() {
  // What buttons and screen readers know of the pad.
  const empty = !strokes.length && !current;
  pad.classList.toggle("inked", !empty || endings.length > 0);
  pad.dataset.strokes = strokes.length;
  pad.dataset.points = count(strokes);
  pad.dataset.endings = endings.length;
  pad.dataset.ending = endings.length ? shown + 1 : 0;
  button("undo").disabled = !past.length;
  button("redo").disabled = !future.length;
  button("clear").disabled = empty;
  endingsBar.hidden = !endings.length;
  pad.querySelector(".count").textContent = endings.length ? `${shown + 1} of ${endings.length}` : "";
}

function say(text) {
  status.textContent = text;
}

// ---- what changes ----

function count(many) {
  return many.reduce((sum, stroke) => sum + stroke.length, 0);
}

function change(to) {
  past.push(strokes);
  future = [];
  show(to);
}

function show(to) {
  strokes = to;
  endings = [];
  tell();
  redraw();
  props.value = strokes;
  trigger("input");
}

function undo() {
  if (!past.length) return;
  future.push(strokes);
  show(past.pop());
  say("Undone.");
}

function redo() {
  if (!future.length) return;
  past.push(strokes);
  show(future.pop());
  say("Done again.");
}

function clear() {
  if (!strokes.length) return;
  change([]);
  say("Cleared.");
}

function begin(x, y, pressure) {
  if (strokes.length >= props.most_strokes || count(strokes) >= props.most_points) {
    say("The paper is full: undo or clear to draw on.");
    return false;
  }
  if (!strokes.length) began = performance.now();
  current = [];
  say("");
  dismiss();
  reach(x, y, pressure);
  return true;
}

function reach(x, y, pressure) {
  const last = current.at(-1);
  if (last && Math.hypot(x - last[0], y - last[1]) < NEAR) return;
  if (count(strokes) + current.length >= props.most_points) return;
  const tenth = (number) => Math.round(10 * number) / 10;
  current.push([tenth(x), tenth(y), Math.round(performance.now() - began), Math.round(100 * pressure) / 100]);
}

function finish() {
  if (!current) return;
  const stroke = current;
  current = pointer = null;
  if (stroke.length) change([...strokes, stroke]);
}

// ---- endings ----

function suggest(found, title) {
  endings = found;
  present(0);
  if (found.length) say(`Endings as ${title}: step through them, and keep one.`);
}

function present(which) {
  shown = (which + endings.length) % endings.length || 0;
  cancelAnimationFrame(animation);
  tell();
  if (calm.matches || !endings.length) {
    drawn = 1;
    redraw();
    return;
  }
  const start = performance.now();
  const frame = (now) => {
    drawn = Math.min(1, Math.max(0, now - start) / 900);
    redraw();
    if (drawn < 1) animation = requestAnimationFrame(frame);
  };
  animation = requestAnimationFrame(frame);
}

function keep() {
  if (!endings.length) return;
  let time = strokes.at(-1)?.at(-1)[2] ?? 0;
  const added = endings[shown].map((stroke) => stroke.map(([x, y]) => [x, y, (time += 20), 0.5]));
  began = performance.now() - time;
  change([...strokes, ...added]);
  say("Kept.");
}

function dismiss() {
  if (!endings.length) return;
  endings = [];
  cancelAnimationFrame(animation);
  tell();
  redraw();
}

// ---- mouse, touch and pen ----

function place(event) {
  const box = canvas.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * canvas.width;
  const y = ((event.clientY - box.top) / box.height) * canvas.height;
  return [view.left + x / view.scale, view.top + y / view.scale];
}

function pressure(event) {
  return event.pointerType === "pen" && event.pressure ? event.pressure : 0.5;
}

canvas.addEventListener("pointerdown", (event) => {
  // One pointer at a time; a hand that rests beside a pen is no finger.
  if (event.button !== 0 || pointer !== null) return;
  if (event.pointerType === "touch" && performance.now() - lastPen < 500) return;
  event.preventDefault();
  canvas.focus({ preventScroll: true });
  pencil = null;
  if (!begin(...place(event), pressure(event))) return;
  pointer = event.pointerId;
  canvas.setPointerCapture(pointer);
  tell();
  redraw();
});

canvas.addEventListener("pointermove", (event) => {
  if (event.pointerType === "pen") lastPen = performance.now();
  if (event.pointerId !== pointer || !current) return;
  const known = current.length;
  const between = event.getCoalescedEvents?.() ?? [];
  for (const one of between.length ? between : [event]) reach(...place(one), pressure(one));
  if (current.length > known) redrawTail(known);
});

function redrawTail(known) {
  // Only what is new: a long drawing must not slow the pen down.
  context.strokeStyle = context.fillStyle = colour("--ink");
  ink(current, known - 1);
}

for (const over of ["pointerup", "pointercancel", "lostpointercapture"]) {
  canvas.addEventListener(over, (event) => {
    if (event.pointerId === pointer) finish();
  });
}
canvas.addEventListener("contextmenu", (event) => event.preventDefault());

// ---- keyboard ----

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const WITH_ENDINGS = {
  ArrowLeft: () => present(shown - 1),
  ArrowRight: () => present(shown + 1),
  Enter: keep,
  Escape: dismiss,
};

function press(event) {
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return event.shiftKey ? redo : undo;
    return key === "y" ? redo : null;
  }
  if (event.altKey || pointer !== null) return null;
  if (endings.length && WITH_ENDINGS[event.key]) return WITH_ENDINGS[event.key];
  if (event.target !== canvas) return null;
  if (ARROWS[event.key]) return () => move(...ARROWS[event.key], event.shiftKey ? 5 : 1);
  if (event.key === " ") return lower;
  if (event.key === "Escape" && pencil?.down) return lower;
  return ["Delete", "Backspace", "Escape"].includes(event.key) ? clear : null;
}

function move(dx, dy, times) {
  pencil ??= { x: WIDTH / 2, y: HEIGHT / 2, down: false };
  pencil.x = Math.min(WIDTH, Math.max(0, pencil.x + dx * STEP * times));
  pencil.y = Math.min(HEIGHT, Math.max(0, pencil.y + dy * STEP * times));
  if (pencil.down && current) reach(pencil.x, pencil.y, 0.5);
  redraw();
}

function lower() {
  // Lowers the keyboard's pen, or lifts it.
  pencil ??= { x: WIDTH / 2, y: HEIGHT / 2, down: false };
  if (pencil.down) {
    pencil.down = false;
    finish();
    say("Pen lifted.");
  } else if (begin(pencil.x, pencil.y, 0.5)) {
    pencil.down = true;
    say("Pen down: draw with the arrow keys, space lifts it.");
  }
  tell();
  redraw();
}

pad.addEventListener("keydown", (event) => {
  const act = press(event);
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
});
canvas.addEventListener("blur", () => {
  if (pencil?.down) finish();
  pencil = null;
  redraw();
});

// ---- buttons, sizes, themes, Python ----

const ACTS = {
  undo, redo, clear, keep, dismiss,
  back: () => present(shown - 1),
  next: () => present(shown + 1),
};
pad.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (!act) return;
  ACTS[act]();
  if (["keep", "dismiss"].includes(act)) canvas.focus({ preventScroll: true });
});

new ResizeObserver(fit).observe(canvas);
new MutationObserver(redraw).observe(document.body, { attributes: true, attributeFilter: ["class"] });

function receive() {
  const value = props.value;
  if (value && !Array.isArray(value)) {
    // Endings of what is no longer there come too late.
    if (value.of === count(strokes) && !current) suggest(value.endings, value.title);
    props.value = strokes;
    return;
  }
  if (JSON.stringify(value ?? []) === JSON.stringify(strokes)) return;
  past.push(strokes);
  [strokes, endings, future] = [value ?? [], [], []];
  began = performance.now() - (strokes.at(-1)?.at(-1)[2] ?? 0);
  tell();
  redraw();
}

watch("value", receive);
strokes = Array.isArray(props.value) ? props.value : [];
tell();
fit();
