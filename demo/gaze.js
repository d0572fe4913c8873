// The photo, the sentence as chips, and where the network looked for each word. A translation's
// words are a second row: a word of either shows which of the other it belongs to.
const root = element.querySelector(".gaze");
const ENGLISH = 0, FOREIGN = 1; // rows
const TIED = 0.12; // less of the attention than that is no tie between two words
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

// Where the network looked for some words, each as much as it weighs.
function blend(maps, weights) {
  return maps[0].map((line, y) => line.map((_, x) => maps.reduce(
    (sum, map, word) => sum + (weights[word] || 0) * map[y][x], 0)));
}

// A word of a row → how strongly it is tied to every word of both rows.
function ties(found, row, number) {
  const only = count => Array.from({length: count}, (_, n) => Number(n === number));
  return row === ENGLISH
    ? [only(found.words.length), found.alignment.map(line => line[number])]
    : [found.alignment[number], only(found.translated_words.length)];
}

function told(found, number) {
  const from = found.alignment[number].map((weight, n) => [weight, found.words[n].word])
    .filter(([weight]) => weight >= TIED).sort(([a], [b]) => b - a)
    .map(([weight, word]) => `${word} (${percent(weight)})`);
  const kept = found.translated_words[number].kept ? "Kept as it is. " : "";
  return kept + (from.length ? `From ${from.join(", ")}` : "From no single word");
}

const SUPPORTED = 0.2; // a word of less support is paler

function englishChip({word, probability, support}) {
  const chip = make("button", support < SUPPORTED ? "chip unsure" : "chip", word);
  chip.style.setProperty("--p", share(probability));
  chip.title = `${percent(probability)} sure of this word`;
  return chip;
}

function foreignChip(found, {word, kept}, number) {
  const chip = make("button", kept ? "chip foreign kept" : "chip foreign", word);
  chip.title = told(found, number);
  return chip;
}

function rowOf(buttons, language, name, hint) {
  const row = make("p", "chips");
  row.setAttribute("role", "group");
  row.lang = language;
  row.setAttribute("aria-label", hint);
  if (name) row.append(make("span", "tongue", name));
  row.append(...buttons);
  return row;
}

function rows(found) {
  const english = found.words.map(englishChip);
  if (!found.translation)
    return [[english, rowOf(english, "en", "", "The words; touch one to see where the network looked")]];
  const foreign = found.translated_words.map((word, number) => foreignChip(found, word, number));
  const {en, [found.language]: name} = found.languages;
  const hint = "touch one to see where the network looked, and its words in";
  return [
    [english, rowOf(english, "en", en, `The words in ${en}; ${hint} ${name}`)],
    [foreign, rowOf(foreign, found.language, name, `The words in ${name}; ${hint} ${en}`)],
  ];
}

// Which word an arrow leads to: along the row, or to the word of the other row that it is tied to.
function follow(found, chips, row, number, key) {
  const along = {ArrowRight: 1, ArrowLeft: -1}[key], count = chips[row].length;
  if (along) return [row, (number + along + count) % count];
  const over = {ArrowDown: FOREIGN, ArrowUp: ENGLISH}[key];
  if (over === undefined || over === row || !chips[over]) return null;
  const strengths = ties(found, row, number)[over], most = Math.max(...strengths);
  return [over, strengths.indexOf(most)];
}

function sentences(found, canvas) {
  const made = rows(found), chips = made.map(([buttons]) => buttons);
  let pinned = "";
  function light(row, number) {
    const on = number !== undefined, strengths = on ? ties(found, row, number) : [[], []];
    chips.forEach((buttons, r) => buttons.forEach((chip, n) => {
      const tied = r !== row && strengths[r][n] >= TIED;
      chip.classList.toggle("lit", on && r === row && n === number);
      chip.classList.toggle("tied", tied);
      chip.style.setProperty("--tie", share(tied ? strengths[r][n] : 0));
    }));
    const seen = on && found.attention.length > 0;
    if (seen) veil(canvas, blend(found.attention, strengths[ENGLISH]));
    canvas.classList.toggle("shown", seen);
  }
  const rest = () => light(...(pinned ? pinned.split(" ").map(Number) : []));
  function pin(row, number) {
    clearInterval(timer);
    const spot = `${row} ${number}`;
    pinned = pinned === spot ? "" : spot;
    chips.forEach((buttons, r) => buttons.forEach((chip, n) =>
      chip.setAttribute("aria-pressed", String(pinned === `${r} ${n}`))));
    rest();
  }
  function glance(row, number) {
    clearInterval(timer);
    light(row, number);
  }
  chips.forEach((buttons, row) => buttons.forEach((chip, number) => {
    const mouse = event => event.pointerType === "mouse";
    chip.type = "button";
    chip.setAttribute("aria-pressed", "false");
    chip.addEventListener("click", () => pin(row, number));
    chip.addEventListener("pointerenter", event => mouse(event) && glance(row, number));
    chip.addEventListener("pointerleave", event => mouse(event) && rest());
    chip.addEventListener("focus", () => chip.matches(":focus-visible") && glance(row, number));
    chip.addEventListener("blur", rest);
    chip.addEventListener("keydown", event => {
      const next = follow(found, chips, row, number, event.key);
      if (!next) return;
      event.preventDefault();
      chips[next[0]][next[1]].focus();
      if (pinned !== next.join(" ")) pin(...next);
    });
  }));
  return [made.map(([, row]) => row), light];
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
function readOut(light, row, words) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  let number = 0;
  timer = setInterval(() => {
    light(...(number < words ? [row, number] : []));
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
  const [strands, light] = sentences(found, canvas);
  const spoken = make("p", "spoken", found.translation || found.caption);
  spoken.lang = found.translation ? found.language : "en";
  spoken.setAttribute("aria-live", "polite");
  const mood = make("p", "mood", `${percent(found.confidence)} ${found.calibrated ?
    "that all it names is there" : "a word on average"}: ${doubt(found.confidence)}`);
  const parts = [spoken, frame, ...strands];
  const kept = found.translated_words.filter(word => word.kept).map(({word}) => word);
  if (kept.length)
    parts.push(make("p", "mood", `Kept as it is, for the translator has never seen it: ${kept.join(", ")}`));
  parts.push(mood);
  if (found.unmentioned.length)
    parts.push(make("p", "missing", `It found no sentence with: ${found.unmentioned.join(", ")}`));
  if (found.objects.length)
    parts.push(listing("Recognised in the photo", [recognised(found.objects)]));
  if (found.alternatives.length)
    parts.push(listing("It could also have said",
      found.alternatives.map(({caption, confidence}) => meter(caption, confidence))));
  root.replaceChildren(...parts);
  const row = found.translation ? FOREIGN : ENGLISH;
  readOut(light, row, [found.words, found.translated_words][row].length);
}

watch("value", show);
show();
