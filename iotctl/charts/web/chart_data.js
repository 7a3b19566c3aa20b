// What charts share: colours, and series, times and numbers as a page holds them. Texts from the data are set as text,
// never as HTML.
'use strict';
window.iotctl = {};
(() => {
  const INK = {reading: '#5B6B80', many: '#8C9AAD', band: 'rgba(120,134,156,.20)', expected: '#0B6FA4',
    dense: 'rgba(11,111,164,.22)',
    grid: 'rgba(0,0,0,.07)', text: '#444', change: '#111', limit: '#B00020', severity: '#B03A2E', beyond: '#D1350F'};

  // ---- what the page holds

  // Columns as they were packed: all bytes of one rank together, deflated; each has a base and a factor. A row of NaN
  // breaks the lines: null here.
  async function unpack({rows, columns, packed}) {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
    const raw = new Uint8Array(await new Response(stream).arrayBuffer());
    let at = 0;
    const column = (size, type) => {
      const plain = new Uint8Array(rows * size);
      for (let rank = 0; rank < size; rank++) {
        for (let row = 0; row < rows; row++) plain[row * size + rank] = raw[at++];
      }
      return new type(plain.buffer);
    };
    const steps = column(8, Float64Array);
    const time = new Array(rows);
    for (let row = 0, sum = 0; row < rows; row++) time[row] = (sum += steps[row]) / 1e6;
    const found = {time};
    for (const [name, [base, factor]] of Object.entries(columns)) {
      found[name] = Array.from(column(4, Float32Array), (x) => (x === x ? x * factor + base : null));
    }
    return found;
  }

  // Times in the sensor's zone, in any zone of the viewer.
  function clock(offsets) {
    const offset = (t) => offsets.reduce((found, [from, seconds]) => (from <= t ? seconds : found), offsets[0][1]);
    const moved = (t) => new Date((t + offset(t)) * 1000);
    const text = (t) => moved(t).toISOString().replace('T', ' ').slice(0, 19).replace(/:00$/, '');
    return {offsets, text};
  }

  // The first row at or after a moment.
  function rowFrom(time, moment) {
    let [low, high] = [0, time.length];
    while (low < high) { const mid = (low + high) >> 1; if (time[mid] < moment) low = mid + 1; else high = mid; }
    return low;
  }

  // The row nearest to a moment, before or after it; -1 without rows.
  function nearestRow(time, moment) {
    const row = rowFrom(time, moment);
    return row === time.length || (row > 0 && moment - time[row - 1] < time[row] - moment) ? row - 1 : row;
  }

  const said = (x) => (x === null || x === undefined ? '–' : String(Number(x.toPrecision(6))));

  // A number to two digits of its sigma: 101325.04 of a pressure that moves by 0.1.
  function saidTo(x, sigma) {
    if (x === null || x === undefined) return said(x);
    const decimals = 1 - Math.floor(Math.log10(sigma));
    return decimals > -6 && decimals < 12 && Math.abs(x) < 1e12 ? x.toFixed(Math.max(0, decimals)) : said(x);
  }

  function element(tag, text, parent, name) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (name) made.className = name;
    if (parent) parent.append(made);
    return made;
  }

  Object.assign(iotctl, {INK, unpack, clock, rowFrom, nearestRow, said, saidTo, element});
})();
