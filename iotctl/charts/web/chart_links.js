// Panels one above the other: buttons for ranges and events, one range of time for all, and a text at the pointer.
'use strict';
(() => {
  const {element, timeRange} = iotctl;

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
      const wide = tip.offsetWidth, beside = x > home.width / 2 ? x - wide - 14 : x + 14;
      tip.style.left = `${Math.min(Math.max(0, beside), Math.max(0, home.width - wide))}px`;
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

  Object.assign(iotctl, {linkPanels, fit});
})();
