// The panels of a chart, as options of uPlot: scales, axes, lines, and the marks under and over them.
'use strict';
(() => {
  const {INK, said, saidTo} = iotctl;
  const EDGE = 74, LETTERS = 8;  // pixels for the labels of each y axis: the panels line up
  const FONT = '12px system-ui, sans-serif';
  const TICKS = [
    [31536000, '{YYYY}', null, null, null, null, null, null, 1],
    [2419200, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
    [86400, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
    [3600, '{HH}:{mm}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
    [60, '{HH}:{mm}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
    [1, '{HH}:{mm}:{ss}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, null, null, 1],
    [0.001, ':{ss}.{fff}', '\n{D} {MMM} {YYYY} {HH}:{mm}', null, '\n{D} {MMM} {HH}:{mm}', null, '\n{HH}:{mm}', null, 1],
  ];

  // More readings than can be told apart.
  const isDense = (u) => {
    const rows = u.series[0].idxs;
    return rows && rows[1] - rows[0] > 2.5 * u.bbox.width / devicePixelRatio;
  };

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
        for (const [edge, wide] of [['#fff', 3], ['rgba(0,0,0,.6)', 0.8]]) {  // is seen on light and on dark
          ctx.strokeStyle = edge;
          ctx.lineWidth = wide * devicePixelRatio;
          ctx.stroke();
          ctx.fill();
        }
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

  // With as many decimals as tell two ticks apart.
  const smallNumbers = (u, splits, axis, space, step) => splits.map((x) => {
    let decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    if (Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals++;  // steps of 2.5
    const text = decimals < 9 ? x.toFixed(decimals) : '';
    return !text || text.length > 10 || Math.abs(x) >= 1e7 ? x.toExponential(1).replace('e+', 'e') : text;
  });

  // Wider where numbers are long, such as 101325.025.
  function edgeOf(rows) {
    const size = (row) => Math.abs(rows.value[row] || 0);
    const longest = rows.value.reduce((found, x, row) => (size(row) > size(found) ? row : found), 0);
    if (!rows.scale[longest]) return EDGE;
    return EDGE + 7 * Math.min(4, Math.max(0, saidTo(rows.value[longest], rows.scale[longest] / 5).length - LETTERS));
  }

  function axes(label, hasTimes, small, space = 34, edge = EDGE) {
    const common = {stroke: INK.text, font: small ? '10px system-ui, sans-serif' : FONT,
      grid: {stroke: INK.grid, width: 1}, ticks: {stroke: INK.grid, width: 1, size: small ? 3 : 6}};
    const times = hasTimes ? {values: TICKS, space: small ? 60 : 70, size: small ? 36 : 42}
      : {values: (u, splits) => splits.map(() => ''), size: 6, space: 70};
    return [{...common, ...times},
      {...common, size: small ? edge - 28 : edge, space: small ? 26 : space, values: smallNumbers,
        ...(label && !small ? {label, labelSize: 20, labelGap: 0, labelFont: FONT, size: edge - 14} : {})}];
  }

  // ---- panels

  function readingPanel(data, rows, when, small) {
    return {
      tzDate: when.date, legend: {show: false}, padding: small ? [4, 14, 0, 0] : [8, 22, 0, 0],
      scales: {x: {range: timeRange}, y: {range: valueRange(data, rows, small)}},
      axes: axes(data.label, small, small, 34, data.edge),
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
      axes: axes('residual [σ]', false, false, 18, data.edge),
      series: [{}, {stroke: INK.reading, width: 1, points: {show: few(rows), size: 4}}],
      hooks: {drawClear: [usual, shadeEvents(data)], draw: [markChanges(data), beyond]},
    };
  }

  function severityPanel(data, rows, when) {
    return {
      tzDate: when.date, legend: {show: false}, padding: [4, 22, 0, 0],
      scales: {x: {range: timeRange}, y: {range: (u, low, high) => [0, Math.max(1, 1.1 * (high || 0))]}},
      axes: axes('severity', true, false, 18, data.edge),
      series: [{}, {stroke: INK.severity, fill: INK.severity + '66', width: 1, points: {show: false}}],
      hooks: {drawClear: [shadeEvents(data)]},
    };
  }

  Object.assign(iotctl, {readingPanel, residualPanel, severityPanel, axes, edgeOf, plainRange, timeRange});
})();
