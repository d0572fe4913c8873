// Drawings between two, and a slider. Python sends {first, last, notes, drawings: [{svg, strokes}]} and reads
// {first, last, drawings: [strokes]}. Between two drawings of the way one fades into the other.

const book = element.querySelector(".flipbook"), leaves = book.querySelectorAll(".leaf");
const film = book.querySelector(".film"), slider = book.querySelector("input"), play = book.querySelector(".play");
const ICONS = { play: "M8 5v14l11-7z", pause: "M7 5h4v14H7zM13 5h4v14h-4z" };
const STEP = 450;  // milliseconds that a drawing is seen for
const REST = 0.35;  // of the way between two, on each side
let svgs = [], held = [-1, -1], animation = 0, forwards = true, last = 0, at = 0;

function fill() {
  const value = props.value;
  if (!value?.drawings || !value.drawings.every((drawing) => drawing.svg)) return;
  svgs = value.drawings.map((drawing) => drawing.svg);
  held = [-1, -1];
  delete book.dataset.at;
  book.querySelector(".first").textContent = value.first;
  book.querySelector(".last").textContent = value.last;
  book.querySelector(".notes").textContent = value.notes.join("\n");
  book.classList.toggle("filled", svgs.length > 0);
  book.dataset.drawings = svgs.length;
  film.replaceChildren(...svgs.map(frame));
  slider.max = svgs.length - 1;
  slider.step = 0.02;
  at = 0;
  props.value = { first: value.first, last: value.last, drawings: value.drawings.map((d) => d.strokes) };
  slider.value = at;
  turn();
  forwards = true;
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) start();
}

function frame(svg, number) {
  const button = document.createElement("button");
  button.type = "button";
  button.innerHTML = svg;
  button.setAttribute("aria-label", `Step ${number + 1} of ${svgs.length}`);
  button.addEventListener("click", () => go(number));
  return button;
}

function go(to) {
  stop();
  at = to;
  slider.value = at;
  turn();
}

function turn() {
  const low = Math.floor(at), high = Math.min(low + 1, svgs.length - 1);
  // A leaf that lies there already is not laid down again: even and odd drawings keep to their own.
  const numbers = low % 2 ? [high, low] : [low, high];
  // Each drawing rests for a while before it fades into the next.
  const share = Math.min(1, Math.max(0, (at - low - REST) / (1 - 2 * REST)));
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
  mark(Math.round(at));
}

function mark(nearest) {
  if (book.dataset.at === String(nearest)) return;
  book.dataset.at = nearest;
  [...film.children].forEach((button, number) => {
    if (number === nearest) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  });
  const button = film.children[nearest];  // not by scrollIntoView, which would move the page too
  film.scrollLeft = button.offsetLeft - film.offsetLeft - (film.clientWidth - button.offsetWidth) / 2;
}

function start() {
  stop();
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
  if (!book.offsetParent) return stop();  // nobody is looking
  const end = svgs.length - 1, way = (now - last) / STEP;
  last = now;
  at = Math.min(end, Math.max(0, forwards ? at + way : at - way));
  if (at === end || at === 0) forwards = at === 0;
  slider.value = at;
  turn();
  animation = requestAnimationFrame(step);
}

slider.addEventListener("change", () => go(Math.round(slider.value)));
slider.addEventListener("input", () => {
  stop();
  at = Number(slider.value);
  turn();
});
slider.addEventListener("keydown", (event) => {
  // The mouse slides between the drawings, keys go from one to the next.
  const end = svgs.length - 1, near = Math.round(at);
  const to = {
    ArrowLeft: near - 1, ArrowDown: near - 1, ArrowRight: near + 1, ArrowUp: near + 1, Home: 0, End: end,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  go(Math.min(end, Math.max(0, to)));
});
play.addEventListener("click", () => (animation ? stop() : start()));

watch("value", fill);
fill();
