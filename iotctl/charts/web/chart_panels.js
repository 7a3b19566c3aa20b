// The panels of a chart, as plot.js takes them: scales, axes, lines, and the marks under and over them.
'use strict';
(() => {
  const {INK, said, saidTo} = iotctl;
  const EDGE = 74, LETTERS = 8;  // pixels for the labels of each y axis: the panels line up

  // More readings than a screen can show.
  const isDense = (plot, time) => {
    const [first, last] = plot.rows(time);
    return last - first > 2.5 * plot.box.width;
  };

  // ---- marks over and under the lines

  function shadeEvents(data) {
    return (plot, ctx) => {
      const {box} = plot;
      for (const event of data.events) {
        const left = plot.xOf(event.start), right = plot.xOf(event.end);
        if (right < box.left || left > box.left + box.width) continue;
        ctx.fillStyle = data.kinds[event.kind].colour + '38';
        const wide = Math.max(right - left, 2);
        ctx.fillRect((left + right - wide) / 2, box.top, wide, box.height);
      }
    };
  }

  function symbol(ctx, points, x, y, size) {
    ctx.beginPath();
    points.forEach(([dx, dy], corner) => ctx[corner ? 'lineTo' : 'moveTo'](x + dx * size, y + dy * size));
    ctx.closePath();
  }

  function markEvents(data) {
    const size = 6;
    return (plot, ctx) => {
      const {box} = plot;
      for (const event of data.events) {
        const x = plot.xOf(event.at);
        if (event.value === null || x < box.left - size || x > box.left + box.width + size) continue;
        const inside = Math.min(Math.max(plot.yOf(event.value), box.top + size), box.top + box.height - size);
        symbol(ctx, data.kinds[event.kind].shape, x, inside, size);
        ctx.fillStyle = data.kinds[event.kind].colour;
        for (const [edge, wide] of [['#fff', 3], ['rgba(0,0,0,.6)', 0.8]]) {  // is seen on light and on dark
          ctx.strokeStyle = edge;
          ctx.lineWidth = wide;
          ctx.stroke();
          ctx.fill();
        }
      }
    };
  }

  function line(ctx, colour, dash, x0, y0, x1, y1) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
    ctx.stroke();
  }

  function markChanges(data) {
    return (plot, ctx) => {
      const {box} = plot;
      for (const moment of data.changes) {
        const x = plot.sharp(plot.xOf(moment));
        line(ctx, INK.change, [5, 4], x, box.top, x, box.top + box.height);
      }
    };
  }

  function markLimits(data, small) {
    return (plot, ctx) => {
      const {box} = plot;
      data.limits.forEach((limit, which) => {
        if (limit === null) return;
        const y = plot.sharp(plot.yOf(limit));
        if (y < box.top || y > box.top + box.height) return;
        line(ctx, INK.limit, [8, 3, 2, 3], box.left, y, box.left + box.width, y);
        if (small) return;
        ctx.fillStyle = INK.limit;
        ctx.font = '11px system-ui, sans-serif';
        ctx.textAlign = 'left';
        ctx.textBaseline = 'alphabetic';
        ctx.fillText(`${which ? 'highest' : 'lowest'} allowed ${said(limit)}`, box.left + 6, y + (which ? 13 : -5));
      });
    };
  }

  // ---- scales

  // For the rows in view: all readings and the expected line, and at most half of that more of the band on each side.
  // Limits are in view if they are near.
  function valueRange(data, rows, small) {
    return (plot, low, high) => {
      if (low === null || high === null) return [0, 1];
      const span = high - low || Math.abs(high) * 0.02 || 1;
      let [least, most] = [low, high];
      const [first, last] = plot.rows(rows.time);
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

  function plainRange(plot, low, high) {
    if (low === null || high === null) return [0, 1];
    const edge = 0.06 * (high - low) || Math.abs(high) * 0.01 || 1;
    return [low - edge, high + edge];
  }

  // Wider for long numbers, such as 101325.025.
  function edgeOf(rows) {
    const size = (row) => Math.abs(rows.value[row] || 0);
    const longest = rows.value.reduce((found, x, row) => (size(row) > size(found) ? row : found), 0);
    if (!rows.scale[longest]) return EDGE;
    return EDGE + 7 * Math.min(4, Math.max(0, saidTo(rows.value[longest], rows.scale[longest] / 5).length - LETTERS));
  }

  // Axes and clock of a panel. apart: pixels between two numbers at least.
  function axes(when, label, {times = true, small = false, edge = EDGE, apart = 34} = {}) {
    return small ? {offsets: when.offsets, times, small, edge: edge - 28, apart: 26}
      : {offsets: when.offsets, times, label, edge: edge + 6, apart};
  }

  // ---- panels

  function readingPanel(data, rows, when, small) {
    const {time} = rows;
    return {
      ...axes(when, data.label, {times: small, small, edge: data.edge}),
      range: valueRange(data, rows, small),
      lines: [
        {time, value: rows.value, colour: (plot) => (isDense(plot, time) ? INK.many : INK.reading), point: 5},
        {time, value: rows.expected, colour: (plot) => (isDense(plot, time) ? INK.dense : INK.expected), width: 1.4},
      ],
      band: {time, low: rows.low, high: rows.high, colour: INK.band},
      under: [shadeEvents(data)],
      over: [markChanges(data), markLimits(data, small), ...(small ? [] : [markEvents(data)])],
    };
  }

  function residualPanel(data, rows, when) {
    const {time, residual} = rows, limit = data.threshold, size = 3;
    const beyond = (plot, ctx) => {
      const [first, last] = plot.rows(time);
      ctx.fillStyle = INK.beyond;
      let column = -1;
      for (let row = first; row <= last; row++) {
        if (residual[row] === null || Math.abs(residual[row]) <= limit) continue;
        const x = Math.round(plot.xOf(time[row]));
        if (x === column) continue;  // one a pixel is enough
        column = x;
        ctx.fillRect(x - size / 2, plot.yOf(residual[row]) - size / 2, size, size);
      }
    };
    const usual = (plot, ctx) => {
      ctx.fillStyle = INK.band;
      ctx.fillRect(plot.box.left, plot.yOf(limit), plot.box.width, plot.yOf(-limit) - plot.yOf(limit));
    };
    return {
      ...axes(when, 'residual [σ]', {times: false, edge: data.edge, apart: 16}),
      range: (plot, low, high) => {
        const reach = 1.1 * Math.max(limit * 1.2, Math.abs(low || 0), Math.abs(high || 0));
        return [-reach, reach];
      },
      lines: [{time, value: residual, colour: INK.reading, point: 4}],
      under: [usual, shadeEvents(data)],
      over: [markChanges(data), beyond],
    };
  }

  function severityPanel(data, rows, when) {
    return {
      ...axes(when, 'severity', {edge: data.edge, apart: 16}),
      range: (plot, low, high) => [0, Math.max(1, 1.1 * (high || 0))],
      lines: [{time: rows.time, value: rows.severity, colour: INK.severity, fill: INK.severity + '66'}],
      under: [shadeEvents(data)],
    };
  }

  Object.assign(iotctl, {readingPanel, residualPanel, severityPanel, axes, edgeOf, plainRange});
})();
