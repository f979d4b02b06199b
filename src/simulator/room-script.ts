/**
 * What the page of a room does in the browser. It finds `me` (where to go after leaving) defined. Names
 * and messages only ever become text, never markup.
 */
export const ROOM_SCRIPT = `
const byId = (id) => document.getElementById(id);
const address = (what) => what + '?sessionToken=' + encodeURIComponent(new URLSearchParams(location.search).get('sessionToken') || '');
const BUTTONS = { microphone: 'hasJoinedVoice', camera: 'hasVideo', listening: 'isListeningOnly' };
let mine = {};
let timer;

function item (text, does) {
  const li = document.createElement('li');
  const initial = document.createElement('span');
  initial.className = 'initial';
  initial.textContent = (Array.from(text.trim())[0] || '?').toUpperCase();
  const name = document.createElement('span');
  name.textContent = text;
  const doing = document.createElement('span');
  doing.className = 'does';
  doing.textContent = does;
  li.append(initial, name, doing);
  return li;
}

function doing (person) {
  return [
    person.role === 'MODERATOR' ? 'moderator' : '',
    person.isPresenter ? 'presenter' : '',
    person.hasJoinedVoice ? 'microphone on' : '',
    person.isListeningOnly ? 'listening' : '',
    person.hasVideo ? 'camera on' : ''
  ].filter(Boolean).join(', ');
}

function over () {
  clearTimeout(timer);
  for (const id of ['room', 'guests', 'chat', 'controls', 'waiting-room']) byId(id).hidden = true;
  byId('over').hidden = false;
  if (me.logoutUrl) location.replace(me.logoutUrl);
}

function show (state) {
  if (state.isOver) return over();
  byId('waiting-room').hidden = !state.isWaiting;
  byId('room').hidden = state.isWaiting;
  byId('count').textContent = '(' + state.people.length + ')';
  byId('people').replaceChildren(...state.people.map((person) => item(person.name + (person.isMe ? ' (you)' : ''), doing(person))));
  byId('guests').hidden = state.waiting.length === 0;
  byId('guest-names').replaceChildren(...state.waiting.map((name) => item(name, '')));
  byId('chat').hidden = state.chat.length === 0;
  byId('messages').replaceChildren(...state.chat.map((line) => item(line.userName, line.message)));
  mine = state.people.find((person) => person.isMe) || {};
  for (const [id, what] of Object.entries(BUTTONS)) {
    byId(id).hidden = state.isWaiting;
    byId(id).setAttribute('aria-pressed', String(Boolean(mine[what])));
  }
}

async function ask (what, options) {
  const answer = await fetch(address(what), options);
  if (answer.ok) show(await answer.json());
}

async function follow () {
  try { await ask('state'); } catch (error) { /* the node is away; the next time may work */ }
  if (byId('over').hidden) timer = setTimeout(follow, 2000);
}

const post = (what, value) => ask(what, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }).catch(() => {});
for (const [id, what] of Object.entries(BUTTONS)) {
  byId(id).addEventListener('click', () => post('change', { [what]: !mine[what] }));
}
byId('let-in').addEventListener('click', () => post('let-in', {}));
byId('leave').addEventListener('click', () => post('leave', {}).then(over));
follow();
`
