// The page of quality: a filter of its lines.
'use strict';
document.getElementById('filter').addEventListener('input', (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const line of document.querySelectorAll('li')) line.hidden = !line.dataset.name.includes(wanted);
});
