// Charts: of a detection, of readings of several sensors, and small ones of each event.
'use strict';
(() => {
  const {INK, Plot, unpack, clock, rowFrom, nearestRow, saidTo, element, linkPanels} = iotctl;
  const {readingPanel, residualPanel, severityPanel, axes, edgeOf, plainRange} = iotctl;
  const OTHERS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#332288', '#882255'];
  const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];

  // Without readings there is nothing to draw: the same answer as a chart gives.
  function empty(host) {
    element('p', 'No readings.', host, 'none');
    return {show() {}, inset() {}, place: host};
  }

  function judged(rows, threshold) {
    const at = (row) => rows.value[row] !== null && rows.expected[row] !== null;
    const made = (make, row) => make(rows.value[row], rows.expected[row], rows.scale[row]);
    const by = (make) => rows.time.map((_, row) => (at(row) ? made(make, row) : null));
    return {...rows, low: by((v, e, s) => e - threshold * s), high: by((v, e, s) => e + threshold * s),
      residual: by((v, e, s) => (v - e) / s)};
  }

  const unit = (data) => (data.unit ? ` ${data.unit}` : '');

  function tellReading(data, rows, when) {
    return (tip, moment) => {
      const row = nearestRow(rows.time, moment);
      element('b', when.text(rows.time[row]), tip);
      const text = (x) => saidTo(x, rows.scale[row]);
      if (rows.value[row] !== null) {
        element('span', `reading ${text(rows.value[row])}${unit(data)}`, tip);
        const usual = `usual ${text(rows.low[row])} to ${text(rows.high[row])}`;
        element('span', `expected ${text(rows.expected[row])}${unit(data)}, ${usual}`, tip);
        const far = `${rows.residual[row].toFixed(2)} σ`;
        element('span', `${far}; severity ${rows.severity[row].toFixed(2)}`, tip);
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
    data.edge = edgeOf(rows);
    const tall = Math.max(220, Math.min(340, innerHeight * 0.42));
    if (!rows.time.length) return empty(host);
    const click = (plot, x) => {
      const near = data.events.map((event) => [Math.abs(plot.xOf(event.at) - x), event]);
      const [distance, event] = near.reduce((best, one) => (one[0] < best[0] ? one : best), [12, null]);
      if (event && distance < 12 && window.chosenEvent) window.chosenEvent(event.id);
    };
    const chart = linkPanels(host, [
      {...readingPanel(data, rows, when, false), height: tall, click},
      {...residualPanel(data, rows, when), height: 110},
      {...severityPanel(data, rows, when), height: 110},
    ], when, data.events, tellReading(data, rows, when));
    return {...chart, inset: (place, event) => inset(place, data, rows, when, event)};
  }

  // A small chart of the readings around an event, all of them.
  function inset(place, data, rows, when, event) {
    const first = rowFrom(rows.time, event.start), last = rowFrom(rows.time, event.end);
    const reach = Math.max(24, Math.round(0.8 * (last - first)));
    const [from, to] = [Math.max(0, first - reach), Math.min(rows.time.length - 1, last + reach)];
    const plot = new Plot(place, readingPanel(data, rows, when, true));
    if (from < to) plot.show(rows.time[from], rows.time[to]);
    else plot.show(rows.time[from] - 1800, rows.time[from] + 1800);
  }

  // Readings of one or several sensors in one panel for each unit.
  async function readings(host, data) {
    const when = clock(data.offsets);
    const unpacked = async (one, number) => ({...one, number, ...(await unpack(one.course))});
    const found = await Promise.all(data.series.map(unpacked));
    if (!found.some((one) => one.time.length)) return empty(host);
    for (const one of found) {
      const known = one.value.filter((x) => x !== null);
      const end = (pick) => known.reduce((best, x) => pick(best, x), known[0]);
      one.reach = end(Math.max) - end(Math.min) || 1;
    }
    const units = [...new Set(found.map((one) => one.unit || ''))];
    // Dashes tell lines with the same colour apart.
    for (const name of units) {
      const those = found.filter((one) => (one.unit || '') === name);
      those.forEach((one, place) => { one.dash = DASHES[place % DASHES.length]; });
    }
    const key = document.getElementById('key');
    if (key && found.length > 1) {
      for (const one of found) {
        const entry = element('span', '', key);
        const look = one.dash.length ? 'dashed' : 'solid';
        element('i', '', entry).style.borderTop = `3px ${look} ${colour(found, one)}`;
        entry.append(one.unit ? `${one.name} [${one.unit}]` : one.name);
      }
    }
    const panels = units.map((name, number) => {
      const those = found.filter((one) => (one.unit || '') === name);
      return {
        ...axes(when, those.length === 1 ? those[0].label : name, {times: number === units.length - 1}),
        height: Math.max(180, Math.min(360, innerHeight * 0.5) / units.length + 60),
        range: plainRange,
        lines: those.map((one) => ({time: one.time, value: one.value, colour: colour(found, one), dash: one.dash,
          width: found.length > 1 ? 1.4 : 1, point: 5})),
      };
    });
    return linkPanels(host, panels, when, [], tellReadings(found, when));
  }

  // The time of the nearest reading, and each sensor's latest reading up to this time.
  function tellReadings(found, when) {
    const latest = ({time, value}, moment) => {
      let row = rowFrom(time, moment);
      if (time[row] !== moment) row--;
      while (row > 0 && value[row] === null) row--;
      return value[row];
    };
    return (tip, pointed) => {
      const times = found.filter(({time}) => time.length).map(({time}) => time[nearestRow(time, pointed)]);
      const far = (time) => Math.abs(time - pointed);
      const moment = times.reduce((best, time) => (far(time) < far(best) ? time : best));
      element('b', when.text(moment), tip);
      for (const one of found) {
        const name = found.length > 1 ? `${one.name}: ` : '';
        const value = saidTo(latest(one, moment), one.reach / 100);
        element('span', `${name}${value}${unit(one)}`, tip, 'event').style.borderColor = colour(found, one);
      }
    };
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
      place.addEventListener('click', () => { chart.show(event); chart.place.scrollIntoView({block: 'center'}); });
    }
  }

  Object.assign(iotctl, {detection, readings, drawInsets});
})();
