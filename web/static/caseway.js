// What makes the pages quicker; they work without it. Keys for lists, drafts as you type, parts that change by themselves.
"use strict";
(() => {
  const typing = (target) => target.closest("input:not([type=checkbox], [type=radio], [type=submit]), select, textarea, [contenteditable]");
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
        state.textContent = answer.ok ? `${form.dataset.saved} ${answer.headers.get("X-Saved") ?? ""}` : `${form.dataset.failed}: ${problem.detail || answer.status}`;
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
  const main = document.getElementById("main"), watch = main?.dataset.watch;
  const chosen = (select) => {
    const at = [...select.options].findIndex((one) => one.defaultSelected);
    return at < 0 && !select.multiple ? 0 : at;
  };
  const changed = (field) => field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
    : field.tagName === "SELECT" ? field.selectedIndex !== chosen(field)
    : field.type !== "hidden" && field.value !== field.defaultValue;
  const at_work = (part) => typing(document.activeElement) && part.contains(document.activeElement)
    || part.querySelector("details[open] form") || [...part.querySelectorAll("input, select, textarea")].some(changed);
  const opened = (part) => [...part.querySelectorAll("details[open] > summary")].map((one) => one.textContent.trim());
  const put = (part, other) => {
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null, open = opened(part);
    part.replaceChildren(...other.childNodes);
    for (const one of part.querySelectorAll("details > summary")) if (open.includes(one.textContent.trim())) one.parentElement.open = true;
    if (focused) [...part.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  };
  const news = () => { document.getElementById("news").hidden = false; };
  // What the page is about is no longer there, or no longer open to the reader: it is said why, what was typed stays.
  const over = (fresh) => {
    const gone = document.getElementById("gone");
    if (!gone) return news();
    gone.textContent = `${(fresh.getElementById("detail") ?? fresh.querySelector("h1"))?.textContent ?? ""} ${gone.dataset.typed}`;
    gone.hidden = false;
    document.querySelectorAll("#holder, #standing").forEach((part) => part.replaceChildren());
  };
  // A task that the reader had, and has no longer; or has taken in another window.
  const moved = (away) => {
    if (!away) return news();
    const gone = document.getElementById("gone");
    gone.textContent = gone.dataset.lost;
    gone.hidden = false;
  };
  const renew = async () => {
    const answer = await fetch(main.dataset.page || location.href.split("#")[0], { headers: { "X-Live": "1" } });
    if (answer.redirected || answer.status >= 500) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok) return over(fresh);
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = fresh.getElementById(part.id);
      if (!other || other.innerHTML === made.get(part.id)) continue;
      if (at_work(part)) { news(); continue; }
      if (part.dataset.mine && part.dataset.mine !== other.dataset.mine) moved(part.dataset.mine === "true");
      made.set(part.id, other.innerHTML);
      put(part, other);
    }
    marks();
  };
  if (watch && window.EventSource) {
    let waiting = 0;
    const soon = () => { clearTimeout(waiting); waiting = setTimeout(() => renew().catch(() => {}), 150); };
    const source = new EventSource(watch);
    for (const name of ["inbox", "case", "task", "floor"]) source.addEventListener(name, soon);
    window.addEventListener("pagehide", () => source.close());
  }
})();
