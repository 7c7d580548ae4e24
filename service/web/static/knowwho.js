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
