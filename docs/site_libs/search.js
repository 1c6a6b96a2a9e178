// The site's search. The index (made by tools/search.py) has every word of every section; `find` is the same as there.
(() => {
  "use strict";
  const TITLE = 6, HEADING = 4, TEXT = 1, SHARE = 0.6, PER_PAGE = 3, SHOWN = 20;
  const STOP = "a about add am an and any are as at be but by can could do does for from get give has have how i if in into is it its just like make me my need of on or our should so that the their them then there these they this to up use want was we what when where which who why will with would you your".split(" ");
  const up = document.querySelector('meta[name="smalldocs:offset"]').content;
  const stem = (w) => {
    if (w.length > 4 && w.endsWith("ies")) w = w.slice(0, -3) + "y";
    else if (w.length > 3 && w.endsWith("s") && !w.endsWith("ss")) w = w.slice(0, -1);
    if (w.length > 5 && w.endsWith("ing")) w = w.slice(0, -3);
    else if (w.length > 4 && w.endsWith("ed")) w = w.slice(0, -2);
    return w.length > 4 && w.endsWith("e") ? w.slice(0, -1) : w;
  };
  const words = (text) => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) || []).map(stem);
  const stops = new Set(STOP.map(stem));
  const decoded = (text) => { let n = 0; return text.split(",").map((o) => (n += parseInt(o, 36))); };

  let made = null;
  const load = async () => {
    if (made) return;
    const index = await (await fetch(up + "search.json")).json();
    index.titles = index.sections.map(([page]) => words(index.pages[page][1]));
    index.headings = index.sections.map(([page, anchor, heading, text]) => words(anchor ? heading : `${index.pages[page][1]} ${text}`));
    index.keys = Object.keys(index.words);
    made = index;
  };
  const keys = (w, last) => {   // those it begins where it is still being typed, and relatives where it is unknown
    const known = last ? made.keys.filter((k) => k.startsWith(w)) : Object.hasOwn(made.words, w) ? [w] : [];
    return known.length || w.length < 7 ? known : made.keys.filter((k) => k.startsWith(w.slice(0, Math.max(6, w.length - 4))));
  };
  const find = (query) => {
    let asked = [...new Set(words(query))].filter((w) => w.length > 1);
    const telling = asked.filter((w) => !stops.has(w));
    if (telling.length) asked = telling;
    const sums = new Map(), found = new Map();
    let total = 0;
    asked.forEach((w, i) => {
      const known = keys(w, i === asked.length - 1 && w.length > 2), alike = new Set([w, ...known]), hits = new Map();
      known.forEach((k) => decoded(made.words[k]).forEach((n) => hits.set(n, TEXT)));
      made.titles.forEach((title, n) => {
        const s = TITLE * title.some((o) => alike.has(o)) + HEADING * made.headings[n].some((o) => alike.has(o));
        if (s) hits.set(n, (hits.get(n) || 0) + s);
      });
      const weight = Math.log(1 + made.sections.length / (1 + hits.size));
      total += weight;
      hits.forEach((s, n) => { sums.set(n, (sums.get(n) || 0) + weight * s); found.set(n, (found.get(n) || 0) + weight); });
    });
    const raw = words(query), pair = (a, b) => `${a} ${b}`;
    const pairs = new Set(raw.slice(1).map((b, i) => [raw[i], b]).filter(([a, b]) => !stops.has(a) || !stops.has(b)).map(([a, b]) => pair(a, b)));
    made.sections.forEach(([, anchor], n) => {   // two words of the query side by side in a title
      const title = made.titles[n];
      if (anchor || !sums.has(n) || !title.slice(1).some((b, i) => pairs.has(pair(title[i], b)))) return;
      sums.set(n, 2 * sums.get(n));
      found.set(n, total);
    });
    const exact = (n) => made.headings[n].join(" ") === asked.join(" ");
    const value = (n) => sums.get(n) * (found.get(n) / total) ** 2 * (exact(n) ? 2 : 1), perPage = {};
    return [...sums.keys()].sort((a, b) => value(b) - value(a) || a - b).filter((n) => {
      const page = made.sections[n][0];
      if (found.get(n) < SHARE * total || perPage[page] === PER_PAGE) return false;
      perPage[page] = (perPage[page] || 0) + 1;
      return true;
    }).slice(0, SHOWN);
  };

  const escaped = (s) => s.replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }[c]));
  const marked = (text, asked) => text.split(/([\p{L}\p{N}]+)/u).map((o, i) => (i % 2 && asked.has(stem(o.toLowerCase())) ? `<mark>${escaped(o)}</mark>` : escaped(o))).join("");
  const shown = (n, asked) => {
    const [page, anchor, heading, text] = made.sections[n], [address, title] = made.pages[page];
    return `<a class="search-result" href="${up}${address}${anchor ? "#" + anchor : ""}"><div class="search-result-title">${marked(title, asked)}</div>` +
      (heading ? `<div class="search-result-section">${marked(heading, asked)}</div>` : "") + `<div class="search-result-text">${marked(text, asked)}</div></a>`;
  };

  document.querySelectorAll(".smalldocs-search").forEach((old) => {
    const box = old.cloneNode(true);   // without what smalldocs.js listens to
    old.replaceWith(box);
    const input = box.querySelector("input"), results = box.querySelector(".smalldocs-search-results");
    let active = -1, timer = null;
    const hide = () => results.classList.remove("show");
    const run = async () => {
      const query = input.value.trim();
      if (query.length < 2) return hide();
      await load();
      const hits = find(query), asked = new Set(words(query).filter((w) => !stops.has(w)));
      results.innerHTML = hits.length ? hits.map((n) => shown(n, asked)).join("") : '<div class="search-none">Nothing found. Try another word, or fewer.</div>';
      results.classList.add("show");
      active = -1;
    };
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(run, 120); });
    input.addEventListener("focus", run);
    input.addEventListener("keydown", (e) => {
      const items = [...results.querySelectorAll(".search-result")];
      if (e.key === "Escape") { hide(); input.blur(); }
      else if (items.length && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
        e.preventDefault();
        active = (active + (e.key === "ArrowDown" ? 1 : -1) + items.length) % items.length;
        items.forEach((o, i) => o.classList.toggle("active", i === active));
        items[active].scrollIntoView({ block: "nearest" });
      } else if (items.length && e.key === "Enter") { e.preventDefault(); (items[active] || items[0]).click(); }
    });
    document.addEventListener("click", (e) => { if (!box.contains(e.target)) hide(); });
  });
})();
