import { element, escapeXml } from '../bbb/xml.js'
import type { Answer } from './answers.js'
import { failed, messageElements, success, xmlAnswer } from './answers.js'
import type { CallRequest, NodeContext } from './context.js'
import { metadataOf } from './create.js'
import type { Parameters } from './parameters.js'
import type { Recording } from './recordings.js'

const DEFAULT_STATES = ['published', 'unpublished']
const LARGEST_PAGE = 100
const MINUTE_MS = 60_000

/** `getRecordings`: a filtered and, from 2.6, paged list. */
export function getRecordings (request: CallRequest, node: NodeContext): Answer {
  const { parameters } = request
  const states = parameters.list('state')
  const found = node.recordings.matching({
    meetingIDs: idList(parameters, 'meetingID'),
    recordIDs: idList(parameters, 'recordID'),
    states: new Set(states.length === 0 ? DEFAULT_STATES : states),
    metadata: new Map(Object.entries(metadataOf(parameters))),
  })
  const isPaged = node.traits.recordingPages !== 'none' &&
    (parameters.text('offset') !== undefined || parameters.text('limit') !== undefined)
  const page = isPaged ? pageOf(found, parameters) : found
  const total = isPaged && node.traits.recordingPages === 'pages-and-total'
    ? element('totalElements', found.length)
    : ''
  if (page.length === 0) {
    return success(messageElements('noRecordings', 'There are no recordings for the meeting(s).') + '<recordings/>' + total)
  }
  return indented(`<recordings>${page.map((recording) => recordingElement(recording, node)).join('')}</recordings>${total}`)
}

/** `publishRecordings`: also takes recordings back with publish=false. */
export function publishRecordings (request: CallRequest, node: NodeContext): Answer {
  const { parameters } = request
  const publish = parameters.text('publish')
  if (parameters.text('recordID') !== undefined && publish === undefined) {
    return failed('missingParamPublish', 'You must specify a publish value true or false.')
  }
  const found = namedRecordings(parameters, node)
  if (!Array.isArray(found)) return found
  for (const recording of found) {
    if (recording.state === 'published' || recording.state === 'unpublished') {
      recording.state = publish?.toLowerCase() === 'true' ? 'published' : 'unpublished'
    }
  }
  return success(element('published', publish ?? ''))
}

/** `deleteRecordings`: deleted ones can still be listed by their state. */
export function deleteRecordings (request: CallRequest, node: NodeContext): Answer {
  const found = namedRecordings(request.parameters, node)
  if (!Array.isArray(found)) return found
  for (const recording of found) recording.state = 'deleted'
  return success(element('deleted', true))
}

/** `updateRecordings`: sets metadata; an empty value takes the key away. */
export function updateRecordings (request: CallRequest, node: NodeContext): Answer {
  const found = namedRecordings(request.parameters, node)
  if (!Array.isArray(found)) return found
  for (const recording of found) {
    for (const [name, value] of Object.entries(metadataOf(request.parameters))) {
      if (value === '') recording.metadata.delete(name)
      else recording.metadata.set(name, value)
    }
  }
  return success(element('updated', true))
}

/** The address of a recording's playback page. */
function playbackUrl (recording: Recording, node: NodeContext): string {
  return `${node.publicUrl}/playback/presentation/2.3/${recording.recordID}`
}

// One id that exists makes the whole call a success.
function namedRecordings (parameters: Parameters, node: NodeContext): Recording[] | Answer {
  const recordIDs = idList(parameters, 'recordID')
  if (recordIDs.length === 0) return failed('missingParamRecordID', 'You must specify a recordID.')
  const found = recordIDs.map((recordID) => node.recordings.get(recordID))
    .filter((recording) => recording !== undefined)
  return found.length > 0 ? found : failed('notFound', 'We could not find recordings')
}

// BBB decodes these ids a second time, after the query was decoded.
function idList (parameters: Parameters, name: string): string[] {
  return parameters.list(name).map((id) => {
    try {
      return decodeURIComponent(id.replaceAll('+', ' '))
    } catch {
      return id
    }
  })
}

function pageOf (recordings: Recording[], parameters: Parameters): Recording[] {
  const offset = Math.max(0, parameters.integer('offset', 0))
  const limit = Math.min(LARGEST_PAGE, Math.max(1, parameters.integer('limit', LARGEST_PAGE)))
  return recordings.slice(offset, offset + limit)
}

function recordingElement (recording: Recording, node: NodeContext): string {
  const text = node.traits.recordingsInCdata
    ? (name: string, value: string): string => `<${name}><![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]></${name}>`
    : element
  let metadata = element('isBreakout', recording.isBreakout) +
    text('meetingName', recording.name) + text('meetingId', recording.meetingID)
  for (const [name, value] of recording.metadata) metadata += text(name, value)
  const breakout = recording.parentId === undefined
    ? ''
    : `<breakout>${element('parentId', recording.parentId)}${element('sequence', recording.sequence)}</breakout>`
  return '<recording>' +
    element('recordID', recording.recordID) +
    element('meetingID', recording.meetingID) +
    element('internalMeetingID', recording.recordID) +
    text('name', recording.name) +
    element('isBreakout', recording.isBreakout) +
    element('published', recording.state === 'published') +
    element('state', recording.state) +
    element('startTime', recording.startTimeMs) +
    element('endTime', recording.endTimeMs) +
    element('participants', recording.participants) +
    `<metadata>${metadata}</metadata>${breakout}` +
    playbackElement(recording, node) +
    '</recording>'
}

function playbackElement (recording: Recording, node: NodeContext): string {
  if (recording.state !== 'published' && recording.state !== 'unpublished') return '<playback></playback>'
  const url = playbackUrl(recording, node)
  const image = `<image width="176" height="136" alt="${escapeXml(recording.name)}">${escapeXml(`${url}/thumb-1.svg`)}</image>`
  return '<playback><format>' +
    element('type', 'presentation') +
    element('url', url) +
    element('processingTime', recording.processingTimeMs) +
    element('length', Math.round((recording.endTimeMs - recording.startTimeMs) / MINUTE_MS)) +
    element('size', recording.participants * BYTES_PER_PARTICIPANT) +
    `<preview><images>${image}</images></preview></format></playback>`
}

const BYTES_PER_PARTICIPANT = 100_000

// Unlike its other answers, BBB's lists of recordings are printed on many lines.
function indented (elements: string): Answer {
  const compact = xmlAnswer(`<returncode>SUCCESS</returncode>${elements}`)
  let depth = 0
  const lines: string[] = []
  for (const part of compact.body.match(LINE) ?? []) {
    if (part.startsWith('</')) depth--
    lines.push('  '.repeat(Math.max(0, depth)) + part)
    if (/^<[^/!][^>]*[^/]>$/.test(part)) depth++
  }
  return { ...compact, body: lines.join('\n') }
}

// A leaf with its text, or a single tag.
const LINE = /<([a-zA-Z][^\s/>]*)[^>]*>(?:[^<]|<!\[CDATA\[[\s\S]*?\]\]>)*<\/\1>|<[^>]+>/g
