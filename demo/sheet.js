// A text that grows, and how surprising each of its characters was.
const root = element.querySelector(".sheet");
let written = null, drawn = 0, open = null;

function make(kind, name, text) {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

const page = make("div", "page"), tools = make("div", "tools"), state = make("span", "state");
const label = make("label"), box = make("input"), copy = make("button", "copy", "Copy");
box.type = "checkbox";
box.addEventListener("change", () => page.classList.toggle("coloured", box.checked));
label.append(box, " Colour by surprise");
copy.type = "button";
copy.addEventListener("click", async () => {
  await navigator.clipboard.writeText(page.textContent);
  copy.textContent = "Copied";
  setTimeout(() => (copy.textContent = "Copy"), 1500);
});
copy.hidden = !navigator.clipboard; // browsers have one only on https and on this machine
state.setAttribute("role", "status");
const key = make("span", "key");
for (const [level, name] of ["expected", "open", "unlikely", "a surprise"].entries())
  key.append(make("span", `s${level}`, name));
tools.append(label, key, state, copy);
page.tabIndex = 0;
page.setAttribute("role", "article");
page.setAttribute("aria-label", "The text");
const empty = make("p", "empty", "The text will stand here.");

function begin(prompt) {
  page.replaceChildren(make("span", "given", prompt));
  root.replaceChildren(tools, page);
  drawn = 0;
  open = null;
  written = prompt;
}

function append({text, levels}) {
  const atEnd = page.scrollTop + page.clientHeight > page.scrollHeight - 40;
  for (; drawn < text.length; drawn++) {
    const kind = `s${levels[drawn] ?? 0}`;
    if (!open || open.className !== kind) page.append((open = make("span", kind, "")));
    open.append(text[drawn]);
  }
  open?.normalize();
  if (atEnd) page.scrollTop = page.scrollHeight;
}

function show() {
  const value = props.value;
  if (!value) return root.replaceChildren(empty);
  if (written !== value.prompt || value.text.length < drawn || !root.contains(page)) begin(value.prompt);
  append(value);
  page.classList.toggle("running", value.running);
  state.textContent = value.running ? "writing …" : `${value.text.length} characters`;
}

watch("value", show);
show();
