import type { Answer } from './answers.js'
import { failed } from './answers.js'
import type { NodeContext } from './context.js'
import type { Meeting } from './meetings.js'
import type { Parameters } from './parameters.js'

/** Why a call is refused: BBB's message key and text. */
export interface Refusal {
  key: string
  message: string
}

const SHORTEST = 2
const LONGEST = 256
const LONGEST_PASSWORD = 64

/** The FAILED answer for a refusal. */
export function refuse (refusal: Refusal): Answer {
  return failed(refusal.key, refusal.message)
}

/** What BBB's validation layer (2.4+) finds wrong with the meetingID, if anything. */
export function meetingIdRefusal (parameters: Parameters): Refusal | undefined {
  const meetingID = parameters.text('meetingID')
  if (meetingID === undefined) return { key: 'missingParamMeetingID', message: 'You must provide a meeting ID' }
  if (meetingID.length < SHORTEST || meetingID.length > LONGEST) {
    return { key: 'sizeError', message: 'Meeting ID must be between 2 and 256 characters' }
  }
  if (meetingID.includes(',')) return { key: 'validationError', message: "Meeting ID cannot contain ','" }
  return undefined
}

/** What is wrong with the meeting's name on create, if anything. */
export function nameRefusal (parameters: Parameters): Refusal | undefined {
  const name = parameters.get('name')
  if (name === undefined) return { key: 'nullError', message: 'You must provide a meeting name' }
  if (name === '') return { key: 'emptyError', message: 'You must provide a meeting name' }
  if (name.length < SHORTEST || name.length > LONGEST) {
    return { key: 'sizeError', message: 'Meeting name must be between 2 and 256 characters' }
  }
  return undefined
}

/** What is wrong with the length of a password, if anything; leaving it out is fine. */
export function passwordRefusal (password: string | undefined): Refusal | undefined {
  if (password === undefined) return undefined
  const isFit = password.length >= SHORTEST && password.length <= LONGEST_PASSWORD
  return isFit ? undefined : { key: 'invalidPassword', message: 'Invalid password' }
}

/** What is wrong with a parameter that takes true or false, if anything. */
export function booleanRefusal (parameters: Parameters, name: string, title: string): Refusal | undefined {
  const value = parameters.text(name)?.toLowerCase()
  if (value === undefined || value === 'true' || value === 'false') return undefined
  return { key: 'validationError', message: `${title} must be a boolean value (true or false)` }
}

/** What is wrong with a whole number, if anything. */
export function integerRefusal (parameters: Parameters, name: string, message: string): Refusal | undefined {
  const value = parameters.text(name)
  return value === undefined || /^-?\d+$/.test(value) ? undefined : { key: 'validationError', message }
}

/** The meeting a call names, or the answer that says why there is none. */
export function findMeeting (
  parameters: Parameters, node: NodeContext, notFoundKey = 'notFound'
): { meeting: Meeting } | { refusal: Refusal } {
  const refusal = meetingIdRefusal(parameters)
  if (refusal !== undefined) return { refusal }
  const meeting = node.meetings.find(parameters.get('meetingID') ?? '')
  if (meeting !== undefined) return { meeting }
  return { refusal: { key: notFoundKey, message: 'A meeting with that ID does not exist' } }
}
