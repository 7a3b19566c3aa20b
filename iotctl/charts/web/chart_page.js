// The page of one chart: draws what the page holds, and the small charts of its events.
'use strict';
(async () => {
  const host = document.getElementById('chart');
  const data = JSON.parse(document.getElementById('data').textContent);
  try {
    if (data.series) await iotctl.readings(host, data);
    else {
      const chart = await iotctl.detection(host, data);
      const list = document.querySelector('ul.events');
      if (list) iotctl.drawInsets(list, data, chart);
    }
  } catch (error) {
    host.textContent = 'This chart needs a browser of 2023 or later.';
    host.classList.add('failed');
    console.error(error.message);
  }
})();
