"use strict";
// Reads the packed columns and draws one part at a time: only what is visible, on one canvas.
// Every text is drawn on a canvas or set as textContent; nothing of the data ever becomes markup.
(async () => {
  const $ = (id) => document.getElementById(id);
  const ROW = 36, BAR = 22, AXIS = 26, DOT = 17, CHAR = 6.7, WIDEST = 8e6, LABEL = 240;
  const canvas = $("canvas"), pen = canvas.getContext("2d"), scroller = $("scroller"), stage = $("stage");

  let data;
  try {
    const bytes = Uint8Array.from(atob($("data").textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    data = await new Response(stream).json();
  } catch (error) {
    $("trouble").hidden = false;
    $("trouble").textContent = "The picture needs a browser of 2023 or later: " + error.message;
    return;
  }
  if (!data.parts.length) return;

  const added = (steps) => { let sum = 0; return Int32Array.from(steps, (d) => (sum += d)); };
  const times = (() => { let sum = 0; return [0, ...data.times].map((d) => (sum += d)); })();
  const whole = data.whole && times.every(Number.isSafeInteger);
  function timeText(rank) {
    if (data.unit === "ns") return (times[rank] / 1e9).toFixed(6) + " s";
    if (whole) return String(BigInt(data.origin) + BigInt(times[rank]));
    return String(Number((Number(data.origin) + times[rank]).toPrecision(12)));
  }

  let colors = {};
  function readColors() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["card", "ink", "soft", "rule", "strong-rule", "bar", "bar-edge", "stuck", "idle", "badge", "bad",
      "cross", "marked", "note", "note-edge", "note-ink", "stripe", "line", "link"]) colors[name] = style.getPropertyValue("--" + name).trim();
    colors.mono = style.getPropertyValue("--mono").trim();
    colors.sans = style.getPropertyValue("--sans").trim();
  }

  // ---- one part: moments, rows, places ----
  const prepared = new Map();
  function prepare(number) {
    if (prepared.has(number)) return prepared.get(number);
    const p = data.parts[number], n = p.lane.length;
    const call = added(p.call), end = Int32Array.from(p.end, (d, i) => (d < 0 ? -1 : call[i] + d));
    const used = new Uint8Array(2 * times.length + 2);
    for (let i = 0; i < n; i++) { used[2 * call[i]] = 1; if (end[i] >= 0) used[2 * end[i] + 1] = 1; }
    const keys = [], at = new Int32Array(used.length);
    used.forEach((is, key) => { if (is) { at[key] = keys.length; keys.push(key); } });
    const from = call.map((c) => at[2 * c]), to = end.map((e) => (e < 0 ? keys.length : at[2 * e + 1]));
    const part = {
      n, from, to, call, end, keys, name: p.name, answer: p.answer, note: p.note, best: p.best, initial: p.initial,
      text: p.text, details: p.details, unsure: new Set(p.unsure), gaps: new Set(p.gaps), marked: new Set(p.marked), why: new Map(p.stuck),
      items: added(p.items), parents: Int32Array.from(p.parents, (d, k) => k - d), states: p.states, leaf: added(p.leaf),
      byCall: Array.from({ length: n }, (_, i) => i).sort((a, b) => from[a] - from[b] || a - b), orders: new Map(),
    };
    part.rows = rowsOf(part, p.lane);
    part.place = placesOf(part);
    prepared.set(number, part);
    return part;
  }
  function rowsOf(part, lane) {
    const byLane = new Map();
    for (const i of part.byCall) { if (!byLane.has(lane[i])) byLane.set(lane[i], []); byLane.get(lane[i]).push(i); }
    data.notes.forEach((note) => { if (!byLane.has(note.lane)) byLane.set(note.lane, []); });
    const named = [...byLane].map(([number, ops]) => [data.lanes[number], ops, number]);
    const natural = new Intl.Collator("en", { numeric: true }).compare;
    named.sort((a, b) => (a[1].length ? 0 : 1) - (b[1].length ? 0 : 1) || natural(a[0], b[0]));
    const rows = [];
    part.rowOf = new Int32Array(part.n);
    for (const [label, ops, number] of named) {
      const own = [];
      for (const i of ops) {
        let row = own.find((r) => r.until <= 2 * part.call[i] + 1); // what only touches may share a row
        if (!row) { row = { label, ops: [], until: -1, number: rows.length, notes: [] }; own.push(row); rows.push(row); }
        row.ops.push(i); row.until = part.end[i] < 0 ? Infinity : 2 * part.end[i] + 1; part.rowOf[i] = row.number;
      }
      const notes = data.notes.filter((note) => note.lane === number);
      if (notes.length) rows.push({ label, ops: [], notes, number: rows.length });
    }
    return rows;
  }
  // Room for every label inside its bar and for every point between two moments; otherwise evenly spaced.
  function placesOf(part) {
    const m = part.keys.length, place = new Float64Array(m + 1), points = new Int32Array(m + 1);
    let latest = 0;
    for (const i of orderOf(part, part.best).ops) { latest = Math.max(latest, part.from[i]); points[latest]++; }
    const ending = Array.from({ length: part.n }, (_, i) => i).sort((a, b) => part.to[a] - part.to[b]);
    let next = 0;
    for (let k = 1; k <= m; k++) {
      place[k] = place[k - 1] + Math.max(12, points[k - 1] * DOT + 8);
      for (; next < part.n && part.to[ending[next]] === k; next++) {
        const i = ending[next], wide = Math.min(LABEL, data.texts[part.text[i]].length * CHAR + 14);
        place[k] = Math.max(place[k], place[part.from[i]] + wide);
      }
    }
    return place;
  }
  // The operations of the order that ends at `node`, their points, and what cannot come next.
  function orderOf(part, node) {
    if (part.orders.has(node)) return part.orders.get(node);
    const nodes = [];
    for (let k = node; k >= 0; k = part.parents[k]) nodes.push(k);
    nodes.reverse();
    const ops = nodes.map((k) => part.items[k]), at = new Map(ops.map((i, n) => [i, n])), stuck = [];
    let bound = Infinity;
    const left = part.byCall.filter((i) => !at.has(i) && !part.unsure.has(i));
    for (const i of left) bound = Math.min(bound, part.to[i]);
    for (const i of left) { if (part.from[i] > bound) break; stuck.push(i); }
    stuck.sort((a, b) => part.to[a] - part.to[b]);
    const order = { nodes, ops, at, stuck: part.answer === "legal" ? [] : node === part.best && part.why.size ? [...part.why.keys()] : stuck };
    order.bad = new Set(order.stuck);
    if (part.orders.size > 40) part.orders.clear();
    part.orders.set(node, order);
    return order;
  }
  function pointsOf(part, order) {
    if (order.x) return order.x;
    const x = (order.x = new Float64Array(order.ops.length)), gap = [];
    let latest = 0;
    order.ops.forEach((i) => { latest = Math.max(latest, part.from[i]); gap.push(latest); });
    for (let a = 0; a < gap.length; ) {
      let b = a;
      while (b < gap.length && gap[b] === gap[a]) b++;
      const left = part.place[gap[a]], room = part.place[gap[a] + 1] - left;
      for (let k = a; k < b; k++) x[k] = left + (room * (k - a + 1)) / (b - a + 1);
      a = b;
    }
    return x;
  }

  // ---- what is shown ----
  const view = { part: null, zoom: 1, hover: -1, held: -1, cursor: -1, best: false, width: 0, height: 0, gutter: 90 };
  const chosen = () => (view.held >= 0 ? view.held : view.hover >= 0 ? view.hover : view.cursor);
  function order() { // what was gone to is shown as what does not fit: in the best order, not in one of its own
    const i = view.best && view.held < 0 && view.hover < 0 ? -1 : chosen(), leaf = i >= 0 ? view.part.leaf[i] : -1;
    return orderOf(view.part, leaf >= 0 ? leaf : view.part.best);
  }
  const total = () => view.part.place[view.part.keys.length] * view.zoom + 40;
  const room = () => view.width - view.gutter;
  const spread = () => Math.max(0, total() - room());
  const tracks = () => Math.min(total() + view.gutter, WIDEST);
  const slack = () => Math.max(1, tracks() - view.width);
  const offset = () => (scroller.scrollLeft / slack()) * spread();
  const setOffset = (x) => { scroller.scrollLeft = spread() ? (Math.max(0, x) / spread()) * slack() : 0; };

  function resize() {
    const scale = window.devicePixelRatio || 1;
    const tall = AXIS + view.part.rows.length * ROW + 8;
    view.width = scroller.clientWidth;
    const most = Math.max(200, Math.floor(window.innerHeight * 0.7) - 2);
    view.height = Math.min(tall, most);
    const longest = Math.max(...view.part.rows.map((r) => Math.min(r.label.length, 22)));
    view.gutter = Math.min(longest * CHAR + 20, view.width * 0.3);
    stage.style.width = tracks() + "px";
    stage.style.height = tall + "px";
    canvas.width = Math.round(view.width * scale);
    canvas.height = Math.round(view.height * scale);
    canvas.style.width = view.width + "px";
    canvas.style.height = view.height + "px";
    pen.setTransform(scale, 0, 0, scale, 0, 0);
  }
  let asked = false;
  function redraw() { if (!asked) { asked = true; requestAnimationFrame(() => { asked = false; draw(); }); } }

  function firstAfter(ops, x, zoom) { // the first bar of a row that ends right of x
    let low = 0, high = ops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (view.part.place[view.part.to[ops[middle]]] * zoom < x) low = middle + 1; else high = middle;
    }
    return low;
  }
  function clipText(text, wide) {
    const most = Math.floor(wide / CHAR);
    return text.length <= most ? text : most > 2 ? text.slice(0, most - 1) + "…" : "";
  }
  function draw() {
    const { part, zoom, width, height, gutter } = view, shown = order(), x0 = offset() - gutter, y0 = scroller.scrollTop;
    pen.fillStyle = colors.card;
    pen.fillRect(0, 0, width, height);
    const firstRow = Math.max(0, Math.floor(y0 / ROW) - 1), lastRow = Math.min(part.rows.length - 1, Math.ceil((y0 + height) / ROW));
    for (let r = firstRow; r <= lastRow; r++) {
      const y = AXIS + r * ROW - y0;
      if (r % 2) { pen.fillStyle = colors.stripe; pen.fillRect(0, y, width, ROW); }
      drawNotes(part.rows[r], y, x0);
      drawBars(part.rows[r], y, x0, shown);
    }
    drawPoints(shown, x0, y0);
    pen.fillStyle = colors.card;
    pen.fillRect(0, 0, gutter, height);
    pen.fillRect(0, 0, width, AXIS - 1);
    drawLabels(firstRow, lastRow, y0);
    drawAxis(x0);
    const left = total() > 0 ? offset() / total() : 0;
    $("window").style.left = 100 * left + "%";
    $("window").style.width = Math.min(100, (100 * room()) / total()) + "%";
    canvas.dataset.placed = shown.ops.length;
  }
  function drawBars(row, y, x0, shown) {
    const { part, zoom, width, gutter } = view, top = y + (ROW - BAR) / 2, selected = chosen();
    let drawn = -1;
    pen.font = "11px " + colors.mono;
    pen.textBaseline = "middle";
    for (let k = firstAfter(row.ops, x0 + gutter, zoom); k < row.ops.length; k++) {
      const i = row.ops[k], left = part.place[part.from[i]] * zoom - x0, right = part.place[part.to[i]] * zoom - x0;
      if (left > width) break;
      const bad = shown.bad.has(i), marked = part.marked.has(i), wide = Math.max(right - left - 2, 1);
      if (right - drawn < 1 && !bad && !marked && i !== selected) continue;
      drawn = right;
      const open = part.end[i] < 0;
      pen.globalAlpha = part.marked.size && !marked && !bad && !shown.at.has(i) ? 0.55 : 1;
      pen.fillStyle = bad ? colors.stuck : shown.at.has(i) ? colors.bar : colors.idle;
      pen.strokeStyle = bad ? colors.bad : marked ? colors.marked : shown.at.has(i) ? colors["bar-edge"] : colors["strong-rule"];
      if (wide < 4) { pen.fillStyle = pen.strokeStyle; pen.fillRect(left, top, Math.max(1, wide), BAR); continue; }
      pen.lineWidth = i === shown.stuck[0] || i === selected || marked ? 2.5 : 1;
      if (i === selected) pen.strokeStyle = colors.ink;
      pen.setLineDash(open ? [5, 3] : []);
      pen.beginPath();
      pen.roundRect(left + 1, top, open ? Math.max(wide, width - left) : wide, BAR, 4);
      pen.fill();
      pen.stroke();
      pen.setLineDash([]);
      const start = Math.max(left, gutter) + 6, text = clipText(data.texts[part.text[i]], Math.min(right, width) - start - 2);
      if (text) { pen.fillStyle = colors.ink; pen.textAlign = "left"; pen.fillText(text, start, top + BAR / 2 + 0.5); }
    }
    pen.globalAlpha = 1;
  }
  function timePlace(offsetFromOrigin) { // any time, between the moments
    const { part } = view, m = part.keys.length, at = (k) => times[part.keys[k] >> 1];
    if (offsetFromOrigin <= at(0)) return part.place[0];
    let low = 0, high = m - 1;
    while (low < high) { const middle = (low + high + 1) >> 1; if (at(middle) <= offsetFromOrigin) low = middle; else high = middle - 1; }
    if (low === m - 1) return part.place[m - 1] + (offsetFromOrigin > at(low) ? 8 : 0);
    return part.place[low] + ((part.place[low + 1] - part.place[low]) * (offsetFromOrigin - at(low))) / (at(low + 1) - at(low));
  }
  function noteBox(note, x0) {
    const left = timePlace(note.start) * view.zoom - x0, right = timePlace(note.end) * view.zoom - x0;
    return [left, Math.max(right, left + Math.min(LABEL, note.text.length * CHAR + 14))];
  }
  function drawNotes(row, y, x0) {
    const top = y + (ROW - BAR) / 2, tall = BAR;
    for (const note of row.notes) {
      const [left, right] = noteBox(note, x0);
      if (right < view.gutter || left > view.width) continue;
      pen.fillStyle = colors.note; if (note.background) pen.fillStyle = note.background;
      pen.strokeStyle = colors["note-edge"];
      pen.lineWidth = 1;
      pen.beginPath();
      pen.roundRect(left, top, Math.max(right - left, 3), tall, 4);
      pen.fill();
      pen.stroke();
      pen.fillStyle = note.background ? "#16202c" : colors["note-ink"]; if (note.color) pen.fillStyle = note.color;
      pen.font = "11px " + colors.sans;
      pen.textAlign = "left";
      pen.textBaseline = "middle";
      pen.fillText(clipText(note.text, Math.max(right - left, 40) - 8), Math.max(left, view.gutter) + 5, top + tall / 2);
    }
  }
  function drawPoints(shown, x0, y0) {
    const { part, zoom, width } = view, x = pointsOf(part, shown), numbered = zoom > 0.75;
    const middle = (i) => AXIS + part.rowOf[i] * ROW + ROW / 2 + (numbered ? BAR / 2 + 1 : 0) - y0;
    let low = 0, high = x.length;
    while (low < high) { const m = (low + high) >> 1; if (x[m] * zoom - x0 < 0) low = m + 1; else high = m; }
    const first = Math.max(0, low - 1);
    let last = first;
    while (last < x.length && x[last] * zoom - x0 < width + 40) last++;
    last = Math.min(x.length, last + 1);
    if (last - first > 6000) return;
    pen.strokeStyle = colors.line;
    pen.lineWidth = 1.5;
    pen.globalAlpha = 0.6;
    pen.beginPath();
    for (let k = first; k < last; k++) pen[k === first ? "moveTo" : "lineTo"](x[k] * zoom - x0, middle(shown.ops[k]));
    pen.stroke();
    pen.globalAlpha = 1;
    pen.font = "700 9px " + colors.mono;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (let k = first; k < last; k++) {
      const at = x[k] * zoom - x0, y = middle(shown.ops[k]);
      pen.fillStyle = colors.badge;
      pen.strokeStyle = colors.card;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.arc(at, y, numbered ? 7.5 : last - first > 1500 ? 1.5 : 3, 0, 7);
      pen.fill();
      if (!numbered) continue;
      pen.stroke();
      pen.fillStyle = "#ffffff";
      const label = String(k + 1);
      pen.font = (label.length > 3 ? "700 6px " : label.length > 2 ? "700 7px " : "700 9px ") + colors.mono;
      pen.fillText(label, at, y + 0.5);
    }
    if (shown.stuck.length) drawCross(part, shown, x0, y0);
  }
  function drawCross(part, shown, x0, y0) {
    const i = shown.stuck[0], x = part.place[part.from[i]] * view.zoom - x0 + 10, y = AXIS + part.rowOf[i] * ROW + ROW / 2 - y0 + BAR / 2 + 1;
    pen.fillStyle = colors.cross;
    pen.beginPath();
    pen.arc(x, y, 8, 0, 7);
    pen.fill();
    pen.strokeStyle = "#ffffff";
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(x - 3, y - 3); pen.lineTo(x + 3, y + 3); pen.moveTo(x + 3, y - 3); pen.lineTo(x - 3, y + 3);
    pen.stroke();
  }
  function drawLabels(firstRow, lastRow, y0) {
    pen.font = "12px " + colors.sans;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    for (let r = firstRow; r <= lastRow; r++) {
      const row = view.part.rows[r], y = AXIS + r * ROW - y0, again = r > 0 && view.part.rows[r - 1].label === row.label;
      pen.fillStyle = again ? colors["strong-rule"] : colors.soft;
      let text = row.label;
      while (text.length > 3 && pen.measureText(text).width > view.gutter - 14) text = text.slice(0, -2) + "…";
      pen.fillText(text, 8, y + ROW / 2);
    }
    pen.strokeStyle = colors.rule;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(view.gutter - 0.5, 0); pen.lineTo(view.gutter - 0.5, view.height);
    pen.stroke();
  }
  function drawAxis(x0) {
    const { part, zoom, width, gutter } = view, m = part.keys.length;
    pen.fillStyle = colors.card;
    pen.fillRect(0, 0, width, AXIS - 1);
    pen.strokeStyle = colors["strong-rule"];
    pen.beginPath();
    pen.moveTo(0, AXIS - 0.5); pen.lineTo(width, AXIS - 0.5);
    pen.font = "11px " + colors.mono;
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    pen.fillStyle = colors.soft;
    let low = 0, high = m, free = gutter;
    while (low < high) { const k = (low + high) >> 1; if (part.place[k] * zoom - x0 < gutter) low = k + 1; else high = k; }
    const step = Math.max(1, Math.floor(m * (4 / Math.max(1, total()))));
    for (let k = low; k < m; k += step) {
      const x = part.place[k] * zoom - x0;
      if (x > width) break;
      if (x < free) continue;
      const text = timeText(part.keys[k] >> 1);
      pen.moveTo(x + 0.5, AXIS - 5); pen.lineTo(x + 0.5, AXIS);
      pen.fillText(text, x + 3, AXIS / 2);
      free = x + text.length * CHAR + 22;
    }
    pen.stroke();
  }
  function drawMap() {
    const map = $("map"), scale = window.devicePixelRatio || 1, wide = map.clientWidth, tall = map.clientHeight, { part } = view;
    map.width = wide * scale; map.height = tall * scale;
    const ink = map.getContext("2d"), all = part.place[part.keys.length] || 1, rows = part.rows.length;
    ink.scale(scale, scale);
    const each = Math.max(1, (tall - 4) / rows), shown = orderOf(part, part.best);
    for (const row of part.rows) {
      const y = 2 + ((tall - 4) * row.number) / rows;
      let until = -1;
      for (const i of row.ops) {
        const left = (part.place[part.from[i]] / all) * wide, right = (part.place[part.to[i]] / all) * wide;
        if (right <= until) continue;
        until = Math.max(right, left + 0.5);
        ink.fillStyle = shown.at.has(i) ? colors["bar-edge"] : colors["strong-rule"];
        ink.fillRect(left, y, Math.max(0.5, right - left), each * 0.8);
      }
    }
    for (const i of shown.stuck) { ink.fillStyle = colors.bad; ink.fillRect((part.place[part.from[i]] / all) * wide - 1, 0, 3, tall); }
  }

  // ---- words about one operation ----
  function line(className, text) { const p = document.createElement("div"); p.className = className; p.textContent = text; return p; }
  function tell() {
    const { part } = view, i = chosen(), detail = $("detail"), shown = order();
    canvas.setAttribute("aria-activedescendant", "");
    if (i < 0) {
      detail.className = "";
      const some = part.n === 1 ? "1 operation" : part.n.toLocaleString("en") + " operations";
      detail.replaceChildren(line("soft", shown.ops.length
        ? `The order shown holds ${shown.ops.length.toLocaleString("en")} of ${some}. Point at an operation, or walk with the arrow keys.`
        : `${some}. Point at one, or walk with the arrow keys.`));
      return;
    }
    const at = shown.at.get(i), lines = [line("what", data.texts[part.text[i]])];
    detail.className = at !== undefined ? "placed" : shown.bad.has(i) ? "stuck" : "";
    const returned = part.end[i] < 0 ? "never returned" : "returned " + timeText(part.end[i]);
    lines.push(line("soft", `${part.rows[part.rowOf[i]].label} · called ${timeText(part.call[i])} · ${returned}`));
    if (at !== undefined) {
      const before = part.gaps.has(shown.nodes[at]) ? "…" : data.texts[at ? part.states[shown.nodes[at - 1]] : part.initial];
      lines.push(line("state", `${before}  →  ${data.texts[part.states[shown.nodes[at]]]}`));
      lines.push(line("soft", `number ${at + 1} of ${shown.ops.length} in ${part.answer === "legal" ? "a legal order" : "the longest order found that contains it"}`));
    } else if (shown.bad.has(i)) {
      const last = shown.nodes.length ? part.states[shown.nodes[shown.nodes.length - 1]] : part.initial;
      lines.push(line("why", part.why.has(i) ? data.texts[part.why.get(i)] : "cannot come next"));
      lines.push(line("state", `the state is ${data.texts[last]}`));
    } else lines.push(line("soft", part.leaf[i] < 0 ? "no order found contains it" : "not in the order shown"));
    if (data.texts[part.details[i]]) lines.push(line("soft", data.texts[part.details[i]]));
    detail.replaceChildren(...lines);
  }
  function tellNote(note) {
    const end = note.end > note.start ? ` to ${noteTime(note.end)}` : "";
    $("detail").className = "";
    $("detail").replaceChildren(line("what", note.text), line("soft", `${data.lanes[note.lane]} · ${noteTime(note.start)}${end}`), line("soft", note.details));
  }
  const noteTime = (t) => (data.unit === "ns" ? (t / 1e9).toFixed(6) + " s" : whole && Number.isInteger(t) ? String(BigInt(data.origin) + BigInt(t)) : String(Number((Number(data.origin) + t).toPrecision(12))));

  // ---- moving about ----
  function find(event) {
    const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top + scroller.scrollTop - AXIS;
    const row = view.part.rows[Math.floor(y / ROW)];
    if (!row || x < view.gutter || event.clientY - box.top < AXIS) return { op: -1 };
    const x0 = offset() - view.gutter, k = firstAfter(row.ops, x + x0, view.zoom), i = row.ops[k];
    const { part, zoom } = view;
    if (i !== undefined && part.place[part.from[i]] * zoom - x0 <= x) return { op: i };
    return { op: -1, note: row.notes.find((note) => { const [l, r] = noteBox(note, x0); return l <= x && x <= r; }) };
  }
  function setZoom(zoom, about) {
    const fixed = about === undefined ? room() / 2 : about, at = (offset() + fixed) / view.zoom;
    const most = Math.max(1, 3e7 / view.part.place[view.part.keys.length]);
    view.zoom = Math.min(Math.max(zoom, Math.min(1, fitted())), Math.min(8, most));
    resize();
    setOffset(at * view.zoom - fixed);
    redraw();
  }
  const fitted = () => Math.max(1e-6, (room() - 44) / view.part.place[view.part.keys.length]);
  function reveal(i) {
    const { part, zoom } = view, left = part.place[part.from[i]] * zoom, right = Math.min(part.place[part.to[i]] * zoom, left + 200), x = offset();
    if (left < x || right > x + room()) setOffset(left - room() / 3);
    const y = part.rowOf[i] * ROW;
    if (y < scroller.scrollTop || y + ROW + AXIS > scroller.scrollTop + view.height) scroller.scrollTop = y - view.height / 2;
  }
  function gotoStuck() {
    const shown = orderOf(view.part, view.part.best), marked = [...view.part.marked];
    const i = shown.stuck.length ? shown.stuck[0] : marked.length ? marked[0] : -1;
    if (i < 0) return;
    const { part, zoom } = view;
    setOffset(Math.max(part.place[part.from[i]], pointsOf(part, shown)[shown.ops.length - 1] || 0) * zoom - room() * 0.55);
    scroller.scrollTop = part.rowOf[i] * ROW - view.height / 2;
    view.held = -1; view.hover = -1; view.cursor = i; view.best = true;
    tell(); redraw();
  }
  function show(number) {
    view.part = prepare(number);
    Object.assign(view, { hover: -1, held: -1, cursor: -1, zoom: 1 });
    resize();
    view.zoom = Math.min(Math.max(fitted(), 1), 3);
    if (fitted() > 0.75 && fitted() < 1) view.zoom = fitted();
    resize();
    const part = view.part, any = part.why.size || part.marked.size;
    $("goto").hidden = !any;
    $("part-note").hidden = !part.note;
    $("part-note").textContent = part.note;
    $("overview").hidden = fitted() >= 0.75;
    setOffset(0);
    scroller.scrollTop = 0;
    if (!$("overview").hidden) drawMap();
    if (any) gotoStuck();
    tell();
    draw();
  }
  function walk(event) {
    const { part } = view, now = chosen(), at = now < 0 ? -1 : part.byCall.indexOf(now);
    const row = now < 0 ? null : part.rows[part.rowOf[now]];
    const nearest = (r) => r && r.ops.length ? r.ops[Math.min(firstAfter(r.ops, part.place[part.from[now]] * view.zoom, view.zoom), r.ops.length - 1)] : undefined;
    const nextRow = (by) => { for (let r = row.number + by; part.rows[r]; r += by) if (part.rows[r].ops.length) return part.rows[r]; };
    let to;
    if (event.key === "ArrowRight") to = part.byCall[Math.min(at + 1, part.n - 1)];
    else if (event.key === "ArrowLeft") to = part.byCall[Math.max(at - 1, 0)];
    else if (event.key === "Home") to = part.byCall[0];
    else if (event.key === "End") to = part.byCall[part.n - 1];
    else if (event.key === "ArrowDown") to = row ? nearest(nextRow(1)) : part.byCall[0];
    else if (event.key === "ArrowUp") to = row ? nearest(nextRow(-1)) : part.byCall[0];
    else if (event.key === "Enter" || event.key === " ") view.held = view.held >= 0 ? -1 : now;
    else if (event.key === "Escape") view.held = view.cursor = view.hover = -1;
    else if (event.key === "+" || event.key === "=") setZoom(view.zoom * 1.4);
    else if (event.key === "-") setZoom(view.zoom / 1.4);
    else return;
    event.preventDefault();
    if (to !== undefined) { view.cursor = to; view.held = view.hover = -1; view.best = false; reveal(to); }
    tell(); redraw();
  }

  const select = $("part"), words = { legal: "linearizable", illegal: "NOT linearizable", unknown: "not decided" };
  data.parts.forEach((p, n) => {
    const option = document.createElement("option");
    option.value = n;
    option.textContent = `${p.name || "the whole history"}: ${words[p.answer]}, ${p.lane.length.toLocaleString("en")} operations`;
    select.append(option);
  });
  $("part-label").hidden = data.parts.length < 2;
  for (const id of ["tools", "overview", "scroller", "detail", "legend"]) $(id).hidden = false;
  if (data.parts.every((p) => !p.marked.length)) document.querySelectorAll("#legend .marked").forEach((e) => { e.nextSibling.remove(); e.remove(); });
  select.addEventListener("change", () => show(Number(select.value)));
  canvas.addEventListener("mousemove", (event) => {
    const { op, note } = find(event);
    canvas.style.cursor = op >= 0 ? "pointer" : "default";
    if (note && view.held < 0) { view.hover = -1; tellNote(note); redraw(); return; }
    if (op !== view.hover) { view.hover = op; if (view.held < 0) { tell(); redraw(); } }
  });
  canvas.addEventListener("mouseleave", () => { if (view.hover >= 0) { view.hover = -1; tell(); redraw(); } });
  canvas.addEventListener("click", (event) => {
    const { op, note } = find(event);
    view.held = op; view.hover = op; view.cursor = op; view.best = false;
    if (note) tellNote(note); else tell();
    redraw();
  });
  canvas.addEventListener("keydown", walk);
  scroller.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    setZoom(view.zoom * Math.exp(-event.deltaY / 300), event.clientX - scroller.getBoundingClientRect().left - view.gutter);
  }, { passive: false });
  scroller.addEventListener("scroll", redraw);
  $("in").addEventListener("click", () => setZoom(view.zoom * 1.6));
  $("out").addEventListener("click", () => setZoom(view.zoom / 1.6));
  $("fit").addEventListener("click", () => { setZoom(fitted()); });
  $("goto").addEventListener("click", () => { if (view.zoom < 0.75) setZoom(1); gotoStuck(); });
  const jump = (event) => {
    const box = $("overview").getBoundingClientRect();
    setOffset(((event.clientX - box.left) / box.width) * total() - room() / 2);
  };
  $("overview").addEventListener("pointerdown", (event) => { $("overview").setPointerCapture(event.pointerId); jump(event); });
  $("overview").addEventListener("pointermove", (event) => { if (event.buttons) jump(event); });
  window.addEventListener("resize", () => { const x = offset(); resize(); setOffset(x); if (!$("overview").hidden) drawMap(); redraw(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColors(); if (!$("overview").hidden) drawMap(); redraw(); });
  readColors();
  show(0);
  canvas.dataset.ready = "yes";
})();
