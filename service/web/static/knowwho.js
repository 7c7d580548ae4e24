"use strict";
// Keys for those who like them; every page works without this file.

const results = () => [...document.querySelectorAll(".passage .result")];
const keys = document.getElementById("keys");
const keysButton = document.getElementById("show-keys");

function toBox() {
  const box = document.getElementById("q");
  if (!box) return;
  box.focus();
  box.select();
}

function toResult(step) {
  const all = results();
  if (!all.length) return;
  const here = document.activeElement.closest(".passage");
  const now = all.findIndex((result) => result.closest(".passage") === here);
  const next = now < 0 ? 0 : Math.min(Math.max(now + step, 0), all.length - 1);
  all[next].focus();
  all[next].closest(".passage").scrollIntoView({ block: "nearest" });
}

const actions = {
  "/": toBox,
  "?": () => keys.showModal(),
  j: () => toResult(1),
  k: () => toResult(-1),
};

function isTyping(target) {
  return target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || keys.open || isTyping(event.target)) return;
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

keysButton.hidden = false;
keysButton.addEventListener("click", () => keys.showModal());

// A part of a page that goes on changing (a running job) is fetched again until the service says that it is over.
const LOOK_AGAIN = 1500;

async function refresh() {
  const old = document.getElementById("live");
  const busy = old.querySelector("details[open]");
  if (!document.hidden && !busy) {
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (response.ok) replaceLive(old, await response.text());
    } catch {
      // The service is not there at the moment: what is shown stays, and we look again.
    }
  }
  if (document.querySelector("#live[data-live]")) setTimeout(refresh, LOOK_AGAIN);
}

function replaceLive(old, text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const fresh = page.getElementById("live");
  if (!fresh) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const again = focused && (focused.id ? `#${CSS.escape(focused.id)}` : focused.href ? `a[href="${CSS.escape(focused.getAttribute("href"))}"]` : null);
  if (fresh.dataset.told !== old.dataset.told) {
    document.getElementById("live-told").textContent = fresh.dataset.told;
    document.title = page.title;
  }
  old.replaceWith(fresh);
  if (again) fresh.querySelector(again)?.focus();
}

if (document.querySelector("#live[data-live]")) setTimeout(refresh, LOOK_AGAIN);
