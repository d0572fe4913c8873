// Buttons that save: Python reads the ending that was asked for, and sends the file.

const saver = element.querySelector(".saver");

saver.addEventListener("click", (event) => {
  const ending = event.target.closest("[data-ending]")?.dataset.ending;
  if (!ending) return;
  props.value = ending;
  trigger("click");
});

function allow() {
  for (const button of element.querySelectorAll("button")) button.disabled = !props.ready;
}
allow();
watch(["ready", "label"], allow);

watch("value", () => {
  const file = props.value;
  if (!file?.url) return;
  const link = document.createElement("a");
  link.href = file.url;
  link.download = file.orig_name;
  link.click();
  props.value = null;  // so that the same file can be asked for again
});
