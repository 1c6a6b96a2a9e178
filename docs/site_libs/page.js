// What every page repeats is not stored in it: copy buttons around code, anchors of headings, breadcrumbs on a phone.
// One script puts it there; smalldocs.js, which comes after it, listens to all of them
for (const pre of document.querySelectorAll("pre.code")) {
  const outer = document.createElement("div"), inner = document.createElement("div");
  outer.className = "code-copy-outer-scaffold";
  inner.className = "sourceCode";
  pre.classList.add("sourceCode", "code-with-copy");
  pre.firstChild.className = "sourceCode";
  pre.replaceWith(outer);
  inner.append(pre);
  outer.append(inner);
  outer.insertAdjacentHTML("beforeend", '<button title="Copy to Clipboard" class="code-copy-button"><i class="bi"></i></button>');
}
for (const h of document.querySelectorAll("main .anchored")) h.dataset.anchorId = h.id || h.closest("[id]").id;
const crumbs = document.querySelector(".quarto-title-breadcrumbs ol");
if (crumbs) document.querySelector(".quarto-secondary-nav .quarto-page-breadcrumbs").append(crumbs.cloneNode(true));

// Long tables scroll in a box of their own, below a field that keeps the rows with a word
for (const table of document.querySelectorAll("main .cell-output table")) {
  const body = table.tBodies[0];
  if (!body || body.rows.length < 16) continue;
  const box = document.createElement("div"), field = document.createElement("input"), count = document.createElement("small");
  box.className = "table-box";
  box.tabIndex = 0;
  Object.assign(field, { type: "search", placeholder: "Filter rows", className: "table-filter" });
  field.setAttribute("aria-label", "Filter rows");
  table.replaceWith(field, count, box);
  box.append(table);
  const show = () => {
    const asked = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (asked.length) spread(body);
    const rows = [...body.rows];
    rows.forEach((row) => { row.hidden = !asked.every((word) => row.textContent.toLowerCase().includes(word)); });
    count.textContent = ` ${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
  };
  field.addEventListener("input", show);
  show();
}
function spread(body) {   // a label that stands for several rows is written into each of them
  for (const cell of body.querySelectorAll("[rowspan]")) {
    let row = cell.parentElement;
    const at = cell.cellIndex;
    for (let left = cell.rowSpan - 1; left > 0; left--) {
      row = row.nextElementSibling;
      const copy = cell.cloneNode(true);
      copy.removeAttribute("rowspan");
      row.insertBefore(copy, row.cells[at]);
    }
    cell.removeAttribute("rowspan");
  }
}
