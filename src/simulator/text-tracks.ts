import type { Answer } from './answers.js'
import { jsonAnswer } from './answers.js'
import type { CallRequest, NodeContext } from './context.js'
import { filePart } from './multipart.js'
import type { Recording, TextTrack } from './recordings.js'

const LANGUAGE = /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/
const KINDS = ['subtitles', 'captions']

/** `getRecordingTextTracks`: the subtitle files of a recording, as JSON. */
export function getRecordingTextTracks (request: CallRequest, node: NodeContext): Answer {
  const recordID = request.parameters.text('recordID')
  if (recordID === undefined) return failure('missingParamRecordID', 'You must specify a recordID.')
  const recording = node.recordings.get(recordID)
  if (recording === undefined) return failure('noRecordings', `No recording found for ${recordID}`)
  if (recording.tracks.length === 0) return failure('noCaptionsFound', `No captions found for ${recordID}`)
  const tracks = recording.tracks.map((track) => ({
    href: trackUrl(recording, track, node),
    kind: track.kind,
    label: track.label,
    lang: track.lang,
    source: track.source,
  }))
  return jsonAnswer({ response: { returncode: 'SUCCESS', tracks } })
}

/** `putRecordingTextTrack`: takes a subtitle file as multipart form, answers JSON. */
export function putRecordingTextTrack (request: CallRequest, node: NodeContext): Answer {
  const { parameters } = request
  for (const name of ['recordID', 'kind', 'lang']) {
    if (parameters.text(name) === undefined) return failure('paramError', `Missing param ${name}.`)
  }
  const recordID = parameters.get('recordID') ?? ''
  const kind = parameters.get('kind') ?? ''
  const lang = parameters.get('lang') ?? ''
  const recording = node.recordings.get(recordID)
  if (recording === undefined) return failure('noRecordings', `No recording found for ${recordID}`)
  if (!KINDS.includes(kind)) return failure('invalidKind', `Invalid kind parameter, expected='subtitles|captions' actual=${kind}`)
  if (!LANGUAGE.test(lang)) return failure('invalidLang', `Malformed lang param, received=${lang}`)
  const content = filePart(request.body, request.contentType, 'file')
  if (content === undefined || content.length === 0) return failure('empty_uploaded_text_track', 'Empty uploaded text track.')
  const fileName = `${kind}_${lang}.vtt`
  const label = parameters.text('label') ?? lang
  const kept = recording.tracks.findIndex((track) => track.fileName === fileName)
  recording.tracks.splice(kept < 0 ? recording.tracks.length : kept, 1, { fileName, kind, label, lang, source: 'upload', content })
  return jsonAnswer({
    response: {
      messageKey: 'upload_text_track_success',
      message: 'Text track uploaded successfully',
      recordId: recordID,
      returncode: 'SUCCESS',
    },
  })
}

// The link is good once and for an hour, as the one of a real node.
function trackUrl (recording: Recording, track: TextTrack, node: NodeContext): string {
  return `${node.publicUrl}/bigbluebutton/textTrack/${node.recordings.linkTo(track)}/${recording.recordID}/${track.fileName}`
}

function failure (messageKey: string, message: string): Answer {
  return jsonAnswer({ response: { returncode: 'FAILED', messageKey, message } })
}
