const field = document.getElementById("q");
function search() {
  const words = field.value.toLowerCase().split(/\s+/);
  for (const item of document.querySelectorAll(".codes li")) {
    item.hidden = !words.every((word) => item.dataset.text.includes(word));
  }
}
field.value = new URLSearchParams(location.search).get("q") || "";
field.addEventListener("input", search);
search();
