// Drawings between two, and a slider. Python sends {first, last, notes, drawings: [{svg, strokes}]} and reads
// {first, last, drawings: [strokes]}. Between two drawings of the way one fades into the other.

const book = element.querySelector(".flipbook"), leaves = book.querySelectorAll(".leaf");
const slider = book.querySelector("input"), play = book.querySelector(".play");
const ICONS = { play: "M8 5v14l11-7z", pause: "M7 5h4v14H7zM13 5h4v14h-4z" };
const THERE = 3500;  // milliseconds from one end to the other
let svgs = [], held = [-1, -1], animation = 0, forwards = true, last = 0, at = 0;

function fill() {
  const value = props.value;
  if (!value?.drawings || !value.drawings.every((drawing) => drawing.svg)) return;
  svgs = value.drawings.map((drawing) => drawing.svg);
  held = [-1, -1];
  book.querySelector(".first").textContent = value.first;
  book.querySelector(".last").textContent = value.last;
  book.querySelector(".notes").textContent = value.notes.join("\n");
  book.classList.toggle("filled", svgs.length > 0);
  book.dataset.drawings = svgs.length;
  slider.max = svgs.length - 1;
  slider.step = 0.02;
  at = 0;
  props.value = { first: value.first, last: value.last, drawings: value.drawings.map((d) => d.strokes) };
  slider.value = at;
  turn();
  forwards = true;
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) start();
}

function turn() {
  const low = Math.floor(at), high = Math.min(low + 1, svgs.length - 1);
  // A leaf that lies there already is not laid down again: even and odd drawings keep to their own.
  const numbers = low % 2 ? [high, low] : [low, high];
  const share = at - low;
  numbers.forEach((number, leaf) => {
    if (held[leaf] !== number) {
      leaves[leaf].innerHTML = svgs[number];
      held[leaf] = number;
    }
    leaves[leaf].style.opacity = number === low ? Math.min(1, 2 - 2 * share) : Math.min(1, 2 * share);
  });
  if (low === high) leaves.forEach((leaf) => { leaf.style.opacity = 1; });
  const percent = Math.round((100 * at) / Math.max(1, svgs.length - 1));
  slider.setAttribute("aria-valuetext", `${percent} % of the way`);
  book.dataset.at = Math.round(at);
}

function start() {
  last = performance.now();
  animation = requestAnimationFrame(step);
  dress(true);
}

function stop() {
  cancelAnimationFrame(animation);
  animation = 0;
  dress(false);
}

function dress(playing) {
  play.setAttribute("aria-pressed", String(playing));
  play.setAttribute("aria-label", playing ? "Pause" : "Play");
  play.querySelector("path").setAttribute("d", playing ? ICONS.pause : ICONS.play);
}

function step(now) {
  const end = svgs.length - 1, way = ((now - last) / THERE) * end;
  last = now;
  at = Math.min(end, Math.max(0, forwards ? at + way : at - way));
  if (at === end || at === 0) forwards = at === 0;
  slider.value = at;
  turn();
  animation = requestAnimationFrame(step);
}

slider.addEventListener("input", () => {
  stop();
  at = Number(slider.value);
  turn();
});
play.addEventListener("click", () => (animation ? stop() : start()));

watch("value", fill);
fill();
