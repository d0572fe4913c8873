// Drawings that draw themselves. Python sends {title, category, notes, drawings: [{svg, strokes}]} and reads
// {title, category, drawings: [strokes], chosen}, where `chosen` is the number of a drawing or null.

const player = element.querySelector(".player"), tiles = player.querySelector(".tiles");
const STAGGER = 90;  // milliseconds between the beginnings of neighbours
let svgs = [];

function fill() {
  const value = props.value;
  if (!value?.drawings || !value.drawings.every((drawing) => drawing.svg)) return;
  svgs = value.drawings.map((drawing) => drawing.svg);
  tiles.replaceChildren(...svgs.map((svg, number) => tile(svg, number, value.title)));
  tiles.style.setProperty("--least", svgs.length < 5 ? "240px" : "180px");
  player.classList.toggle("filled", svgs.length > 0);
  player.dataset.drawings = svgs.length;
  player.querySelector(".notes").textContent = value.notes.join("\n");
  const drawings = value.drawings.map((drawing) => drawing.strokes);
  props.value = { title: value.title, category: value.category, drawings, chosen: null };
}

function tile(svg, number, title) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tile";
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-label", `${title}, drawing ${number + 1} of ${svgs.length}`);
  draw(button, svg, number * STAGGER);
  button.addEventListener("click", () => choose(number));
  return button;
}

function draw(button, svg, after = 0) {
  button.innerHTML = svg;
  for (const path of button.querySelectorAll("path")) {
    path.style.animationDelay = `${parseFloat(path.style.animationDelay) * 1000 + after}ms`;
  }
}

function choose(number) {
  const chosen = props.value.chosen === number ? null : number;
  [...tiles.children].forEach((button, n) => button.setAttribute("aria-pressed", String(n === chosen)));
  if (chosen !== null) draw(tiles.children[chosen], svgs[chosen]);
  props.value = { ...props.value, chosen };
  trigger("select", { chosen });
}

watch("value", fill);
fill();
