// Charts of a sensor on uPlot: readings over their band and the expected line, residuals, severity, and a small
// chart of each event. Texts from the data are set as text, never as HTML.
'use strict';
window.iotctlCharts = (() => {
  const INK = {reading: '#5B6B80', many: '#8C9AAD', band: 'rgba(120,134,156,.20)', expected: '#0B6FA4', dense: 'rgba(11,111,164,.22)',
    grid: 'rgba(0,0,0,.07)', text: '#444', change: '#111', limit: '#B00020', severity: '#B03A2E', beyond: '#D1350F'};
  const EDGE = 64;  // pixels for the labels of each y axis: the panels line up
  const FONT = '12px system-ui, sans-serif';
  const OTHERS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#332288', '#882255'];
  const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];
  const TICKS = [
    [31536000, '{YYYY}', null, null, null, null, null, null, 1],
    [2419200, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
    [86400, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
    [3600, '{HH}:{mm}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
    [60, '{HH}:{mm}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
    [1, '{HH}:{mm}:{ss}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
    [0.001, ':{ss}.{fff}', '\n{D} {MMM} {YYYY} {HH}:{mm}', null, '\n{D} {MMM} {HH}:{mm}', null, '\n{HH}:{mm}', null, 1],
  ];

  // ---- what the page holds

  // Columns as they were packed: all bytes of one rank together, deflated. A row of NaN breaks the lines: null here.
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
    for (const name of columns) found[name] = Array.from(column(4, Float32Array), (x) => (x === x ? x : null));
    return found;
  }

  // Times by the clock of the sensor's zone, whatever the viewer's.
  function clock(offsets) {
    const offset = (t) => offsets.reduce((found, [from, seconds]) => (from <= t ? seconds : found), offsets[0][1]);
    const moved = (t) => new Date((t + offset(t)) * 1000);
    return {
      date: (t) => uPlot.tzDate(moved(t), 'Etc/UTC'),
      text: (t) => moved(t).toISOString().replace('T', ' ').slice(0, 19).replace(/:00$/, ''),
    };
  }

  const said = (x, digits = 6) => (x === null || x === undefined ? '–' : String(Number(x.toPrecision(digits))));
  const isDense = (u) => u.series[0].idxs && u.series[0].idxs[1] - u.series[0].idxs[0] > 2.5 * u.bbox.width / devicePixelRatio;

  function element(tag, text, parent, name) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (name) made.className = name;
    if (parent) parent.append(made);
    return made;
  }

  // ---- marks over and under the lines

  function clipped(u, paint) {
    const {ctx, bbox} = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    paint(ctx, bbox);
    ctx.restore();
  }

  function shadeEvents(data) {
    return (u) => clipped(u, (ctx, box) => {
      for (const event of data.events) {
        const left = u.valToPos(event.start, 'x', true), right = u.valToPos(event.end, 'x', true);
        if (right < box.left || left > box.left + box.width) continue;
        ctx.fillStyle = data.kinds[event.kind].colour + '38';
        const wide = Math.max(right - left, 2);
        ctx.fillRect((left + right - wide) / 2, box.top, wide, box.height);
      }
    });
  }

  function symbol(ctx, points, x, y, size) {
    ctx.beginPath();
    points.forEach(([dx, dy], corner) => ctx[corner ? 'lineTo' : 'moveTo'](x + dx * size, y + dy * size));
    ctx.closePath();
  }

  function markEvents(data) {
    return (u) => clipped(u, (ctx, box) => {
      const size = 6 * devicePixelRatio;
      for (const event of data.events) {
        const x = u.valToPos(event.at, 'x', true);
        if (event.value === null || x < box.left - size || x > box.left + box.width + size) continue;
        const y = u.valToPos(event.value, 'y', true);
        const inside = Math.min(Math.max(y, box.top + size), box.top + box.height - size);
        symbol(ctx, data.kinds[event.kind].shape, x, inside, size);
        ctx.fillStyle = data.kinds[event.kind].colour;
        ctx.strokeStyle = '#fff';
        ctx.lineWidth = 1.2 * devicePixelRatio;
        ctx.fill();
        ctx.stroke();
      }
    });
  }

  function line(ctx, colour, dash, x0, y0, x1, y1) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(dash.map((part) => part * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
    ctx.stroke();
  }

  function markChanges(data) {
    return (u) => clipped(u, (ctx, box) => {
      for (const moment of data.changes) {
        const x = u.valToPos(moment, 'x', true);
        line(ctx, INK.change, [5, 4], x, box.top, x, box.top + box.height);
      }
    });
  }

  function markLimits(data, small) {
    return (u) => clipped(u, (ctx, box) => {
      data.limits.forEach((limit, which) => {
        if (limit === null) return;
        const y = u.valToPos(limit, 'y', true);
        if (y < box.top || y > box.top + box.height) return;
        line(ctx, INK.limit, [8, 3, 2, 3], box.left, y, box.left + box.width, y);
        if (small) return;
        ctx.fillStyle = INK.limit;
        ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
        ctx.textAlign = 'left';
        ctx.textBaseline = 'alphabetic';
        ctx.fillText(`${which ? 'highest' : 'lowest'} allowed ${said(limit)}`, box.left + 6 * devicePixelRatio,
          y + (which ? 13 : -5) * devicePixelRatio);
      });
    });
  }

  // ---- scales

  // Of the rows in view: the readings and the expected line whole, of the band at most half of that more on each side.
  // Limits are in view where they are near.
  function valueRange(data, rows, small) {
    return (u, low, high) => {
      if (low === null || high === null) return [0, 1];
      const span = high - low || Math.abs(high) * 0.02 || 1;
      let [least, most] = [low, high];
      const [first, last] = u.series[0].idxs || [0, rows.time.length - 1];
      for (let row = first; row <= last; row++) {
        if (rows.low[row] !== null && rows.low[row] < least) least = rows.low[row];
        if (rows.high[row] !== null && rows.high[row] > most) most = rows.high[row];
      }
      least = Math.max(least, low - span / 2);
      most = Math.min(most, high + span / 2);
      const [lowest, highest] = small ? [null, null] : data.limits;
      if (lowest !== null && lowest > least - span / 2) least = Math.min(least, lowest);
      if (highest !== null && highest < most + span / 2) most = Math.max(most, highest);
      const edge = most - least > span / 100 ? 0.04 * (most - least) : span / 2;
      return [least - edge, most + edge];
    };
  }

  function plainRange(u, low, high) {
    if (low === null || high === null) return [0, 1];
    const edge = 0.06 * (high - low) || Math.abs(high) * 0.01 || 1;
    return [low - edge, high + edge];
  }

  function timeRange(u, low, high) {
    if (low === null || high === null) return [0, 86400];
    return high > low ? [low, high] : [low - 1800, high + 1800];  // a single reading: an hour around it
  }

  const smallNumbers = (u, splits) => splits.map((x) => {
    const text = String(Number(x.toPrecision(7)));
    return text.length > 8 ? x.toExponential(2) : text;
  });

  function axes(label, hasTimes, small, space = 34) {
    const common = {stroke: INK.text, font: small ? '10px system-ui, sans-serif' : FONT,
      grid: {stroke: INK.grid, width: 1}, ticks: {stroke: INK.grid, width: 1, size: small ? 3 : 6}};
    const times = hasTimes ? {values: TICKS, space: small ? 60 : 70, size: small ? 36 : 42}
      : {values: (u, splits) => splits.map(() => ''), size: 6, space: 70};
    return [{...common, ...times},
      {...common, size: small ? 46 : EDGE, space: small ? 26 : space, values: smallNumbers,
        ...(label && !small ? {label, labelSize: 20, labelGap: 0, labelFont: FONT, size: EDGE - 14} : {})}];
  }

  // ---- panels

  function readingPanel(data, rows, when, small) {
    return {
      tzDate: when.date, legend: {show: false}, padding: small ? [4, 14, 0, 0] : [8, 22, 0, 0],
      scales: {x: {range: timeRange}, y: {range: valueRange(data, rows, small)}},
      axes: axes(data.label, small, small),
      series: [
        {},
        {stroke: 'transparent', auto: false, points: {show: false}},
        {stroke: 'transparent', auto: false, points: {show: false}},
        {stroke: (u) => (isDense(u) ? INK.many : INK.reading), width: 1,
          points: {show: few(rows), size: 5, fill: INK.reading}},
        {stroke: (u) => (isDense(u) ? INK.dense : INK.expected), width: 1.4, points: {show: false}},
      ],
      bands: [{series: [1, 2], fill: INK.band}],
      hooks: {
        drawClear: [shadeEvents(data)],
        draw: [markChanges(data), markLimits(data, small), ...(small ? [] : [markEvents(data)])],
      },
    };
  }

  // Readings that stand alone have no line: they get a point.
  const few = (rows) => (u, series, first, last) => last - first < 60;

  function residualPanel(data, rows, when) {
    const limit = data.threshold;
    const beyond = (u) => clipped(u, (ctx) => {
      const [first, last] = u.series[0].idxs;
      ctx.fillStyle = INK.beyond;
      const size = 3 * devicePixelRatio;
      let column = -1;
      for (let row = first; row <= last; row++) {
        const value = rows.residual[row];
        if (value === null || Math.abs(value) <= limit) continue;
        const x = Math.round(u.valToPos(rows.time[row], 'x', true));
        if (x === column) continue;  // one a pixel is enough
        column = x;
        ctx.fillRect(x - size / 2, u.valToPos(value, 'y', true) - size / 2, size, size);
      }
    });
    const usual = (u) => clipped(u, (ctx, box) => {
      const top = u.valToPos(limit, 'y', true), bottom = u.valToPos(-limit, 'y', true);
      ctx.fillStyle = INK.band;
      ctx.fillRect(box.left, top, box.width, bottom - top);
    });
    return {
      tzDate: when.date, legend: {show: false}, padding: [4, 22, 0, 0],
      scales: {x: {range: timeRange}, y: {range: (u, low, high) => {
        const reach = 1.1 * Math.max(limit * 1.2, Math.abs(low || 0), Math.abs(high || 0));
        return [-reach, reach];
      }}},
      axes: axes('residual [σ]', false, false, 18),
      series: [{}, {stroke: INK.reading, width: 1, points: {show: few(rows), size: 4}}],
      hooks: {drawClear: [usual, shadeEvents(data)], draw: [markChanges(data), beyond]},
    };
  }

  function severityPanel(data, rows, when) {
    return {
      tzDate: when.date, legend: {show: false}, padding: [4, 22, 0, 0],
      scales: {x: {range: timeRange}, y: {range: (u, low, high) => [0, Math.max(1, 1.1 * (high || 0))]}},
      axes: axes('severity', true, false, 18),
      series: [{}, {stroke: INK.severity, fill: INK.severity + '66', width: 1, points: {show: false}}],
      hooks: {drawClear: [shadeEvents(data)]},
    };
  }

  // ---- the chart with its buttons and the text at the pointer

  const SPANS = [[60, '1 min'], [600, '10 min'], [3600, '1 h'], [21600, '6 h'], [86400, '1 day'], [604800, '1 week'],
    [2592000, '30 days'], [7776000, '90 days'], [31557600, '1 year'], [157788000, '5 years']];

  function linkPanels(host, panels, time, when, events, tell) {
    const bar = element('div', '', host, 'ranges');
    const whole = timeRange(null, time.length ? time[0] : null, time.length ? time[time.length - 1] : null);
    const plots = [];
    const view = element('output', '');
    const tip = element('div', '', null, 'tip');
    let busy = false;

    const show = (min, max) => {
      const wide = Math.min(max - min, whole[1] - whole[0]);
      const from = Math.min(Math.max(min, whole[0]), whole[1] - wide);
      plots[0].setScale('x', {min: from, max: from + wide});
    };
    const spread = (u, key) => {
      if (key !== 'x' || busy) return;
      busy = true;
      const {min, max} = u.scales.x;
      for (const other of plots) if (other !== u) other.setScale('x', {min, max});
      busy = false;
      const digits = max - min > 7200 ? 16 : 19;  // seconds matter within hours
      view.textContent = `${when.text(min).slice(0, digits)} to ${when.text(max).slice(0, digits)}`;
      for (const button of bar.querySelectorAll('[data-seconds]')) {
        button.setAttribute('aria-pressed', String(Math.abs(button.dataset.seconds - (max - min)) < 1));
      }
    };
    const point = (u) => {
      const row = u.cursor.idx, left = u.cursor.left;
      const here = left >= 0 && row !== null && row !== undefined;
      tip.hidden = !here;
      if (!here) return;
      tip.replaceChildren();
      tell(tip, row, u.posToVal(left, 'x'));
      const box = u.over.getBoundingClientRect(), home = host.getBoundingClientRect();
      const x = box.left - home.left + left, y = box.top - home.top + u.cursor.top;
      tip.style.left = `${Math.min(Math.max(0, x > home.width / 2 ? x - tip.offsetWidth - 14 : x + 14), Math.max(0, home.width - tip.offsetWidth))}px`;
      tip.style.top = `${Math.max(0, y - tip.offsetHeight - 10)}px`;
    };
    const button = (text, title, act) => {
      const made = element('button', text, bar);
      made.type = 'button';
      made.title = title;
      made.addEventListener('click', act);
      return made;
    };
    const inView = () => plots[0].scales.x;
    const span = whole[1] - whole[0];
    const step = time.length > 1 ? span / (time.length - 1) : span;
    for (const [seconds, text] of SPANS.filter(([s]) => s < span * 0.999 && s > 8 * step).slice(-5)) {
      button(text, `show ${text}`, () => {
        const {min, max} = inView();
        const middle = max - min > span * 0.999 ? whole[1] - seconds / 2 : (min + max) / 2;
        show(middle - seconds / 2, middle + seconds / 2);
      }).dataset.seconds = seconds;
    }
    button('all', 'show all readings', () => show(...whole)).dataset.seconds = span;
    const move = (part) => { const {min, max} = inView(); show(min + part * (max - min), max + part * (max - min)); };
    button('◀', 'earlier', () => move(-0.5));
    button('▶', 'later', () => move(0.5));
    const chosen = (event) => {
      const reach = Math.max(1.5 * (event.end - event.start), 40 * step);
      show(event.start - reach, event.end + reach);
    };
    if (events.length) {
      let at = -1;
      const go = (by) => {
        at = (at + by + events.length) % events.length;
        if (at < 0) at = events.length - 1;
        chosen(events[at]);
      };
      button('‹ event', 'the event before', () => go(at < 0 ? 0 : -1));
      button('event ›', 'the next event', () => go(1));
    }
    bar.append(view);

    const key = `together ${Math.random()}`;
    for (const {options, columns, height} of panels) {
      options.cursor = {sync: {key, setSeries: false}, drag: {x: true, y: false, dist: 4}, y: false, points: {size: 7}};
      options.hooks = options.hooks || {};
      options.hooks.setScale = [spread];
      options.hooks.setCursor = [(u) => u.cursor.event && point(u)];
      plots.push(new uPlot({...options, width: host.clientWidth, height}, columns, element('div', '', host)));
    }
    for (const plot of plots) plot.over.addEventListener('mouseleave', () => { tip.hidden = true; });
    host.append(tip);
    tip.hidden = true;
    show(...whole);
    fit(host, plots, (number) => panels[number].height);
    return {show: chosen, plots};
  }

  // Plots are as wide as their place, whatever becomes of the window.
  function fit(place, plots, height) {
    new ResizeObserver(() => {
      for (const [number, plot] of plots.entries()) {
        if (place.clientWidth && plot.width !== place.clientWidth) {
          plot.setSize({width: place.clientWidth, height: height(number)});
        }
      }
    }).observe(place);
  }

  // Without readings there is nothing to draw: the same answer as a chart gives.
  function empty(host) {
    element('p', 'No readings.', host, 'none');
    return {show() {}, inset() {}, plots: [{root: host}]};
  }

  function judged(rows, threshold) {
    const at = (row) => rows.value[row] !== null && rows.expected[row] !== null;
    const by = (make) => rows.time.map((_, row) => (at(row) ? make(rows.value[row], rows.expected[row], rows.scale[row]) : null));
    return {...rows, low: by((v, e, s) => e - threshold * s), high: by((v, e, s) => e + threshold * s),
      residual: by((v, e, s) => (v - e) / s)};
  }

  const unit = (data) => (data.unit ? ` ${data.unit}` : '');

  function tellReading(data, rows, when) {
    return (tip, row, moment) => {
      element('b', when.text(rows.time[row]), tip);
      const text = (x) => said(x, data.digits);
      if (rows.value[row] !== null) {
        element('span', `reading ${text(rows.value[row])}${unit(data)}`, tip);
        element('span', `expected ${text(rows.expected[row])}${unit(data)}, usual ${text(rows.low[row])} to ${text(rows.high[row])}`, tip);
        element('span', `${said(Number(rows.residual[row].toFixed(2)))} σ; severity ${rows.severity[row].toFixed(2)}`, tip);
      } else element('span', 'no readings', tip);
      for (const event of data.events) {
        if (event.start <= Math.max(moment, rows.time[row]) && Math.min(moment, rows.time[row]) <= event.end) {
          const told = element('span', `${event.kind}: ${event.words}`, tip, 'event');
          told.style.borderColor = data.kinds[event.kind].colour;
        }
      }
    };
  }

  // The chart of a detection in host; resolves with show(event) and inset(host, event).
  async function detection(host, data) {
    const when = clock(data.offsets);
    const rows = judged(await unpack(data.course), data.threshold);
    const tall = Math.max(220, Math.min(340, innerHeight * 0.42));
    const {time, low, high, value, expected, residual, severity} = rows;
    if (!time.length) return empty(host);
    const chart = linkPanels(host, [
      {options: readingPanel(data, rows, when, false), columns: [time, high, low, value, expected], height: tall},
      {options: residualPanel(data, rows, when), columns: [time, residual], height: 110},
      {options: severityPanel(data, rows, when), columns: [time, severity], height: 110},
    ], time, when, data.events, tellReading(data, rows, when));
    chart.plots[0].over.addEventListener('click', () => {
      const {left} = chart.plots[0].cursor;
      const near = data.events.map((event) => [Math.abs(chart.plots[0].valToPos(event.at, 'x') - left), event]);
      const [distance, event] = near.reduce((best, one) => (one[0] < best[0] ? one : best), [12, null]);
      if (event && distance < 12 && window.chosenEvent) window.chosenEvent(event.id);
    });
    return {...chart, inset: (place, event) => inset(place, data, rows, when, event)};
  }

  // A small chart of the readings around an event, all of them.
  function inset(place, data, rows, when, event) {
    const at = (moment) => {
      let [low, high] = [0, rows.time.length];
      while (low < high) { const mid = (low + high) >> 1; if (rows.time[mid] < moment) low = mid + 1; else high = mid; }
      return low;
    };
    const first = at(event.start), last = at(event.end);
    const reach = Math.max(24, Math.round(0.8 * (last - first)));
    const part = (column) => column.slice(Math.max(0, first - reach), last + reach + 1);
    const cut = {time: part(rows.time), low: part(rows.low), high: part(rows.high)};
    const options = {...readingPanel(data, cut, when, true), cursor: {show: false}, width: place.clientWidth, height: place.clientHeight};
    const plot = new uPlot(options, [cut.time, cut.high, cut.low, part(rows.value), part(rows.expected)], place);
    fit(place, [plot], () => place.clientHeight);
  }

  // Readings of one or several sensors over each other; those of another unit in a panel of their own.
  async function readings(host, data) {
    const when = clock(data.offsets);
    const found = await Promise.all(data.series.map(async (one, number) => ({...one, number, ...(await unpack(one.course))})));
    if (!found.some((one) => one.time.length)) return empty(host);
    const units = [...new Set(found.map((one) => one.unit || ''))];
    // Dashes tell lines of one panel apart where colours do not.
    for (const name of units) found.filter((one) => (one.unit || '') === name).forEach((one, place) => { one.dash = DASHES[place % DASHES.length]; });
    const key = document.getElementById('key');
    if (key && found.length > 1) {
      for (const one of found) {
        const entry = element('span', '', key);
        const look = one.dash.length ? 'dashed' : 'solid';
        element('i', '', entry).style.borderTop = `3px ${look} ${colour(found, one)}`;
        entry.append(one.unit ? `${one.name} [${one.unit}]` : one.name);
      }
    }
    const whole = uPlot.join(found.map((one) => [one.time, one.value]), found.map(() => [2]));
    const panels = units.map((name, number) => {
      const those = found.filter((one) => (one.unit || '') === name);
      return {
        height: Math.max(180, Math.min(360, innerHeight * 0.5) / units.length + 60),
        columns: [whole[0], ...those.map((one) => whole[found.indexOf(one) + 1])],
        options: {
          tzDate: when.date, legend: {show: false}, padding: [8, 22, 0, 0],
          scales: {x: {range: timeRange}, y: {range: plainRange}},
          axes: axes(those.length === 1 ? those[0].label : name, number === units.length - 1),
          series: [{}, ...those.map((one) => ({
            stroke: colour(found, one), width: found.length > 1 ? 1.4 : 1, spanGaps: false,
            dash: one.dash,
            points: {show: (u, series, from, to) => to - from < 60 * found.length, size: 5, fill: colour(found, one)},
          }))],
        },
      };
    });
    const latest = (one, row) => {
      let at = row;
      const column = whole[found.indexOf(one) + 1];
      while (at > 0 && (column[at] === undefined || column[at] === null)) at--;
      return column[at];
    };
    return linkPanels(host, panels, whole[0], when, [], (tip, row) => {
      element('b', when.text(whole[0][row]), tip);
      for (const one of found) {
        const text = element('span', `${found.length > 1 ? `${one.name}: ` : ''}${said(latest(one, row))}${unit(one)}`, tip, 'event');
        text.style.borderColor = colour(found, one);
      }
    });
  }

  const colour = (found, one) => (found.length > 1 ? OTHERS[one.number % OTHERS.length] : INK.reading);

  // Small charts of events are drawn when they come into view.
  function drawInsets(list, data, chart) {
    const ofId = Object.fromEntries(data.events.map((event) => [event.id, event]));
    const watch = new IntersectionObserver((seen) => {
      for (const {isIntersecting, target} of seen) {
        if (!isIntersecting) continue;
        watch.unobserve(target);
        const event = ofId[target.closest('li').dataset.eventId];
        if (event) chart.inset(target, event);
      }
    }, {rootMargin: '300px'});
    for (const place of list.querySelectorAll('.inset')) {
      watch.observe(place);
      const event = ofId[place.closest('li').dataset.eventId];
      place.addEventListener('click', () => { chart.show(event); chart.plots[0].root.scrollIntoView({block: 'center'}); });
    }
  }

  return {detection, readings, drawInsets};
})();
