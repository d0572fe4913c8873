// A table of captioned pictures that grows while it is filled.
const root = element.querySelector(".album");
let body = null, head = null, bar = null, drawn = 0;

function make(kind, name, text) {
  const made = document.createElement(kind);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function begin() {
  const list = make("table"), titles = make("tr"), top = make("thead");
  for (const title of ["Photo", "Sentence", "Sure"]) {
    const cell = make("th", "", title);
    cell.scope = "col";
    titles.append(cell);
  }
  top.append(titles);
  body = make("tbody");
  list.append(top, body);
  head = make("p", "state");
  head.setAttribute("role", "status");
  bar = make("div", "progress");
  bar.append(make("span"));
  root.replaceChildren(head, bar, list);
  drawn = 0;
}

function row({name, caption, confidence, error, thumbnail}) {
  const line = make("tr", error ? "failed" : ""), photo = make("td", "photo");
  if (thumbnail) {
    const image = make("img");
    image.src = thumbnail;
    image.alt = "";
    photo.append(image);
  }
  photo.append(make("span", "", name));
  const said = make("td", "said", error ? `This one ${error}` : caption);
  const sure = make("td", "sure", error ? "" : `${Math.round(100 * confidence)} %`);
  line.append(photo, said, sure);
  return line;
}

function show() {
  const album = props.value;
  if (!album) {
    root.replaceChildren();
    body = null;
    return;
  }
  if (!body || album.rows.length < drawn || (album.running && !album.rows.length)) begin();
  body.append(...album.rows.slice(drawn).map(row));
  drawn = album.rows.length;
  const failed = album.failed ? `, ${album.failed} could not be opened` : "";
  const done = `${album.rows.length - album.failed} captioned${failed}`;
  head.textContent = album.running ? `${done} of ${album.total} …` : `${done}. ${album.note}`;
  bar.firstChild.style.width = `${100 * album.rows.length / Math.max(1, album.total)}%`;
  bar.classList.toggle("over", !album.running);
}

watch("value", show);
show();
