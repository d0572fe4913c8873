// The photo, the sentence as chips, and where the network looked for each word.
const root = element.querySelector(".gaze");
let timer = 0;

function make(kind, name, text) {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

const percent = p => `${(100 * p).toFixed(p < 0.1 ? 1 : 0)} %`;
const share = p => `${(100 * p).toFixed(1)}%`;

function doubt(p) {
  return p > 0.6 ? "quite sure" : p > 0.4 ? "fairly sure" : p > 0.25 ? "not so sure" : "guessing";
}

// What was looked at stays bright; the rest sinks into the dark.
function veil(canvas, map) {
  const height = map.length, width = map[0].length, small = make("canvas");
  const levels = map.flat(), least = Math.min(...levels), most = Math.max(...levels);
  [small.width, small.height] = [width, height];
  const paint = small.getContext("2d"), image = paint.createImageData(width, height);
  levels.forEach((level, cell) => {
    const seen = (level - least) / Math.max(most - least, 1e-9);
    image.data.set([12, 14, 22, 205 * (1 - seen)], 4 * cell);
  });
  paint.putImageData(image, 0, 0);
  [canvas.width, canvas.height] = [width * 32, height * 32];
  const big = canvas.getContext("2d");
  big.imageSmoothingQuality = "high";
  big.drawImage(small, 0, 0, canvas.width, canvas.height);
}

function picture(found) {
  const frame = make("div", "frame"), image = make("img"), canvas = make("canvas");
  image.alt = found.caption;
  image.onload = () => {
    const ratio = image.naturalWidth / image.naturalHeight;
    frame.style.setProperty("--ratio", ratio);
    if (found.crop) canvas.style[ratio > 1 ? "width" : "height"] = share(ratio > 1 ? 1 / ratio : ratio);
  };
  image.src = found.photo;
  canvas.setAttribute("aria-hidden", "true");
  frame.append(image, canvas);
  return [frame, canvas];
}

function chips(found, canvas) {
  const row = make("p", "chips");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "The words; touch one to see where the network looked");
  const buttons = found.words.map(({word, probability}, number) => {
    const chip = make("button", "chip", word);
    chip.type = "button";
    chip.style.setProperty("--p", share(probability));
    chip.title = `${percent(probability)} sure of this word`;
    chip.setAttribute("aria-pressed", "false");
    row.append(chip);
    return chip;
  });
  let pinned = -1;
  function light(number) {
    buttons.forEach((chip, n) => chip.classList.toggle("lit", n === number));
    canvas.dataset.word = number < 0 ? "" : String(number);
    if (number >= 0 && found.attention[number]) veil(canvas, found.attention[number]);
    canvas.classList.toggle("shown", number >= 0 && Boolean(found.attention[number]));
  }
  function pin(number) {
    clearInterval(timer);
    pinned = pinned === number ? -1 : number;
    buttons.forEach((chip, n) => chip.setAttribute("aria-pressed", String(n === pinned)));
    light(pinned);
  }
  buttons.forEach((chip, number) => {
    chip.addEventListener("click", () => pin(number));
    chip.addEventListener("pointerenter", event => {
      if (event.pointerType !== "mouse") return;
      clearInterval(timer);
      light(number);
    });
    chip.addEventListener("pointerleave", event => {
      if (event.pointerType === "mouse") light(pinned);
    });
    chip.addEventListener("keydown", event => {
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (!step) return;
      event.preventDefault();
      const next = (number + step + buttons.length) % buttons.length;
      buttons[next].focus();
      if (pinned !== next) pin(next);
    });
  });
  return [row, light, buttons.length];
}

function listing(title, entries) {
  const part = make("section");
  part.append(make("h3", "", title), ...entries);
  return part;
}

function meter(name, p) {
  const line = make("div", "other"), bar = make("span", "bar"), full = make("span");
  full.style.width = share(p);
  bar.append(full);
  line.append(make("span", "name", name), bar, make("span", "number", percent(p)));
  return line;
}

// What the classifier is sure of: each as full as it is sure.
function recognised(objects) {
  const row = make("div", "chips");
  row.append(...objects.map(({name, probability}) => {
    const chip = make("span", "seen", `${name} ${percent(probability)}`);
    chip.style.setProperty("--p", share(probability));
    return chip;
  }));
  return row;
}

// The sentence is read out once, word by word, to show that words can be touched.
function readOut(light, words) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  let number = 0;
  timer = setInterval(() => {
    light(number < words ? number : -1);
    if (number++ >= words) clearInterval(timer);
  }, 420);
}

function show() {
  clearInterval(timer);
  const found = props.value;
  if (!found) {
    const empty = make("p", "empty", "The sentence will stand here, and every word of it will show " +
      "where the network looked.");
    root.replaceChildren(empty);
    return;
  }
  const [frame, canvas] = picture(found);
  const [row, light, words] = chips(found, canvas);
  const spoken = make("p", "spoken", found.translation || found.caption);
  spoken.lang = found.translation ? found.language : "en";
  spoken.setAttribute("aria-live", "polite");
  const mood = make("p", "mood", `${percent(found.confidence)} a word on average: ${doubt(found.confidence)}`);
  const parts = [spoken, frame, row, mood];
  if (found.unmentioned.length)
    parts.push(make("p", "missing", `It found no sentence with: ${found.unmentioned.join(", ")}`));
  if (found.objects.length)
    parts.push(listing("Recognised in the photo", [recognised(found.objects)]));
  if (found.alternatives.length)
    parts.push(listing("It could also have said",
      found.alternatives.map(({caption, confidence}) => meter(caption, confidence))));
  root.replaceChildren(...parts);
  readOut(light, words);
}

watch("value", show);
show();
