import { escapeXml } from '../bbb/xml.js'
import { ROOM_SCRIPT } from './room-script.js'
import type { User } from './users.js'

// One look for every page; light or dark as the browser likes it.
const STYLE = `
:root { color-scheme: light dark; --ink: #1c2733; --quiet: #5b6b7b; --ground: #eef2f6; --card: #fff; --line: #d8e0e8; --accent: #1f6feb; --warm: #b42318 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eef4; --quiet: #9db0c2; --ground: #111820; --card: #1b2530; --line: #2d3a48; --accent: #5b9dff; --warm: #ff8a7a } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); display: grid; place-items: center; padding: 1rem }
main { width: min(40rem, 100%); background: var(--card); border: 1px solid var(--line); border-radius: 1rem; overflow: hidden; box-shadow: 0 1rem 3rem rgb(0 0 0 / .08) }
header { padding: 1.5rem 1.75rem 1rem; border-bottom: 1px solid var(--line) }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.2; overflow-wrap: anywhere }
p { margin: .35rem 0 0; color: var(--quiet) }
section { padding: 1rem 1.75rem }
h2 { margin: 0 0 .5rem; font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; color: var(--quiet) }
ul { list-style: none; margin: 0; padding: 0 }
li { display: flex; gap: .75rem; align-items: center; padding: .45rem 0; overflow-wrap: anywhere }
li .initial { flex: none; width: 2.1rem; height: 2.1rem; border-radius: 50%; display: grid; place-items: center; background: var(--accent); color: #fff; font-weight: 600 }
li .does { margin-left: auto; color: var(--quiet); font-size: .85rem; text-align: right }
nav { display: flex; flex-wrap: wrap; gap: .6rem; padding: 1rem 1.75rem 1.5rem; border-top: 1px solid var(--line) }
button, a.button { font: inherit; padding: .55rem 1rem; border-radius: .6rem; border: 1px solid var(--line); background: transparent; color: inherit; cursor: pointer; text-decoration: none }
button[aria-pressed=true] { background: var(--accent); border-color: var(--accent); color: #fff }
button.leave { margin-left: auto; color: var(--warm); border-color: var(--warm) }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
[hidden] { display: none !important }
`

/** The page of somebody who is in a meeting: who is there, camera, microphone, leaving. */
export function roomPage (roomName: string, nodeName: string, user: User, nonce: string): string {
  const me = { logoutUrl: isWebAddress(user.logoutUrl) ? user.logoutUrl : undefined }
  return document(roomName, nonce, `
<header><h1>${escapeXml(roomName)}</h1><p>${escapeXml(user.fullName)}, on ${escapeXml(nodeName)} (simulated BigBlueButton)</p></header>
<section id="waiting-room" hidden><h2>Please wait</h2><p>A moderator has to let you in.</p></section>
<section id="room"><h2>People <span id="count"></span></h2><ul id="people" aria-live="polite"></ul></section>
<section id="guests" hidden><h2>Waiting to be let in</h2><ul id="guest-names"></ul><button id="let-in" type="button">Let everybody in</button></section>
<section id="chat" hidden><h2>Messages</h2><ul id="messages"></ul></section>
<section id="over" hidden><h2>Good-bye</h2><p>You have left, or the meeting is over. You may close this page.</p></section>
<nav id="controls">
<button id="microphone" type="button" aria-pressed="false">Microphone</button>
<button id="camera" type="button" aria-pressed="false">Camera</button>
<button id="listening" type="button" aria-pressed="false">Listen only</button>
<button id="leave" class="leave" type="button">Leave</button>
</nav>`, `const me = ${scriptValue(me)};${ROOM_SCRIPT}`)
}

/** The page for a session that is not, or no longer, known. */
export function goodbyePage (nodeName: string, nonce: string): string {
  return document('Good-bye', nonce, `
<header><h1>This session is over</h1><p>${escapeXml(nodeName)} (simulated BigBlueButton)</p></header>
<section><p>The meeting has ended, or you have left it. Join again where you came from.</p></section>`)
}

/** The front page of a node, where people land whose join failed and who brought no better address. */
export function landingPage (nodeName: string, errors: string | null, nonce: string): string {
  const items = messagesOf(errors).map((message) => `<li>${escapeXml(message)}</li>`).join('')
  return document(nodeName, nonce, `
<header><h1>${escapeXml(nodeName)}</h1><p>A simulated BigBlueButton server: rooms and people, no sound and pictures.</p></header>
${items === '' ? '' : `<section><h2>You could not join</h2><ul>${items}</ul></section>`}`)
}

function document (title: string, nonce: string, content: string, script?: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title><link rel="icon" href="data:,">
<style nonce="${nonce}">${STYLE}</style></head>
<body><main>${content}
</main>${script === undefined ? '' : `<script nonce="${nonce}">${script}</script>`}</body></html>
`
}

// A value in a script must not be able to end the script.
function scriptValue (value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}

function isWebAddress (url: string | undefined): boolean {
  return url !== undefined && /^https?:\/\//i.test(url)
}

function messagesOf (errors: string | null): string[] {
  if (errors === null) return []
  try {
    const list: unknown = JSON.parse(errors)
    return Array.isArray(list) ? list.map((one: unknown) => messageOf(one)).filter((message) => message !== '') : []
  } catch {
    return []
  }
}

function messageOf (error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return ''
  return typeof error.message === 'string' ? error.message : ''
}
