// The page of a fleet: a filter, the order of events, and a chart over the page for the sensor in the address.
'use strict';
(() => {
  const dialog = document.getElementById('sensor');
  const [title, about, host] = ['h1', 'p', '.chart'].map((name) => dialog.querySelector(name));
  const kinds = JSON.parse(document.getElementById('kinds').textContent);

  document.getElementById('filter').addEventListener('input', (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const card of document.querySelectorAll('.card')) card.hidden = !card.dataset.name.includes(wanted);
    for (const row of document.querySelectorAll('body > ul.events li[data-event-id]')) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });

  const order = document.getElementById('order');
  if (order) order.addEventListener('click', ({target}) => {
    const by = target.dataset.order;
    if (!by) return;
    for (const button of order.querySelectorAll('button')) button.setAttribute('aria-pressed', String(button === target));
    const list = document.querySelector('body > ul.events');
    const rows = [...list.querySelectorAll('li[data-event-id]')];
    const start = (row) => Number(row.dataset.start), severity = (row) => Number(row.dataset.severity);
    rows.sort((a, b) => (by === 'start' ? start(b) - start(a)
      : by === 'sensor' ? a.dataset.sensor.localeCompare(b.dataset.sensor, undefined, {numeric: true}) || start(a) - start(b)
        : severity(b) - severity(a) || start(a) - start(b)));
    list.prepend(...rows);
  });

  async function open() {
    const id = decodeURIComponent(location.hash.slice(1));
    const found = id && document.getElementById(`data-${id}`);
    if (!found) {
      if (dialog.open) dialog.close();
      return;
    }
    const data = {...JSON.parse(found.textContent), kinds};
    title.textContent = data.name;
    about.textContent = data.said;
    host.replaceChildren();
    const list = dialog.querySelector('ul.events');
    list.replaceChildren();
    const ids = new Set(data.events.map((event) => event.id));
    const rows = [...document.querySelectorAll('body > ul.events li[data-event-id]')];
    const own = rows.filter((row) => ids.has(row.dataset.eventId) && row.dataset.sensor === data.name)
      .sort((a, b) => a.dataset.start - b.dataset.start);
    for (const row of own) {
      const copy = row.cloneNode(true);
      copy.hidden = false;
      copy.querySelector('.what > a').remove();
      const place = document.createElement('div');
      place.className = 'inset';
      copy.prepend(place);
      list.append(copy);
    }
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    try {
      iotctl.drawInsets(list, data, await iotctl.detection(host, data));
    } catch (error) {
      host.textContent = 'This chart needs a browser of 2023 or later.';
      console.error(error.message);
    }
  }

  const leave = () => { if (location.hash) history.replaceState(null, '', location.pathname + location.search); };
  dialog.addEventListener('close', leave);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog || event.target.dataset.do === 'close') dialog.close();
  });
  addEventListener('hashchange', open);
  open();
})();
