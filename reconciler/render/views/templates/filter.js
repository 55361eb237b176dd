"use strict";
(() => {
  const action = document.getElementById("by-action");
  const tag = document.getElementById("by-tag");
  const text = document.getElementById("by-text");
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const rows = new Map();
  for (const row of document.querySelectorAll("tr[data-runner]")) rows.set(row.dataset.runner, row);
  const articles = Array.from(document.querySelectorAll("article.runner"));
  const runners = Array.from(document.querySelectorAll("[data-member]"), (element) => {
    const article = element.closest("article");
    return {
      element,
      article,
      row: rows.get(element.dataset.member),
      action: article.dataset.action,
      off: "off" in article.dataset,
      tags: element.dataset.tags,
      text: null,
    };
  });

  function textOf(runner) {
    const shared = runner.element === runner.article ? "" : runner.article.querySelector(".diff").textContent;
    return `${runner.element.textContent} ${shared}`.toLowerCase();
  }

  function matches(runner, wanted, words) {
    if (wanted === "off" ? !runner.off : wanted && runner.action !== wanted) return false;
    if (tag.value && !runner.tags.includes(` ${tag.value} `)) return false;
    if (!words.length) return true;
    runner.text ??= textOf(runner);
    return words.every((word) => runner.text.includes(word));
  }

  function apply() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const runner of runners) {
      const visible = matches(runner, action.value, words);
      runner.element.hidden = !visible;
      if (runner.row) runner.row.hidden = !visible;
      if (visible) count += 1;
    }
    for (const article of articles) {
      if (!("member" in article.dataset)) article.hidden = !article.querySelector("[data-member]:not([hidden])");
    }
    const noun = runners.length === 1 ? "runner" : "runners";
    shown.textContent = count === runners.length ? `${count} ${noun}` : `${count} of ${runners.length} ${noun}`;
    nothing.hidden = count > 0;
  }

  for (const control of [action, tag, text]) control.addEventListener("input", apply);
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  apply();
})();
