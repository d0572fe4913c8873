// A sentence whose words are coloured by what they did to the answer, and the answer itself.
const root = element.querySelector(".mood");
const STRONG = 0.25; // a word that moved a probability so far has the full colour

function make(kind, name, text) {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function word({word, moved}) {
  const made = make("span", "", word);
  const share = Math.round(55 * Math.min(1, Math.abs(moved) / STRONG));
  const colour = moved > 0 ? "#2e8b57" : "#cd483c";
  if (share > 4) made.style.background = `color-mix(in srgb, ${colour} ${share}%, transparent)`;
  made.title = `${moved > 0 ? "+" : "−"}${Math.abs(100 * moved).toFixed(0)} %`;
  return made;
}

function show() {
  const value = props.value;
  if (!value) return root.replaceChildren(make("p", "empty", "The mood of your sentence will stand here."));
  const sheet = make("div", "sheet"), said = make("p", "said"), bars = make("div", "bars");
  for (const each of value.words) said.append(word(each), " ");
  for (const [label, share] of Object.entries(value.probabilities)) {
    const kind = label === value.label ? "best" : "";
    const bar = make("span", "bar"), filled = make("i");
    filled.style.width = `${100 * share}%`;
    bar.append(filled);
    bars.append(make("span", `label ${kind}`, label), bar, make("span", `number ${kind}`, `${(100 * share).toFixed(0)} %`));
  }
  bars.setAttribute("role", "status");
  sheet.append(said, bars);
  root.replaceChildren(sheet);
}

watch("value", show);
show();
