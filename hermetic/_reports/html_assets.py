"""The style sheet and the script of the HTML report; neither contains text that tests have produced.

The page shows everything without the script, which adds the filters and the search.
"""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1b1f; --soft: #55565e; --line: #c9cad2; --raised: #f3f3f7;
  --link: #0b57d0; --error: #b3001e; --failure: #8f3d00; --skip: #5c5300; --success: #14682b; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16171b; --ink: #e9e9ee; --soft: #b0b1bb; --line: #474953; --raised: #212329;
    --link: #9ec1ff; --error: #ff9a9a; --failure: #ffb47c; --skip: #dccb6a; --success: #86d99a; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 75rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.5rem; } h2 { margin: 2rem 0 .5rem; font-size: 1.2rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip-link { position: absolute; left: -100rem; } .skip-link:focus { position: static; }
[hidden] { display: none !important; }
.verdict { font-weight: bold; }
dl.totals { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0; }
dl.totals div { display: flex; flex-direction: column-reverse; min-width: 6rem; padding: .4rem .8rem;
  background: var(--raised); border: 1px solid var(--line); border-radius: .4rem; }
dl.totals dd { margin: 0; font-size: 1.3rem; font-weight: bold; } dl.totals dt { color: var(--soft); }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: .5rem 0; }
dl.facts dt { color: var(--soft); } dl.facts dd { margin: 0; }
.scrolls { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; min-width: 40rem; }
th, td { padding: .25rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th, .short, .number { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.timeline th[scope] { min-width: 11rem; max-width: 16rem; }
.timeline svg { display: block; width: 100%; min-width: 15rem; height: 1.4rem; background: var(--raised); }
code, pre { font-family: ui-monospace, monospace; font-size: .875rem; }
pre { margin: .3rem 0 .8rem; padding: .5rem; white-space: pre-wrap;
  background: var(--raised); border: 1px solid var(--line); border-radius: .3rem; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: .5rem 0; }
button, input { min-height: 2.2rem; padding: .2rem .7rem; font: inherit; color: inherit; background: var(--raised);
  border: 1px solid var(--soft); border-radius: .4rem; }
button[aria-pressed="true"] { color: var(--ground); background: var(--ink); }
details { border-bottom: 1px solid var(--line); content-visibility: auto; contain-intrinsic-size: auto 2.2rem; }
summary { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .3rem; cursor: pointer; list-style: none; }
summary::before { content: "\\25b8"; } details[open] > summary::before { content: "\\25be"; }
summary::-webkit-details-marker { display: none; }
summary .name { flex: 1 1 20rem; } summary .time { font-variant-numeric: tabular-nums; }
details > div { padding: 0 .3rem .5rem 1.5rem; } h3 { margin: .5rem 0 0; font-size: 1rem; }
.outcome { min-width: 11rem; font-weight: bold; }
.error, .interrupted { color: var(--error); fill: var(--error); }
.failure, .unexpected_success { color: var(--failure); fill: var(--failure); }
.skip, .expected_failure { color: var(--skip); fill: var(--skip); }
.success { color: var(--success); fill: var(--success); }
@media (forced-colors: active) { button[aria-pressed="true"] { border: 3px solid Highlight; } }
"""

SCRIPT = """
"use strict";
(() => {
  const tests = [...document.querySelectorAll("details")];
  const texts = tests.map(test => test.querySelector("summary").textContent.toLowerCase());
  const search = document.getElementById("search");
  const count = document.getElementById("count");
  const buttons = [...document.querySelectorAll("button[data-outcome]")];
  let outcome = "";
  const show = () => {
    const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    tests.forEach((test, index) => {
      const fits = (!outcome || test.dataset.outcome === outcome) && words.every(word => texts[index].includes(word));
      test.hidden = !fits;
      shown += fits;
    });
    count.textContent = `${shown} of ${tests.length} shown`;
    buttons.forEach(button => button.setAttribute("aria-pressed", String(button.dataset.outcome === outcome)));
  };
  const openTarget = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target || target.tagName !== "DETAILS") return;
    if (target.hidden) { outcome = ""; search.value = ""; show(); }
    target.open = true;
    target.scrollIntoView();
    target.querySelector("summary").focus();
  };
  buttons.forEach(button => button.addEventListener("click", () => { outcome = button.dataset.outcome; show(); }));
  search.addEventListener("input", show);
  document.getElementById("open-all").addEventListener("click", () =>
    tests.forEach(test => { if (!test.hidden) test.open = true; }));
  document.getElementById("close-all").addEventListener("click", () => tests.forEach(test => { test.open = false; }));
  window.addEventListener("hashchange", openTarget);
  document.getElementById("controls").hidden = false;
  show();
  openTarget();
})();
"""
