// A plot: lines over time on a canvas, with axes, and what the pointer does there. Lengths are in pixels of the page,
// times in seconds since 1970-01-01 UTC. A value that is null breaks its line.
'use strict';
(() => {
  const {INK, element, rowFrom, nearestRow, timeTicks, numberTicks} = iotctl;
  const FEW = 60;  // with fewer readings in view, each has a point
  const PIECE = 64;  // points of a line that are painted together
  const DRAG = 4;  // pixels: below that it is a click
  const ROOM = {plain: {font: 12, tick: 6, times: 42, none: 6, apart: 70, right: 22},
    small: {font: 10, tick: 3, times: 36, none: 6, apart: 60, right: 14}};
  const TOP = 8;  // above the box
  const GAP = 5, LABEL = 14;  // from a tick to its text; from the left to the middle of the text along the y axis
  // If the browser can: also when the window moves to a screen with other pixels.
  const BOX = 'devicePixelContentBoxSize' in ResizeObserverEntry.prototype ? 'device-pixel-content-box' : 'content-box';

  class Plot {
    // place: the element to fill; it has a size of its own, and the plot follows it.
    // panel:
    //   offsets        the zone's clock, see timeTicks
    //   range          (plot, low, high) -> the ends of the y axis, for the lowest and the highest value in view
    //   lines          [{time, value, colour, width, dash, fill, point}]; colour: a text, or (plot) -> text;
    //                  fill: a colour from the line to 0; point: the width of the points of readings that are few
    //   band           {time, low, high, colour}: an area between two lines
    //   under, over    [(plot, ctx)]: what else to paint, below and above the lines
    //   edge           room on the left, for numbers and label
    //   label, apart   text along the y axis, and how far its numbers are from each other at least
    //   times, small   whether times stand below; whether the texts are small
    constructor(place, panel) {
      this.place = element('div', '', place, 'plot');
      Object.assign(this, {panel, min: 0, max: 1, low: 0, high: 1});
      this.room = panel.small ? ROOM.small : ROOM.plain;
      this.box = {left: 0, top: 0, width: 0, height: 0};
      this.canvas = element('canvas', '', this.place);
      this.ctx = this.canvas.getContext('2d');
      new ResizeObserver(() => { if (this.hasNewSize()) this.draw(); }).observe(this.place, {box: BOX});
    }

    // ---- places

    xOf(moment) { return this.box.left + (moment - this.min) / (this.max - this.min) * this.box.width; }

    yOf(value) { return this.box.top + (this.high - value) / (this.high - this.low) * this.box.height; }

    timeAt(x) { return this.min + (x - this.box.left) / this.box.width * (this.max - this.min); }

    // The first and the last row in view, and one more on each side, to where the lines lead.
    rows(time) {
      return [Math.max(0, rowFrom(time, this.min) - 1), Math.min(time.length - 1, rowFrom(time, this.max))];
    }

    hasNewSize() {
      const {place, canvas} = this;
      return canvas.width !== Math.round(place.clientWidth * devicePixelRatio)
        || canvas.height !== Math.round(place.clientHeight * devicePixelRatio);
    }

    // ---- drawing

    show(min, max) {
      this.min = min;
      this.max = max;
      this.draw();
    }

    draw() {
      const {place, canvas, ctx, panel, room} = this;
      const width = place.clientWidth, height = place.clientHeight;
      if (!width || !height) return;
      canvas.width = Math.round(width * devicePixelRatio);
      canvas.height = Math.round(height * devicePixelRatio);
      canvas.style.width = `${width}px`;  // a place may have a part of a pixel more, which would blur lines
      canvas.style.height = `${height}px`;
      ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
      const below = panel.times ? room.times : room.none;
      this.box = {left: panel.edge, top: TOP, width: Math.max(1, width - panel.edge - room.right),
        height: Math.max(1, height - TOP - below)};
      [this.low, this.high] = panel.range(this, ...this.reach());
      if (this.glass) this.layGlass();
      for (const paint of panel.under || []) this.inside(0, () => paint(this, ctx));
      this.drawTimes();
      this.drawNumbers();
      if (panel.band) this.inside(0, () => this.drawBand(panel.band));
      for (const line of panel.lines) this.drawLine(line);
      for (const paint of panel.over || []) this.inside(0, () => paint(this, ctx));
    }

    // The lowest and the highest value in view; null where there is none.
    reach() {
      let low = Infinity, high = -Infinity;
      for (const {time, value} of this.panel.lines) {
        const [first, last] = this.rows(time);
        for (let row = first; row <= last; row++) {
          if (value[row] === null) continue;
          if (value[row] < low) low = value[row];
          if (value[row] > high) high = value[row];
        }
      }
      return low <= high ? [low, high] : [null, null];
    }

    // Paint nothing further than margin from the box.
    inside(margin, paint) {
      const {ctx, box} = this;
      ctx.save();
      ctx.beginPath();
      ctx.rect(box.left - margin, box.top - margin, box.width + 2 * margin, box.height + 2 * margin);
      ctx.clip();
      paint();
      ctx.restore();
    }

    // In the middle of a pixel of the screen: a line there is sharp.
    sharp(at) { return (Math.floor(at * devicePixelRatio) + 0.5) / devicePixelRatio; }

    // A line of the grid with its tick.
    stroke(x0, y0, x1, y1) {
      const {ctx} = this;
      ctx.strokeStyle = INK.grid;
      ctx.lineWidth = 1;
      ctx.setLineDash([]);
      ctx.beginPath();
      ctx.moveTo(x0, y0);
      ctx.lineTo(x1, y1);
      ctx.stroke();
    }

    write(text, x, y, align, baseline) {
      const {ctx, room} = this;
      ctx.fillStyle = INK.text;
      ctx.font = `${room.font}px system-ui, sans-serif`;
      ctx.textAlign = align;
      ctx.textBaseline = baseline;
      ctx.fillText(text, x, y);
    }

    // Under a tick; at the edge of the canvas it moves, so that it is not cut.
    writeBelow(text, x, y) {
      this.ctx.font = `${this.room.font}px system-ui, sans-serif`;
      const half = this.ctx.measureText(text).width / 2;
      this.write(text, Math.max(half, Math.min(x, this.place.clientWidth - half)), y, 'center', 'top');
    }

    drawTimes() {
      const {box, panel, room} = this;
      const bottom = box.top + box.height;
      for (const [moment, text, below] of timeTicks(panel.offsets, this.min, this.max, box.width / room.apart)) {
        const x = this.sharp(this.xOf(moment));
        this.stroke(x, box.top, x, bottom + room.tick);
        if (!panel.times) continue;
        this.writeBelow(text, x, bottom + room.tick + GAP);
        this.writeBelow(below, x, bottom + room.tick + GAP + 1.3 * room.font);
      }
    }

    drawNumbers() {
      const {ctx, box, panel, room} = this;
      for (const [number, text] of numberTicks(this.low, this.high, box.height / panel.apart)) {
        const y = this.sharp(this.yOf(number));
        this.stroke(box.left - room.tick, y, box.left + box.width, y);
        this.write(text, box.left - room.tick - GAP, y, 'right', 'middle');
      }
      if (!panel.label) return;
      ctx.save();
      ctx.translate(LABEL, box.top + box.height / 2);
      ctx.rotate(-Math.PI / 2);
      this.write(panel.label, 0, 0, 'center', 'middle');
      ctx.restore();
    }

    // The parts of a line between its breaks, each as [x, y, x, y, ...]. Of the readings in one column of pixels it has
    // the first, the lowest, the highest and the last: no more can be seen there.
    trace(time, value) {
      const {box, min} = this;
      const [first, last] = this.rows(time);
      const columns = box.width * devicePixelRatio / (this.max - this.min);
      const parts = [];
      let part = [], column = null, start, low, high, end;
      const close = () => {
        if (column === null) return;
        const x = box.left + (column + 0.5) / devicePixelRatio;
        // The nearer end first, so that no line is drawn twice.
        const ends = start < end ? [start, low, high, end] : [start, high, low, end];
        ends.forEach((value, at) => { if (!at || value !== ends[at - 1]) part.push(x, this.yOf(value)); });
      };
      for (let row = first; row <= last; row++) {
        const reading = value[row];
        const here = reading === null ? null : Math.floor((time[row] - min) * columns);
        if (here !== column) {
          close();
          if (here === null && part.length) {
            parts.push(part);
            part = [];
          }
          column = here;
          start = low = high = reading;
        } else if (reading < low) low = reading;
        else if (reading > high) high = reading;
        end = reading;
      }
      close();
      if (part.length) parts.push(part);
      return parts;
    }

    path(points) {
      for (let at = 0; at < points.length; at += 2) this.ctx.lineTo(points[at], points[at + 1]);
    }

    drawBand({time, low, high, colour}) {
      const {ctx} = this;
      const lower = this.trace(time, low);
      ctx.fillStyle = colour;
      this.trace(time, high).forEach((upper, number) => {
        const back = lower[number];
        ctx.beginPath();
        this.path(upper);
        for (let at = back.length - 2; at >= 0; at -= 2) ctx.lineTo(back[at], back[at + 1]);
        ctx.fill();
      });
    }

    drawLine(line) {
      const {ctx} = this;
      const parts = this.trace(line.time, line.value);
      const colour = this.colourOf(line);
      this.inside(0, () => {
        if (line.fill) this.fillToZero(parts, line.fill);
        ctx.strokeStyle = colour;
        ctx.lineWidth = line.width || 1;
        ctx.lineJoin = 'round';
        ctx.setLineDash(line.dash || []);
        for (const part of parts) this.strokePieces(part);
      });
      if (line.point) this.inside(line.point, () => this.drawPoints(line, parts, colour));
    }

    // A year in one path took 250 ms, in pieces of 64 points 20 ms. Dashes go on from piece to piece.
    strokePieces(part) {
      const {ctx} = this;
      ctx.lineDashOffset = 0;
      for (let at = 0; at < part.length - 2; at += 2 * PIECE) {
        const piece = part.slice(at, at + 2 * PIECE + 2);
        ctx.beginPath();
        this.path(piece);
        ctx.stroke();
        for (let end = 2; end < piece.length; end += 2) {
          ctx.lineDashOffset += Math.hypot(piece[end] - piece[end - 2], piece[end + 1] - piece[end - 1]);
        }
      }
    }

    colourOf({colour}) { return typeof colour === 'function' ? colour(this) : colour; }

    fillToZero(parts, colour) {
      const {ctx} = this;
      const zero = this.yOf(0);
      ctx.fillStyle = colour;
      for (const part of parts) {
        ctx.beginPath();
        ctx.moveTo(part[0], zero);
        this.path(part);
        ctx.lineTo(part[part.length - 2], zero);
        ctx.fill();
      }
    }

    // A point for each reading if they are few; if they are many, only for a reading that is alone and has no line.
    drawPoints({time, point}, parts, colour) {
      const {ctx, box} = this;
      const [first, last] = this.rows(time);
      ctx.fillStyle = colour;
      for (const part of last - first < FEW ? parts : parts.filter(({length}) => length === 2)) {
        for (let at = 0; at < part.length; at += 2) {
          if (part[at] < box.left || part[at] > box.left + box.width + 1) continue;
          ctx.beginPath();
          ctx.arc(part[at], part[at + 1], point / 2, 0, 2 * Math.PI);
          ctx.fill();
        }
      }
    }

    // ---- pointer

    // What happens over the box is told: on.point(plot, x, y), on.leave(), on.select(from, to) and on.zoom(from, to) of
    // a drag in times, on.click(plot, x), on.out() of a double click. x and y are those of the place.
    listen(on) {
      this.glass = element('div', '', this.place, 'glass');
      this.hair = element('i', '', this.glass, 'hair');
      this.chosen = element('i', '', this.glass, 'chosen');
      this.dots = this.panel.lines.map(() => element('i', '', this.glass, 'dot'));
      this.mark(null);
      this.select(null);
      const placeOf = ({clientX, clientY}) => {
        const {left, top} = this.place.getBoundingClientRect();
        const right = this.box.left + this.box.width;
        return [Math.min(Math.max(clientX - left, this.box.left), right), clientY - top];
      };
      this.glass.addEventListener('pointermove', (event) => on.point(this, ...placeOf(event)));
      this.glass.addEventListener('pointerleave', (event) => { if (event.pointerType !== 'touch') on.leave(); });
      this.glass.addEventListener('dblclick', on.out);
      this.glass.addEventListener('pointerdown', (down) => {
        if (down.button) return;
        on.point(this, ...placeOf(down));
        const [from] = placeOf(down);
        const ends = (event) => [from, placeOf(event)[0]].sort((a, b) => a - b).map((x) => this.timeAt(x));
        const drag = (event) => on.select(...ends(event));
        const stop = (event) => {
          removeEventListener('pointermove', drag);
          removeEventListener('pointerup', stop);
          removeEventListener('pointercancel', stop);
          on.select(null);
          if (event.type === 'pointercancel') return;
          if (Math.abs(placeOf(event)[0] - from) < DRAG) on.click(this, from);
          else on.zoom(...ends(event));
        };
        addEventListener('pointermove', drag);  // also beyond the plot
        addEventListener('pointerup', stop);
        addEventListener('pointercancel', stop);
      });
    }

    layGlass() {
      for (const [side, length] of Object.entries(this.box)) this.glass.style[side] = `${length}px`;
    }

    // A hair at a moment, and a dot on each line at its reading there; null: none.
    mark(moment) {
      this.hair.hidden = moment === null;
      if (moment !== null) this.hair.style.left = `${this.xOf(moment) - this.box.left}px`;
      this.panel.lines.forEach((line, number) => {
        const dot = this.dots[number];
        const row = moment === null ? -1 : nearestRow(line.time, moment);
        const value = row < 0 ? null : line.value[row];
        dot.hidden = value === null || Math.abs(this.xOf(line.time[row]) - this.xOf(moment)) > this.room.apart;
        if (dot.hidden) return;
        dot.style.left = `${this.xOf(line.time[row]) - this.box.left}px`;
        dot.style.top = `${this.yOf(value) - this.box.top}px`;
        dot.style.background = this.colourOf(line);
      });
    }

    // Shade a stretch of time that is being chosen; null: none.
    select(from, to) {
      this.chosen.hidden = from === null;
      if (from === null) return;
      this.chosen.style.left = `${this.xOf(from) - this.box.left}px`;
      this.chosen.style.width = `${this.xOf(to) - this.xOf(from)}px`;
    }
  }

  Object.assign(iotctl, {Plot});
})();
