// What makes the pages quicker; they work without it. Keys for lists, drafts as you type, parts that change by themselves.
"use strict";
(() => {
  const typing = (target) => target.closest("input, select, textarea, [contenteditable]");
  const links = () => [...document.querySelectorAll("table.keyed tbody a.main")];

  // j and k go down and up the lists of a page; single letters go where the header goes.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const at = links().indexOf(document.activeElement.closest("tr")?.querySelector("a.main"));
    const go = {
      j: () => links()[Math.min(at + 1, links().length - 1)]?.focus(),
      k: () => links()[Math.max(at - 1, 0)]?.focus(),
      n: () => document.getElementById("next")?.click(),
      i: () => location.assign("/"),
      "/": () => { const search = document.getElementById("q"); search ? search.focus() : location.assign("/cases"); },
    }[event.key];
    if (go) { event.preventDefault(); go(); }
  });

  // What was typed is kept a moment after typing stops, and before the page is left.
  const form = document.querySelector("form[data-draft]");
  if (form) {
    const state = document.getElementById("draft-state");
    let waiting = 0, dirty = false, going = false;
    const save = async () => {
      if (!dirty || going) return;
      dirty = false;
      try {
        const answer = await fetch(form.dataset.draft, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "X-Draft": "1" }, keepalive: true });
        const problem = answer.ok ? null : await answer.json().catch(() => ({}));
        state.textContent = answer.ok ? `${form.dataset.saved} ${new Date().toLocaleTimeString()}` : `${form.dataset.failed}: ${problem.detail || answer.status}`;
      } catch { dirty = true; state.textContent = form.dataset.failed; }
    };
    form.addEventListener("input", () => { dirty = true; clearTimeout(waiting); waiting = setTimeout(save, 1500); });
    form.addEventListener("submit", () => { going = true; clearTimeout(waiting); });
    window.addEventListener("pagehide", save);
  }

  // A refused form says so first; its first wrong field is where one goes on.
  document.getElementById("wrong")?.focus();
  document.querySelector("[aria-invalid=true]")?.focus();

  // All at once in lists with marks.
  const made = new Map([...document.querySelectorAll("[data-live]")].map((part) => [part.id, part.innerHTML]));
  const marks = () => { const all = document.getElementById("all"); if (all) all.hidden = false; };
  document.addEventListener("change", (event) => {
    if (event.target.id === "all") document.querySelectorAll("input[name=task]").forEach((box) => { box.checked = event.target.checked; });
  });
  marks();

  // Parts that change by themselves: an event says that something is new, the page as the server makes it now is asked
  // for, and its live parts are put in place of those here. What somebody is at work in stays, and a line says so.
  const watch = document.getElementById("main")?.dataset.watch;
  const at_work = (part) => typing(document.activeElement) && part.contains(document.activeElement)
    || part.querySelector("input[type=checkbox]:checked, details[open] form");
  const renew = async () => {
    const answer = await fetch(location.href.split("#")[0], { headers: { "X-Live": "1" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = fresh.getElementById(part.id);
      if (!other || other.innerHTML === made.get(part.id)) continue;
      if (at_work(part)) { document.getElementById("news").hidden = false; continue; }
      const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      made.set(part.id, other.innerHTML);
      part.replaceChildren(...other.childNodes);
      if (focused) [...part.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    }
    marks();
  };
  if (watch && window.EventSource) {
    let waiting = 0;
    const soon = () => { clearTimeout(waiting); waiting = setTimeout(() => renew().catch(() => {}), 150); };
    const source = new EventSource(watch);
    for (const name of ["inbox", "case", "floor"]) source.addEventListener(name, soon);
    window.addEventListener("pagehide", () => source.close());
  }
})();
