import { element } from '../bbb/xml.js'
import type { Answer } from './answers.js'
import { failed, messageElements, success, textAnswer } from './answers.js'
import type { CallRequest, NodeContext } from './context.js'

/** Somebody who wants to be told of events. */
export interface Hook {
  readonly id: number
  readonly callbackURL: string
  /** External id of the only meeting of interest; undefined for all. */
  readonly meetingID: string | undefined
  /** Names of the only events of interest; empty for all. */
  readonly eventIDs: readonly string[]
  readonly getRaw: boolean
}

/** The web hooks of the node; the service that keeps them does not restart with the meetings. */
export class Hooks {
  #nextId = 1
  readonly #byId = new Map<number, Hook>()

  /** All hooks, ordered by id. */
  all (): Hook[] {
    return [...this.#byId.values()]
  }

  /** The hook with this callback URL. */
  findByUrl (callbackURL: string): Hook | undefined {
    return this.all().find((hook) => hook.callbackURL === callbackURL)
  }

  /** Adds a hook under the next id. */
  add (hook: Omit<Hook, 'id'>): Hook {
    const added = { ...hook, id: this.#nextId++ }
    this.#byId.set(added.id, added)
    return added
  }

  /** Removes a hook; false where there is none with this id. */
  remove (id: number): boolean {
    return this.#byId.delete(id)
  }

  /** The hooks that want this event of this meeting. */
  interestedIn (eventID: string, meetingID: string): Hook[] {
    return this.all().filter((hook) =>
      (hook.meetingID === undefined || hook.meetingID === meetingID) &&
      (hook.eventIDs.length === 0 || hook.eventIDs.includes(eventID)))
  }
}

/** `hooks/create`: an address that is there already keeps its id. */
export function createHook (request: CallRequest, node: NodeContext): Answer {
  const { parameters } = request
  const callbackURL = parameters.text('callbackURL')
  if (callbackURL === undefined) {
    return failed('missingParamCallbackURL', 'You must specify a callbackURL in the parameters.')
  }
  const existing = node.hooks.findByUrl(callbackURL)
  if (existing !== undefined) {
    return success(element('hookID', existing.id) +
      messageElements('duplicateWarning', 'There is already a hook for this callback URL.'))
  }
  const hook = node.hooks.add({
    callbackURL,
    meetingID: parameters.text('meetingID'),
    eventIDs: parameters.list('eventID'),
    getRaw: parameters.flag('getRaw'),
  })
  return success(element('hookID', hook.id) + element('permanentHook', false) + element('rawData', hook.getRaw))
}

/** `hooks/list`: all hooks, or those that a meeting concerns. */
export function listHooks (request: CallRequest, node: NodeContext): Answer {
  const meetingID = request.parameters.text('meetingID')
  const hooks = node.hooks.all()
    .filter((hook) => meetingID === undefined || hook.meetingID === undefined || hook.meetingID === meetingID)
  return success(`<hooks>${hooks.map(hookElement).join('')}</hooks>`)
}

/** `hooks/destroy`. */
export function destroyHook (request: CallRequest, node: NodeContext): Answer {
  const hookID = request.parameters.text('hookID')
  if (hookID === undefined) return failed('missingParamHookID', 'You must specify a hookID in the parameters.')
  if (!node.hooks.remove(Number(hookID))) return failed('destroyMissingHook', 'The hook informed was not found.')
  return success(element('removed', true))
}

/** `hooks/ping`: plain text, without a checksum. */
export function pingHooks (): Answer {
  return textAnswer('bbb-webhooks API up!')
}

function hookElement (hook: Hook): string {
  return '<hook>' +
    element('hookID', hook.id) +
    `<callbackURL>${cdata(hook.callbackURL)}</callbackURL>` +
    (hook.meetingID === undefined ? '' : `<meetingID>${cdata(hook.meetingID)}</meetingID>`) +
    element('permanentHook', false) +
    (hook.eventIDs.length === 0 ? '' : element('eventID', hook.eventIDs.join(','))) +
    element('rawData', hook.getRaw) +
    '</hook>'
}

function cdata (text: string): string {
  return `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
}
