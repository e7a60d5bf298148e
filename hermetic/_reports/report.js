"use strict";
(() => {
  const byId = id => document.getElementById(id);
  const made = (tag, text = "", className = "") => {
    const element = document.createElement(tag);
    if (text) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const inWords = outcome => ({ success: "passed", skip: "skipped" })[outcome] || outcome.replace("_", " ");
  const outcomes = { "≈": "flaky", "✕": "failure", "○": "expected_failure", "–": "skip", "✓": "success" };
  const most = 200;  // results that are shown at a time
  const search = byId("search"), count = byId("count"), results = byId("results"), sections = byId("sections");
  const buttons = [...document.querySelectorAll("button[data-outcome]")];
  let outcome = "", limit = most, found = null;

  // All tests: of rows their elements, and of lines what they say. Read when first needed.
  const allTests = () => {
    if (found) return found;
    const rows = [...document.querySelectorAll("#sections .test")].map(row => {
      const summary = row.firstElementChild, [lane, start, duration] = row.dataset.at.split(" ").map(Number);
      const name = (summary.querySelector(".name") || summary).textContent;
      return { row, name, outcome: row.dataset.outcome, text: summary.textContent.toLowerCase(), lane, start, duration };
    });
    const names = [...document.querySelectorAll("#lanes .lane")].map(lane => lane.firstChild.textContent.trim());
    const lines = [...document.querySelectorAll("#sections .lines")].flatMap(block => {
      const owner = block.parentElement.querySelector(".name").textContent;
      return block.textContent.split("\n").flatMap(line => {
        const [head, start, lane, size, name, reason = ""] = line.split("\t"), [mark, seconds] = head.split(" ");
        if (["failure", "flaky"].includes(outcomes[mark])) return [];  // it has a row
        return [{
          name: `${owner}.${name}`, outcome: outcomes[mark], text: `${owner}.${name} ${size} ${reason}`.toLowerCase(),
          lane: names.indexOf(lane), start: parseFloat(start.slice(3)), duration: parseFloat(seconds), size, reason, mark,
        }];
      });
    });
    return found = [...rows, ...lines];
  };

  // --- search and filters ---

  const shownAs = test => {
    if (test.row) {
      const copy = test.row.cloneNode(true);
      copy.removeAttribute("id");
      return copy;
    }
    const row = made("div", "", `test ${test.outcome}`), line = made("div", "", "plain"), tags = made("span", "", "tags");
    row.tabIndex = 0;
    const dot = test.name.lastIndexOf("."), name = made("span", "", "name");
    name.append(made("span", test.name.slice(0, dot + 1), "owner"), made("b", test.name.slice(dot + 1)));
    if (test.size) tags.append(made("span", test.size, "tag"));
    const chip = made("span", `${test.mark} ${inWords(test.outcome)}`, `outcome ${test.outcome}`);
    line.append(chip, name, tags, made("span", `${test.duration.toFixed(3)} s`, "time"));
    if (test.reason) line.append(made("span", test.reason, "message"));
    row.append(line);
    return row;
  };
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const isAll = !words.length && !outcome;
    buttons.forEach(button => button.setAttribute("aria-pressed", String(button.dataset.outcome === outcome)));
    results.hidden = isAll;
    sections.hidden = !isAll;
    results.replaceChildren();
    count.textContent = "";
    if (isAll) return;
    const fits = allTests().filter(test =>
      (!outcome || test.outcome === outcome) && words.every(word => test.text.includes(word)));
    count.textContent = `${fits.length.toLocaleString("en")} of ${allTests().length.toLocaleString("en")} shown`;
    results.append(...fits.slice(0, limit).map(shownAs));
    if (!fits.length) results.append(made("p", "No test matches. Esc shows all tests.", "empty"));
    if (fits.length > limit) {
      const more = made("button", `Show ${Math.min(most, fits.length - limit)} more`);
      more.type = "button";
      more.addEventListener("click", () => {
        const at = results.children.length - 1;
        limit += most;
        show();
        focusOn(results.children[at]);
      });
      results.append(more);
    }
  };
  const reset = () => { outcome = ""; search.value = ""; limit = most; show(); };
  buttons.forEach(button => button.addEventListener("click", () => {
    outcome = button.dataset.outcome;
    limit = most;
    show();
  }));
  search.addEventListener("input", () => { limit = most; show(); });

  // --- rows ---

  const focusOn = row => {
    const target = row.tagName === "DETAILS" ? row.firstElementChild : row;
    target.focus();
    target.scrollIntoView({ block: "nearest" });
  };
  const open = row => {
    for (let above = row; above; above = above.parentElement.closest("details")) above.open = true;
    row.scrollIntoView();
    row.firstElementChild.focus();
  };
  const openTarget = () => {
    const target = byId(decodeURIComponent(location.hash.slice(1)));
    if (!target || target.tagName !== "DETAILS") return;
    if (sections.hidden) reset();
    open(target);
  };
  const step = by => {
    const rows = [...document.querySelectorAll("#results .test, #sections .test, #sections .suite, #sections .more")]
      .filter(row => row.getClientRects().length);
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement.closest(".test, .suite, .more"));
    focusOn(rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)]);
  };
  addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = document.activeElement === search, isRow = document.activeElement.closest("summary, .test");
    if (event.key === "Escape" && (isTyping || !results.hidden)) reset();
    else if (event.key === "/" && !isTyping) { search.focus(); search.select(); }
    else if (event.key === "ArrowDown" && (isTyping || isRow)) step(1);
    else if (event.key === "ArrowUp" && isRow) step(-1);
    else if (event.key === "j" && !isTyping) step(1);
    else if (event.key === "k" && !isTyping) step(-1);
    else return;
    event.preventDefault();
  });
  addEventListener("hashchange", openTarget);
  addEventListener("click", event => {
    const link = event.target.closest("a[href^='#test-']");
    if (link && link.hash === location.hash) openTarget();  // a second click changes no address
  });

  // --- the timeline ---

  const drawTimeline = () => {
    const lanes = byId("lanes"), zoom = byId("zoom");
    const names = [...lanes.querySelectorAll(".lane")].map(lane => lane.textContent);
    const tests = allTests().filter(test => test.lane >= 0);
    const end = Math.max(...tests.map(test => test.start + test.duration), 0.001);
    const canvas = made("canvas"), context = canvas.getContext("2d"), said = made("p");
    const height = names.length > 8 ? 16 : 24, top = 18;
    let from = 0, to = end, at = -1, gutter = 0;  // the gutter is for the names of the rows
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", `Timeline of ${tests.length} tests in ${names.length} rows. Plus and minus zoom,`
      + " the arrow keys move, comma and period go from test to test, Enter opens one.");
    said.setAttribute("role", "status");
    said.textContent = "Drag to move, + and − to zoom.";
    const order = [...tests.keys()].sort((a, b) => tests[a].start - tests[b].start);

    const draw = () => {
      const style = getComputedStyle(document.documentElement), scale = devicePixelRatio || 1;
      const colour = name => style.getPropertyValue(name).trim();
      const full = top + names.length * height + 4;
      canvas.style.height = `${full}px`;
      canvas.width = canvas.clientWidth * scale;
      canvas.height = full * scale;
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.font = "11px system-ui, sans-serif";
      const widest = Math.max(...names.map(name => context.measureText(name).width)) + 16;
      gutter = widest < canvas.clientWidth / 3 ? widest : 0;
      const width = canvas.clientWidth - gutter, unit = width / (to - from), drawn = new Set();
      const looks = { success: colour("--bar"), skip: colour("--bar-skip"), expected_failure: colour("--bar-skip"),
        flaky: colour("--bar-warn") };
      const bad = colour("--bar-bad");
      const bar = test => {
        const x = Math.max((test.start - from) * unit, 0), far = (test.start + test.duration - from) * unit;
        if (far < 0 || x > width) return;
        const w = Math.max(Math.min(far, width) - x - 0.5, 1), look = looks[test.outcome] || bad;
        const key = `${test.lane} ${Math.round(x)} ${Math.round(w)} ${look}`;
        if (drawn.has(key)) return;
        drawn.add(key);
        context.fillStyle = look;
        context.fillRect(gutter + x, top + test.lane * height + 1, w, height - 2);
      };
      context.fillStyle = colour("--soft");
      const least = (to - from) / Math.max(width / 90, 2), power = 10 ** Math.floor(Math.log10(least));
      const tick = power * [1, 2, 5, 10].find(times => times * power >= least);
      for (let n = Math.ceil(from / tick); n * tick < to; n += 1) {
        const x = gutter + (n * tick - from) * unit;
        context.fillText(`${Number((n * tick).toFixed(6))} s`, x + 3, 12);
        context.fillRect(x, 0, 0.5, full);
      }
      tests.forEach(test => { if (looks[test.outcome]) bar(test); });
      tests.forEach(test => { if (!looks[test.outcome]) bar(test); });
      context.fillStyle = colour("--ink");
      names.forEach((name, lane) => {
        if (gutter) context.fillText(name, 8, top + (lane + 0.5) * height + 4);
      });
      if (at >= 0) {
        const test = tests[order[at]];
        context.strokeStyle = colour("--ink");
        context.lineWidth = 2;
        context.strokeRect(
          gutter + (test.start - from) * unit, top + test.lane * height, Math.max(test.duration * unit, 3), height);
      }
    };
    const timeAt = event => from + (event.offsetX - gutter) / (canvas.clientWidth - gutter) * (to - from);
    const view = (start, length) => {
      const span = Math.min(Math.max(length, end / 20000), end);
      from = Math.min(Math.max(start, 0), end - span);
      to = from + span;
      draw();
    };
    const zoomBy = (factor, middle = (from + to) / 2) =>
      view(middle - (middle - from) * factor, (to - from) * factor);
    const say = test => { said.textContent = `${test.name}: ${inWords(test.outcome)}, ${test.duration.toFixed(3)} s,`
      + ` ${names[test.lane].split(" · ")[0]}`; };
    const select = index => {
      at = Math.min(Math.max(index, 0), order.length - 1);
      const test = tests[order[at]];
      if (test.start < from || test.start > to) view(test.start - (to - from) / 2, to - from);
      else draw();
      say(test);
    };
    const go = test => {
      if (test.row) { history.replaceState(null, "", `#${test.row.id}`); open(test.row); }
      else { search.value = test.name; show(); search.focus(); }
    };
    const under = event => {
      const x = timeAt(event), slack = 2 * (to - from) / canvas.clientWidth;
      const lane = Math.floor((event.offsetY - top) / height);
      const hits = tests.filter(test => test.lane === lane && test.start - slack <= x && x <= test.start + test.duration + slack);
      return hits.find(test => !["success", "skip"].includes(test.outcome)) || hits[0];
    };
    let dragged = null;
    canvas.addEventListener("pointerdown", event => { dragged = { x: event.offsetX, from, moved: false }; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", event => {
      if (dragged) {
        const by = event.offsetX - dragged.x;
        dragged.moved = dragged.moved || Math.abs(by) > 4;
        if (dragged.moved) view(dragged.from - by / canvas.clientWidth * (to - from), to - from);
        return;
      }
      const test = under(event);
      if (test) say(test);
    });
    canvas.addEventListener("pointerup", event => {
      const test = dragged && !dragged.moved && under(event);
      dragged = null;
      if (test) go(test);
    });
    canvas.addEventListener("pointercancel", () => { dragged = null; });
    canvas.addEventListener("wheel", event => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoomBy(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event));
    }, { passive: false });
    const keys = {
      "+": () => zoomBy(0.5), "=": () => zoomBy(0.5), "-": () => zoomBy(2), "Home": () => view(0, end),
      "ArrowLeft": () => view(from - (to - from) / 4, to - from), "ArrowRight": () => view(from + (to - from) / 4, to - from),
      ",": () => select(at - 1), ".": () => select(at + 1), "Enter": () => { if (at >= 0) go(tests[order[at]]); },
    };
    canvas.addEventListener("keydown", event => {
      if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
      keys[event.key]();
      event.preventDefault();
    });
    for (const [text, label, act] of [["+", "Zoom in", "+"], ["−", "Zoom out", "-"], ["All", "Show the whole run", "Home"]]) {
      const button = made("button", text);
      button.type = "button";
      button.setAttribute("aria-label", label);
      button.addEventListener("click", keys[act]);
      zoom.append(button);
    }
    zoom.append(said);
    zoom.hidden = false;
    lanes.nextElementSibling.hidden = true;  // the axis
    lanes.replaceWith(canvas);
    draw();
    new ResizeObserver(draw).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  };

  byId("toolbar").hidden = false;
  document.querySelectorAll(".told").forEach(told => { told.hidden = true; });  // the filters say the same
  const keys = made("p", "", "keys");
  for (const [key, what] of [["/", "search"], ["j", "next row"], ["k", "previous row"], ["Enter", "open"], ["Esc", "all tests"]])
    keys.append(made("kbd", key), ` ${what}   `);
  sections.append(keys);
  openTarget();
  if (byId("lanes")) {
    const watch = new IntersectionObserver(entries => {
      if (!entries.some(entry => entry.isIntersecting)) return;
      watch.disconnect();
      drawTimeline();
    }, { rootMargin: "600px" });
    watch.observe(byId("lanes"));
  }
})();
