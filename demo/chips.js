// Prompts to touch. Python sends {prompts, things: [{name, prompt, rough}]}; a touched one is an event `select`
// with its prompt.

const chips = element.querySelector(".chips"), row = chips.querySelector(".row");
const all = chips.querySelector(".all"), search = chips.querySelector("input");

function chip(text, prompt, kind = "") {
  const button = document.createElement("button");
  button.type = "button";
  button.className = kind;
  button.textContent = text;
  button.addEventListener("click", () => trigger("select", { prompt: prompt() }));
  return button;
}

function fill() {
  const { prompts = [], things = [] } = props.value ?? {};
  if (!things.length) return;
  const any = () => things[Math.floor(Math.random() * things.length)].prompt;
  row.replaceChildren(
    ...prompts.map((prompt) => chip(prompt, () => prompt)),
    chip("surprise me", any, "surprise"),
  );
  all.replaceChildren(
    ...things.map(({ name, prompt, rough }) => chip(name, () => prompt, rough ? "rough" : "")),
  );
  find(); // the things may come after the first letters
}

function find() {
  const wanted = search.value.trim().toLowerCase();
  for (const button of all.children) button.hidden = !button.textContent.toLowerCase().includes(wanted);
}

search.addEventListener("input", find);
watch("value", fill);
fill();
