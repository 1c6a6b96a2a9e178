// Fills the bar at the top from TOP, and the sidebar from PAGES, lists of [text, address, [those within]]: rooms are
// closed but those around the current page, which is scrolled into view and has its headings below it
(() => {
  "use strict";
  const nav = document.getElementById("quarto-sidebar"), here = nav.dataset.page;
  const up = document.querySelector('meta[name="smalldocs:offset"]').content;
  document.getElementById("quarto-header").innerHTML = TOP.replaceAll("UP/", up);
  const holds = ([, address, within]) => address === here || within.some(holds);
  const current = (address) => (address === here ? ' active" aria-current="page' : "");
  let rooms = 0;
  const link = (text, address) => `<a class="sidebar-item-text sidebar-link${current(address)}" href="${up}${address}"><span class="menu-text">${text}</span></a>`;
  const room = (node, depth) => {
    const [text, address, within] = node;
    const id = `quarto-sidebar-section-${++rooms}`, open = holds(node) || (depth > 1 && !address);
    const fold = `data-bs-toggle="collapse" data-bs-target="#${id}" aria-expanded="${open}" role="button" tabindex="0"`;
    const closed = open ? "" : " collapsed";
    const head = address ? link(text, address) : `<a class="sidebar-item-text sidebar-link text-start${closed}" ${fold}><span class="menu-text">${text}</span></a>`;
    const chevron = `<a class="sidebar-item-toggle text-start${closed}" ${fold} aria-label="Toggle section"><i class="bi bi-chevron-right ms-2"></i></a>`;
    return `<li class="sidebar-item sidebar-item-section"><div class="sidebar-item-container">${head}${chevron}</div>` +
      `<ul id="${id}" class="collapse list-unstyled sidebar-section depth${depth}${open ? " show" : ""}">${items(within, depth + 1)}</ul></li>`;
  };
  const page = ([text, address]) => `<li class="sidebar-item"><div class="sidebar-item-container">${link(text, address)}</div></li>`;
  const items = (nodes, depth) => nodes.map((o) => (o[2].length ? room(o, depth) : page(o))).join("");
  nav.insertAdjacentHTML("afterbegin", `<div class="sidebar-menu-container"><ul class="list-unstyled mt-1">${items(PAGES, 1)}</ul></div>`);
  const active = nav.querySelector(".sidebar-link.active"), headings = document.getElementById("TOC");
  if (active && headings) active.parentElement.after(headings);
  if (active) nav.scrollTop = active.getBoundingClientRect().top - nav.getBoundingClientRect().top - nav.clientHeight / 3;
  nav.addEventListener("keydown", (e) => { if (e.key === "Enter" && !e.target.hasAttribute("href")) e.target.click(); });
})();
