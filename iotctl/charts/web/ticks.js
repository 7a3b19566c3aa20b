// Ticks of axes: times that are round in the sensor's zone, and round numbers.
'use strict';
(() => {
  const MINUTE = 60, HOUR = 3600, DAY = 86400, MONTH = 30.44 * DAY, YEAR = 365.25 * DAY;
  const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

  // From one tick to the next: a count of seconds, or of a unit of the calendar.
  const STEPS = [
    [0.001, [1, 2, 5, 10, 20, 50, 100, 200, 500]], [1, [1, 2, 5, 10, 15, 30]], [MINUTE, [1, 2, 5, 10, 15, 30]],
    [HOUR, [1, 2, 3, 4, 6, 12]], [DAY, [1, 2, 3, 6, 10, 15]], [MONTH, [1, 2, 3, 4, 6]],
    [YEAR, [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]],
  ].flatMap(([unit, counts]) => counts.map((count) => ({unit, count})));

  const two = (number) => String(number).padStart(2, '0');

  // Midnight at the start of a day; months count from January of the year 0, and may be any number.
  const dayOf = (months, day) => new Date(0).setUTCFullYear(0, months, day) / 1000;

  // Moments of a clock that runs evenly, in seconds: every step from first to last.
  function* roundMoments({unit, count}, first, last) {
    if (unit < DAY) {
      const step = unit * count;
      for (let at = Math.ceil(first / step); at * step <= last; at++) yield at * step;
      return;
    }
    const start = new Date(first * 1000);
    const months = 12 * start.getUTCFullYear() + start.getUTCMonth();
    if (unit === DAY) {
      for (let month = months; dayOf(month, 1) <= last; month++) {
        const days = (dayOf(month + 1, 1) - dayOf(month, 1)) / DAY;
        // The last one of a month is left out where the first of the next is near.
        for (let day = 0; day + count / 2 < days; day += count) yield dayOf(month, day + 1);
      }
      return;
    }
    const step = unit === YEAR ? 12 * count : count;
    for (let month = Math.floor(months / step) * step; dayOf(month, 1) <= last; month += step) yield dayOf(month, 1);
  }

  // The text of a tick, and the day and the year below it.
  function textsOf(unit, local) {
    const at = new Date(Math.round(local * 1000));
    const year = String(at.getUTCFullYear()), month = MONTHS[at.getUTCMonth()];
    const day = `${at.getUTCDate()} ${month}`, minute = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
    const second = two(at.getUTCSeconds());
    if (unit === YEAR) return {text: year, day: '', year: ''};
    if (unit === MONTH) return {text: month, day: '', year};
    if (unit === DAY) return {text: day, day: '', year};
    if (unit >= MINUTE) return {text: minute, day, year};
    if (unit === 1) return {text: `${minute}:${second}`, day, year};
    return {text: `:${second}.${String(at.getUTCMilliseconds()).padStart(3, '0')}`, day: `${day} ${minute}`, year};
  }

  // At most about so many ticks from min to max (seconds since 1970-01-01 UTC): [moment, text, text below it]. offsets:
  // from when on the clock is so many seconds ahead of UTC. An hour that comes twice has its ticks twice.
  function timeTicks(offsets, min, max, most) {
    const step = STEPS.find(({unit, count}) => unit * count * most >= max - min) || STEPS[STEPS.length - 1];
    const found = [];
    let before = {day: null, year: null};
    offsets.forEach(([from, ahead], number) => {
      const start = number ? Math.max(min, from) : min;
      const next = number + 1 < offsets.length ? offsets[number + 1][0] : Infinity;
      for (const local of roundMoments(step, start + ahead, Math.min(max, next) + ahead)) {
        const moment = local - ahead;
        if (moment < start || moment >= next || moment > max) continue;
        const {text, day, year} = textsOf(step.unit, local);
        const below = [day !== before.day || year !== before.year ? day : '', year !== before.year ? year : ''];
        found.push([moment, text, below.join(' ').trim()]);
        before = {day, year};
      }
    });
    return found;
  }

  // With as many digits as tell two ticks apart; in powers of ten where that is shorter and the number is long.
  function numberText(x, step) {
    const rank = Math.floor(Math.log10(step) + 1e-9), part = step / 10 ** rank;
    const decimals = Math.abs(part - Math.round(part)) > 1e-6 ? 1 - rank : -rank;  // one more for steps of 2.5
    const plain = x.toFixed(Math.min(100, Math.max(0, decimals)));
    if (plain.length < 8) return plain;
    const digits = x ? Math.max(0, Math.floor(Math.log10(Math.abs(x)) + 1e-9) + decimals) : 0;
    const short = x ? x.toExponential(Math.min(20, digits)).replace('e+', 'e') : '0';
    return short.length < plain.length ? short : plain;
  }

  // At most so many round numbers from min to max: [number, text].
  function numberTicks(min, max, most) {
    const rough = (max - min) / most, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 2.5, 5, 10].find((part) => part * power >= rough * (1 - 1e-9));
    const first = Math.ceil(min / step), count = Math.floor(max / step) - first + 1;
    const numbers = Array.from({length: count > 0 && count < 1000 ? count : 0}, (_, number) => (first + number) * step);
    return numbers.map((number) => [number, numberText(number, step)]);
  }

  Object.assign(iotctl, {timeTicks, numberTicks});
})();
