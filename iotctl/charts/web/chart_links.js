// Panels one above the other: buttons for ranges and events, one range of time for all, and a text at the pointer.
'use strict';
(() => {
  const {element, Plot} = iotctl;

  const SPANS = [[60, '1 min'], [600, '10 min'], [3600, '1 h'], [21600, '6 h'], [86400, '1 day'], [604800, '1 week'],
    [2592000, '30 days'], [7776000, '90 days'], [31557600, '1 year'], [157788000, '5 years']];

  // The first and the last moment of some lines, an hour around a single one, and the usual step between readings.
  function spanOf(lines) {
    const times = lines.map(({time}) => time).filter(({length}) => length);
    const first = Math.min(...times.map((time) => time[0]));
    const last = Math.max(...times.map((time) => time[time.length - 1]));
    const whole = last > first ? [first, last] : [first - 1800, last + 1800];
    const most = Math.max(...times.map(({length}) => length));
    return {whole, step: (whole[1] - whole[0]) / Math.max(1, most - 1)};
  }

  // panels: as plot.js takes them, with their height, and what a click does. events: what buttons lead to. tell: fills
  // the text at the pointer for a moment.
  function linkPanels(host, panels, when, events, tell) {
    const bar = element('div', '', host, 'ranges');
    const {whole, step} = spanOf(panels.flatMap(({lines}) => lines));
    const span = whole[1] - whole[0];
    const view = element('output', '');
    const tip = element('div', '', null, 'tip');
    let [min, max] = whole;

    const plots = panels.map((panel) => {
      const place = element('div', '', host);
      place.style.height = `${panel.height}px`;
      return new Plot(place, panel);
    });
    const leave = () => {
      tip.hidden = true;
      for (const plot of plots) plot.mark(null);
    };
    const show = (from, to) => {
      const wide = Math.min(to - from, span);
      min = Math.min(Math.max(from, whole[0]), whole[1] - wide);
      max = min + wide;
      for (const plot of plots) plot.show(min, max);
      leave();
      const digits = wide > 7200 ? 16 : 19;  // seconds matter within hours
      view.textContent = `${when.text(min).slice(0, digits)} to ${when.text(max).slice(0, digits)}`;
      for (const button of bar.querySelectorAll('[data-seconds]')) {
        button.setAttribute('aria-pressed', String(Math.abs(button.dataset.seconds - wide) < 1));
      }
    };
    const point = (plot, left, top) => {
      const moment = plot.timeAt(left);
      for (const one of plots) one.mark(moment);
      tip.hidden = false;
      tip.replaceChildren();
      tell(tip, moment);
      const box = plot.place.getBoundingClientRect(), home = host.getBoundingClientRect();
      const x = box.left - home.left + left, y = box.top - home.top + top;
      const wide = tip.offsetWidth, beside = x > home.width / 2 ? x - wide - 14 : x + 14;
      tip.style.left = `${Math.min(Math.max(0, beside), Math.max(0, home.width - wide))}px`;
      tip.style.top = `${Math.max(0, y - tip.offsetHeight - 10)}px`;
    };
    const select = (from, to) => { for (const plot of plots) plot.select(from, to); };
    const click = (plot, x) => { if (plot.panel.click) plot.panel.click(plot, x); };
    for (const plot of plots) plot.listen({point, leave, select, click, zoom: show, out: () => show(...whole)});

    const button = (text, title, act) => {
      const made = element('button', text, bar);
      made.type = 'button';
      made.title = title;
      made.addEventListener('click', act);
      return made;
    };
    for (const [seconds, text] of SPANS.filter(([s]) => s < span * 0.999 && s > 8 * step).slice(-5)) {
      button(text, `show ${text}`, () => {
        const middle = max - min > span * 0.999 ? whole[1] - seconds / 2 : (min + max) / 2;
        show(middle - seconds / 2, middle + seconds / 2);
      }).dataset.seconds = seconds;
    }
    button('all', 'show all readings', () => show(...whole)).dataset.seconds = span;
    const move = (part) => show(min + part * (max - min), max + part * (max - min));
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

    host.append(tip);
    show(...whole);
    return {show: chosen, place: plots[0].place};
  }

  Object.assign(iotctl, {linkPanels});
})();
