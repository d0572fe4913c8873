// What a drawing is taken for, as bars. Python sends {said, ranking: [[name, share], …]}; a touched bar is an
// event `select` with its name.

const guesses = element.querySelector(".guesses"), bars = guesses.querySelector(".bars");
const said = guesses.querySelector(".said"), hint = said.textContent;

function row() {
  const item = document.createElement("li");
  item.innerHTML =
    '<button type="button"><span class="bar"></span><span class="name"></span><span class="share"></span></button>';
  return item;
}

function show() {
  const ranking = props.value?.ranking ?? [];
  while (bars.children.length > ranking.length) bars.lastChild.remove();
  while (bars.children.length < ranking.length) bars.append(row());
  ranking.forEach(([name, share], number) => {
    const button = bars.children[number].firstChild;
    button.dataset.name = name;
    button.title = props.touch.replace("%", name);
    button.querySelector(".name").textContent = name;
    button.querySelector(".share").textContent = `${Math.round(100 * share)} %`;
    button.querySelector(".bar").style.transform = `scaleX(${share})`;
  });
  guesses.classList.toggle("unsaid", !ranking.length);
  const text = props.value?.said || hint;
  if (said.textContent !== text) said.textContent = text;
}

bars.addEventListener("click", (event) => {
  const name = event.target.closest("button")?.dataset.name;
  if (name) trigger("select", { name });
});

watch("value", show);
show();
