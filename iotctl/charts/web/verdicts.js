// Verdicts are stored for each report. Texts from the data are in attributes, and are never read as HTML.
// Buttons are made here, because they would be most of the page.
'use strict';
(() => {
  const bar = document.getElementById('verdicts');
  const [said, link, command] = ['b', 'a', 'pre'].map((name) => bar.querySelector(name));
  const key = 'iotctl verdicts ' + location.pathname;
  const wide = 40;  // ids in a command
  const words = {true: 'an anomaly indeed', false: 'a false alarm', expected: 'real and known, such as maintenance'};
  for (const row of document.querySelectorAll('li[data-event-id]')) {
    const group = document.createElement('span');
    group.className = 'buttons';
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', 'verdict');
    for (const [value, title] of Object.entries(words)) {
      const button = document.createElement('button');
      Object.assign(button, {type: 'button', className: 'verdict', value, title, textContent: value});
      group.append(button);
    }
    row.append(group);
  }
  let kept = {};
  const load = () => {
    try { kept = JSON.parse(localStorage.getItem(key)) || {}; } catch { /* no storage: for this page alone */ }
  };
  const store = () => { try { localStorage.setItem(key, JSON.stringify(kept)); } catch { /* the same */ } };
  const show = () => {
    const entries = Object.entries(kept);
    for (const button of document.querySelectorAll('button.verdict')) {
      const given = kept[button.closest('li').dataset.eventId];
      button.setAttribute('aria-pressed', String(Boolean(given) && given.verdict === button.value));
    }
    bar.hidden = !entries.length;
    said.textContent = entries.length + (entries.length === 1 ? ' verdict' : ' verdicts');
    const content = {verdicts: entries.map(([id, given]) => ({event_id: id, ...given}))};
    link.href = 'data:application/json;charset=utf-8,' + encodeURIComponent(JSON.stringify(content, null, 1));
    const ids = (word) => entries.filter(([, given]) => given.verdict === word).map(([id]) => id);
    command.textContent = entries.length > wide
      ? 'iotctl anomalies label --input verdicts.json'
      : Object.keys(words).filter((word) => ids(word).length)
        .map((word) => `iotctl anomalies label ${ids(word).join(' ')} ${word}`).join('\n');
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
    } catch {
      getSelection().selectAllChildren(command);
      document.execCommand('copy');
    }
  };
  document.addEventListener('click', (click) => {
    const button = click.target.closest('button');
    if (!button) return;
    load();
    if (button.classList.contains('verdict')) {
      const {eventId, sensor} = button.closest('li').dataset;
      if (kept[eventId] && kept[eventId].verdict === button.value) delete kept[eventId];
      else kept[eventId] = {verdict: button.value, sensor};
    } else if (button.dataset.do === 'clear') kept = {};
    else if (button.dataset.do === 'copy') copy();
    store();
    show();
  });
  window.chosenEvent = (id) => {
    for (const row of document.querySelectorAll('ul.events li')) {
      row.classList.toggle('chosen', row.dataset.eventId === id);
      if (row.dataset.eventId === id) row.scrollIntoView({block: 'center'});
    }
  };
  addEventListener('pageshow', () => { load(); show(); });
  load();
  show();
})();
