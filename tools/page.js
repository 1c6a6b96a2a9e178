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
