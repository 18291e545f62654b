// What makes the pages quicker; they work without it. Keys for lists, drafts as you type, drop-downs that act.
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
  const all = document.getElementById("all");
  if (all) {
    all.hidden = false;
    all.addEventListener("change", () => document.querySelectorAll("input[name=task]").forEach((box) => { box.checked = all.checked; }));
  }
})();
