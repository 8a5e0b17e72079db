// Shows what the agent's event stream tells. Whatever came from an event or the configuration
// becomes a text node or an attribute that cannot act, never markup.

const MOST_CARDS = 100;
const MOST_ROWS = 15;
const HISTORY = 40;
const SILENCE_MS = 25_000; // The agent says something every 10 s.
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 5_000;
const JOBS_EVERY_MS = 5_000;

const $ = (selector) => document.querySelector(selector);

// ---- What is known ----

const models = new Map();
const histories = new Map();
let refreshes = []; // Newest first, of all models.
let deadLetters = { total: 0, recent: [] };
let subscription = { open: false, detail: '' };
let clockOffset = 0; // The agent's clock, less this one's.
const changed = new Set();

const now = () => Date.now() + clockOffset;

function take(event) {
  if (event.reset) {
    models.clear();
    histories.clear();
    refreshes = [];
    cards.clear();
  }
  clockOffset = Date.parse(event.now) - Date.now();
  subscription = event.subscription;
  for (const model of event.models) {
    models.set(model.model, model);
    changed.add(model.model);
  }
  for (const refresh of event.refreshes) {
    const history = histories.get(refresh.model) ?? [];
    histories.set(refresh.model, [...history, refresh].slice(-HISTORY));
    changed.add(refresh.model);
  }
  refreshes = [...event.refreshes.toReversed(), ...refreshes].slice(0, MOST_ROWS);
  deadLetters = event.dead_letters ?? deadLetters;
  if (!event.more) {
    show();
  }
}

// ---- Words and numbers ----

/** Seconds of a duration in ISO 8601, as Java writes it: PT26H3M0.25S. */
function seconds(iso) {
  const [, hours, minutes, secs] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$/.exec(iso) ?? [];
  return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(secs ?? 0);
}

function duration(secs) {
  const s = Math.max(0, secs);
  if (s < 0.9995) return `${Math.round(s * 1000)} ms`;
  if (s < 10) return `${s.toFixed(1).replace('.0', '')} s`;
  const whole = Math.round(s);
  if (whole < 60) return `${whole} s`;
  const two = (big, unit, small, smaller) => (small ? `${big} ${unit} ${small} ${smaller}` : `${big} ${unit}`);
  if (whole < 3600) return two(Math.floor(whole / 60), 'min', whole % 60, 's');
  if (whole < 86_400) return two(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min');
  return two(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3600), 'h');
}

const times = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;

/** The time of day here, with the date unless it is today's. */
function clock(iso, fraction = false) {
  const at = new Date(iso);
  const day = at.toDateString() === new Date(now()).toDateString() ? '' : `${at.toLocaleDateString('sv')} `;
  const millis = fraction ? `.${String(at.getMilliseconds()).padStart(3, '0')}` : '';
  return day + at.toLocaleTimeString('sv') + millis;
}

/** Sentences of the agent name moments in UTC, to the nanosecond. */
const readable = (sentence) =>
  sentence.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (iso) => clock(iso));

const ago = (iso) => duration((now() - Date.parse(iso)) / 1000);

// ---- Elements ----

/** An element with classes, properties and children; strings become text. */
function el(name, classes = '', ...children) {
  const element = document.createElement(name);
  if (classes) element.className = classes;
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

function svg(name, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Text that says how long ago something was, and goes on saying so. */
function since(iso, words = (age) => `${age} ago`) {
  const element = el('time');
  element.dateTime = iso;
  element.title = iso;
  element.tell = () => {
    element.textContent = words(ago(iso));
  };
  element.tell();
  element.classList.add('since');
  return element;
}

function moment(iso, fraction) {
  const element = el('time', '', clock(iso, fraction));
  element.dateTime = iso;
  element.title = iso;
  return element;
}

const pair = (term, value, classes = '') => el('div', '', el('dt', '', term), el('dd', classes, value));

// ---- One model ----

const TONES = { fresh: 'good', loading: 'busy', stale: 'warn', waiting: 'busy', 'rolling out': 'busy',
  paused: 'warn', 'backing off': 'warn', failing: 'bad', 'no replicas': 'quiet' };

function stateOf(model) {
  if (model.failing) return 'failing';
  if (model.state !== 'idle') return model.state.replaceAll('_', ' ');
  return model.replicas.length === 0 ? 'no replicas' : 'fresh';
}

const isTroubled = (model) => ['failing', 'backing off', 'paused'].includes(stateOf(model));

const pill = (state) => el('span', `pill ${TONES[state] ?? 'quiet'}`, state);

function owed(model) {
  if (!model.pending_since) return undefined;
  const element = since(model.pending_since, (age) => `owed for ${age}`);
  const tell = element.tell;
  element.tell = () => {
    tell();
    const age = (now() - Date.parse(model.pending_since)) / 1000;
    element.classList.toggle('late', model.objective !== null && age > seconds(model.objective));
  };
  element.classList.add('owed');
  element.tell();
  return element;
}

/** Bars by the logarithm: a normal second and an outage's hour are both to be seen. */
function chart(model, history) {
  if (history.length === 0) return undefined;
  const objective = model.objective === null ? 0 : seconds(model.objective);
  const lengths = history.map((refresh) => ({
    propagation: refresh.propagation === null ? null : seconds(refresh.propagation),
    freshness: refresh.freshness === null ? null : seconds(refresh.freshness),
    failed: refresh.outcome === 'failure',
  }));
  const known = lengths.flatMap(({ propagation, freshness }) => [propagation, freshness]);
  const least = 0.03;
  const most = 1.4 * Math.max(1, objective, ...known.filter((value) => value !== null));
  const height = (value) => (100 * Math.log(Math.max(value, least * 1.1) / least)) / Math.log(most / least);
  const width = 1000 / HISTORY;
  const marks = lengths.flatMap(({ propagation, freshness, failed }, i) => {
    const x = 1000 - (lengths.length - i) * width;
    const bar = (h, classes) =>
      svg('rect', { class: classes, x: x + 3, width: width - 6, y: 100 - h, height: h });
    if (failed) return [bar(12, 'bar failed')];
    const drawn = [];
    if (propagation !== null) {
      drawn.push(bar(height(propagation), objective && propagation > objective ? 'bar late' : 'bar'));
    }
    if (freshness !== null) {
      const y = 100 - height(freshness);
      drawn.push(svg('line', { class: 'fresh', x1: x + 1, x2: x + width - 1, y1: y, y2: y }));
    }
    return drawn;
  });
  if (marks.length === 0) return undefined; // Nothing but loads that no update asked for.
  if (objective) {
    const y = 100 - height(objective);
    marks.push(svg('line', { class: 'objective', x1: 0, x2: 1000, y1: y, y2: y }));
  }
  const failures = lengths.filter(({ failed }) => failed).length;
  const picture = svg('svg', { viewBox: '0 0 1000 100', preserveAspectRatio: 'none', role: 'img',
    'aria-label': `The last ${history.length} refreshes, ${failures} of them failed; the scale is logarithmic` },
    ...marks);
  const label = el('span', 'label', objective ? duration(objective) : duration(most));
  label.style.top = `${objective ? 100 - height(objective) : 0}%`;
  return el('div', 'chart', picture, label);
}

function watermark(replica, desired) {
  const observed = replica.observed_watermark;
  if (observed === null) {
    return el('span', 'soft', replica.last_confirmed ? 'loaded before any update' : 'not loaded by this agent yet');
  }
  const behind = desired === null ? 0 : (Date.parse(desired) - Date.parse(observed)) / 1000;
  return el('span', '', 'observed ', moment(observed, true), behind > 0 ? ` (${duration(behind)} behind)` : '');
}

function replicaRow(replica, desired) {
  return el('li', '',
    el('span', 'address', replica.address),
    el('span', '', pill(replica.state)),
    watermark(replica, desired),
    el('small', '', replica.last_confirmed ? since(replica.last_confirmed, (age) => `loaded ${age} ago`) : ''),
    replica.last_error ? el('p', 'error', readable(replica.last_error)) : undefined);
}

function reasons(model) {
  const retraining = (model.retraining ?? [])
    .filter((entry) => entry.owed_job)
    .map((entry) => `owes retraining job ${entry.owed_job} (${entry.reason})`
      + (entry.not_before ? `, not before ${entry.not_before}` : '')
      + (entry.problem ? `: ${entry.problem}` : ''));
  return [...model.pending, ...retraining];
}

function facts(model, history) {
  const last = (name) => history.findLast((refresh) => refresh[name] !== null)?.[name];
  const said = (iso) => (iso === undefined || iso === null ? '–' : duration(seconds(iso)));
  const propagation = last('propagation');
  const late = propagation && model.objective && seconds(propagation) > seconds(model.objective);
  return el('dl', 'facts',
    pair('propagation', said(propagation), late ? 'late' : ''),
    pair('freshness', said(last('freshness'))),
    pair('objective', said(model.objective)),
    pair('last success', model.last_success ? since(model.last_success) : 'never'),
    pair('messages held', String(model.held_messages)),
    pair('desired watermark', model.desired_watermark ? moment(model.desired_watermark, true) : 'no update yet'));
}

// ---- What a viewer may do ----

let token; // Kept here alone: it is gone with the page.
let mayChange = false;

const authorization = () => (token ? { Authorization: `Bearer ${token}` } : {});

/** The agent said no. */
class Refused extends Error {}

/** What the agent answers to a change; throws what it says of one that it refuses. */
async function change(path, body) {
  const answer = await fetch(path, { method: 'POST', cache: 'no-store',
    headers: { ...authorization(), ...(body && { 'Content-Type': 'application/json' }) }, body });
  if (answer.ok) return answer.json();
  const problem = await problemOf(answer);
  if (answer.status === 401 || answer.status === 403) await askAccess();
  throw new Refused(sentence(problem));
}

/** Buttons, and beside them what became of the last one pressed. They outlive what they are shown in. */
function actions(...labelled) {
  const said = el('span', 'said');
  said.role = 'status';
  const buttons = labelled.map(([label, act]) => {
    const button = el('button', '', label);
    button.type = 'button';
    button.addEventListener('click', async () => {
      buttons.forEach((each) => { each.disabled = true; });
      said.className = 'said';
      said.textContent = '';
      try {
        said.textContent = await act();
      } catch (error) {
        said.classList.add('bad');
        said.textContent = error instanceof Refused ? error.message : 'no answer: it may have been done, or not';
      }
      buttons.forEach((each) => { each.disabled = false; });
    });
    return button;
  });
  const element = el('div', 'actions', ...buttons, said);
  element.buttons = buttons;
  return element;
}

const modelActions = new Map();

function actionsOn(model) {
  if (!modelActions.has(model.model)) {
    const tell = (what, told) => async () => {
      await change(`v1/models/${encodeURIComponent(model.model)}/${what}`);
      return `${told} at ${clock(now())}`;
    };
    modelActions.set(model.model, actions(
      ['Refresh', tell('refresh', 'refresh asked for')],
      ['Pause', tell('pause', 'paused')],
      ['Resume', tell('resume', 'resumed')]));
  }
  const element = modelActions.get(model.model);
  const paused = model.state === 'paused';
  element.buttons[1].hidden = paused;
  element.buttons[2].hidden = !paused;
  return element;
}

const replay = actions(['Replay', async () => {
  const { replayed, left } = await change('v1/dead-letters/replay', '{}');
  return `${times(replayed, 'dead letter')} published again${left ? `, ${left} left` : ''} at ${clock(now())}`;
}]);

/** Shows to a viewer what they may do, and what it takes to do more. */
function showAccess({ may_change: may, by_token: byToken }) {
  $('#operator').hidden = may || !byToken;
  $('#lock').hidden = !may || !byToken;
  $('#access').textContent = !may ? 'Read-only.'
    : byToken ? 'Unlocked with the operators’ token, until the page is closed.'
      : 'Open: whoever sees this page may change something by it.';
  $('#dead-letters .place').replaceChildren(...(may ? [replay] : []));
  if (may !== mayChange) {
    mayChange = may;
    cards.clear();
    showModels();
  }
}

/** Asks what may be done with the token that is known. One that is refused is forgotten, and the viewer told why. */
async function askAccess(signal) {
  const answer = await fetch('v1/access', { headers: authorization(), cache: 'no-store', signal });
  if (answer.ok) {
    showAccess(await answer.json());
    return;
  }
  const problem = await problemOf(answer);
  lock();
  $('#operator').open = true;
  $('#operator .said').textContent = sentence(problem);
}

async function unlock(event) {
  event.preventDefault();
  token = $('#token').value.trim();
  $('#token').value = '';
  $('#operator .said').textContent = '';
  try {
    await askAccess();
  } catch {
    lock();
    $('#operator .said').textContent = 'The agent cannot be reached.';
  }
}

function lock() {
  token = undefined;
  showAccess({ may_change: false, by_token: true });
}

function card(model) {
  const history = histories.get(model.model) ?? [];
  const state = stateOf(model);
  const pending = reasons(model);
  const failures = model.consecutive_failures;
  const tone = TONES[state];
  return el('article', `card ${isTroubled(model) ? tone : ''}`,
    el('div', 'top',
      el('h3', '', model.model),
      pill(state),
      failures ? el('small', '', `${times(failures, 'failure')} in a row`) : undefined,
      owed(model)),
    facts(model, history),
    chart(model, history),
    el('ul', 'replicas', ...model.replicas.map((replica) => replicaRow(replica, model.desired_watermark))),
    pending.length ? el('div', 'pending', el('p', 'soft', 'Pending'),
      el('ul', '', ...pending.map((reason) => el('li', '', readable(reason))))) : undefined,
    mayChange ? actionsOn(model) : undefined);
}

// ---- The whole ----

const cards = new Map();

function shownModels() {
  const wanted = $('#models input').value.trim().toLowerCase();
  return [...models.values()]
    .filter((model) => [model.model, stateOf(model), ...model.replicas.map((replica) => replica.address)]
      .some((text) => text.toLowerCase().includes(wanted)))
    .sort((a, b) => isTroubled(b) - isTroubled(a) || (a.model < b.model ? -1 : 1));
}

function showModels() {
  const focused = document.activeElement;
  const all = shownModels();
  const shown = all.slice(0, MOST_CARDS);
  const list = shown.map((model) => {
    if (changed.has(model.model) || !cards.has(model.model)) cards.set(model.model, card(model));
    return cards.get(model.model);
  });
  const kept = new Set(shown.map((model) => model.model));
  changed.forEach((name) => kept.has(name) || cards.delete(name));
  changed.clear();
  const place = $('#models .cards');
  if (list.length !== place.children.length || list.some((element, i) => place.children[i] !== element)) {
    place.replaceChildren(...list);
  }
  if (place.contains(focused)) focused.focus({ preventScroll: true }); // A button that has moved to a new card.
  $('#models input').hidden = models.size < 6;
  const more = $('#models .more');
  more.hidden = all.length > 0 && all.length <= MOST_CARDS;
  more.textContent = models.size === 0 ? 'The catalog has no models.'
    : all.length === 0 ? 'No model matches.'
      : `${all.length - MOST_CARDS} more: filter to see them.`;
}

function showSummary() {
  const all = [...models.values()];
  const replicas = all.flatMap((model) => model.replicas);
  const fresh = all.filter((model) => model.state === 'idle').length;
  const freshReplicas = replicas.filter((replica) => replica.state === 'fresh').length;
  const oldest = all.map((model) => model.pending_since).filter(Boolean).sort()[0];
  const failing = all.filter((model) => model.failing).length;
  const owes = all.filter((model) => model.pending_since).length;
  const tile = (term, value, note, bad, wide) =>
    el('div', wide ? 'wide' : '', el('dt', '', term), el('dd', bad ? 'bad' : '', value), el('dd', 'note', note));
  $('#summary').replaceChildren(
    tile('models fresh', `${fresh} of ${all.length}`, failing ? `${failing} failing` : 'none failing', failing),
    tile('replicas fresh', `${freshReplicas} of ${replicas.length}`,
      replicas.length === freshReplicas ? 'all cover what is desired' : `${replicas.length - freshReplicas} to load`),
    tile('longest owed', oldest ? since(oldest, (age) => age) : 'nothing', owes ? `${times(owes, 'model')} to refresh` : 'every update received has taken effect'),
    tile('dead letters', String(deadLetters.total), 'since this agent started', deadLetters.total),
    tile('subscription', subscription.open ? 'open' : 'not open', subscription.open ? 'updates are received' : 'no update is received', !subscription.open, true));
}

/** One thing that happened: a line, and what there is to say of it. */
function row(tone, label, name, at, aside, ...details) {
  return el('li', '',
    el('p', 'line', el('span', `pill ${tone}`, label), el('strong', '', name), el('small', 'aside', aside),
      el('small', '', moment(at))),
    ...details);
}

const detail = (text, tone = '') => (text ? el('p', `detail ${tone}`, readable(text)) : undefined);

function refreshRow(refresh) {
  if (refresh.outcome === 'failure') {
    return row('bad', 'failed', refresh.model, refresh.ended_at, '', detail(refresh.detail, 'bad'));
  }
  if (refresh.outcome === 'no_replicas') {
    return row('quiet', 'no replicas', refresh.model, refresh.ended_at, '');
  }
  const how = [refresh.propagation ? '' : 'asked for by no update',
    refresh.failures ? `after ${times(refresh.failures, 'failure')}` : ''];
  return row('good', refresh.propagation ? duration(seconds(refresh.propagation)) : 'done', refresh.model,
    refresh.ended_at, `loads ${duration(seconds(refresh.duration))}`, detail(how.filter(Boolean).join(', ')));
}

const list = (selector, rows, none) =>
  $(selector).replaceChildren(...(rows.length ? rows : [el('li', 'none', none)]));

function show() {
  showSummary();
  showModels();
  list('#refreshes ol', refreshes.map(refreshRow), 'None has ended since this agent started.');
  list('#dead-letters ol',
    deadLetters.recent.map((letter) =>
      row('bad', 'poison', `message ${letter.message_id}`, letter.publish_time, '', detail(letter.cause))),
    'None since this agent started.');
}

// ---- Retraining jobs: shown where the agent has them ----

const JOB_TONES = { enqueued: 'good', duplicate: 'quiet', failed: 'bad' };

function jobRow(job) {
  return row(JOB_TONES[job.outcome] ?? 'quiet', job.outcome, job.model, job.at, '',
    detail(`${job.reason}: ${job.detail}`),
    detail(`${job.job} in queue ${job.queue}`),
    detail(job.problem, 'bad'));
}

async function readJobs(signal) {
  try {
    const answer = await fetch('v1/retraining-jobs', { signal });
    $('#retraining').hidden = !answer.ok;
    if (answer.ok) {
      list('#retraining ol', (await answer.json()).slice(0, MOST_ROWS).map(jobRow), 'None since this agent started.');
    }
    return answer.status !== 404;
  } catch {
    return true; // The event stream says what is wrong.
  }
}

async function followJobs(signal) {
  while (!signal.aborted && (await readJobs(signal))) {
    await pause(JOBS_EVERY_MS);
  }
}

// ---- The stream ----

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function connection(tone, words) {
  const element = $('#connection');
  element.className = `pill ${tone}`;
  element.textContent = words;
}

function notice(title, text) {
  $('#notice').hidden = !title;
  $('#notice h2').textContent = title;
  $('#notice p').textContent = text;
}

/** Calls for each event of the stream, until it ends or is silent for too long. */
async function read(body, controller, onEvent) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const silent = setTimeout(() => controller.abort(), SILENCE_MS);
    const { done, value } = await reader.read().finally(() => clearTimeout(silent));
    if (done) return;
    const events = (text + value).split('\n\n');
    text = events.pop();
    for (const event of events) {
      const data = event.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5));
      if (data.length) onEvent(JSON.parse(data.join('\n')));
    }
  }
}

/** What is on the page was so, and may not be any more. */
function cutOff() {
  connection('bad', 'no connection to the agent, trying again');
  notice('', '');
  $('main').classList.add('old');
}

/** What a problem document says, or a status that came without one. */
async function problemOf(answer) {
  const problem = await answer.json().catch(() => ({}));
  return { title: problem.title ?? String(answer.status), text: problem.detail ?? `The agent answered ${answer.status}.` };
}

const sentence = ({ title, text }) => `${title}: ${text}`;

async function explain(answer) {
  const { title, text } = await problemOf(answer);
  const standby = answer.status === 503;
  $('main').hidden = true;
  connection('warn', standby ? 'standby' : 'not shown');
  notice(standby ? 'This agent is a standby' : title, text);
}

/** One stay at the stream; tells whether it was let in. */
async function watch(controller) {
  const answer = await fetch('v1/events', {
    headers: { Accept: 'text/event-stream' }, cache: 'no-store', signal: controller.signal });
  if (!answer.ok) {
    await explain(answer);
    return false;
  }
  followJobs(controller.signal);
  askAccess(controller.signal).catch(() => {}); // The stream says what is wrong.
  await read(answer.body, controller, (event) => {
    take(event);
    $('main').hidden = false;
    $('main').classList.remove('old');
    connection('good', 'live');
    if (subscription.open) notice('', '');
    else notice('The subscription is not open', subscription.detail);
  });
  cutOff();
  return true;
}

const visible = () =>
  new Promise((resolve) => {
    const check = () => {
      if (document.visibilityState === 'visible') {
        document.removeEventListener('visibilitychange', check);
        resolve();
      }
    };
    document.addEventListener('visibilitychange', check);
    check();
  });

/** Nobody looks at a hidden page: it costs the agent nothing. */
async function run() {
  let wait = FIRST_RETRY_MS;
  for (;;) {
    await visible();
    const controller = new AbortController();
    const leave = () => document.visibilityState === 'hidden' && controller.abort();
    document.addEventListener('visibilitychange', leave);
    try {
      if (await watch(controller)) wait = FIRST_RETRY_MS;
    } catch {
      cutOff();
      wait = Math.min(LAST_RETRY_MS, wait * 1.5);
    }
    controller.abort();
    document.removeEventListener('visibilitychange', leave);
    await pause(wait);
  }
}

$('#operator form').addEventListener('submit', unlock);
$('#lock').addEventListener('click', lock);
$('#models input').addEventListener('input', showModels);
$('#zone').textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
setInterval(() => document.querySelectorAll('.since').forEach((element) => element.tell()), 1_000);
run();
