import type { FastifyInstance, FastifyRequest } from 'fastify'
import { escapeXml } from '../bbb/xml.js'
import type { Answer } from './answers.js'
import { htmlAnswer, htmlError } from './answers.js'
import { sendAnswer } from './api.js'
import type { NodeContext } from './context.js'

const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="176" height="136"><rect width="176" height="136" fill="#1f6feb"/></svg>'

/** The playback pages of recordings, their preview pictures, and their subtitle files. */
export function playbackRoutes (server: FastifyInstance, node: NodeContext): void {
  server.get('/playback/presentation/2.3/:recordID', (request, reply) =>
    sendAnswer(reply, playbackPage(parameter(request, 'recordID'), node)))
  server.get('/playback/presentation/2.3/:recordID/thumb-1.svg', (_request, reply) =>
    sendAnswer(reply, { status: 200, contentType: 'image/svg+xml', body: PICTURE }))
  server.get('/bigbluebutton/textTrack/:token/:recordID/:file', (request, reply) => {
    const track = node.recordings.takeLink(parameter(request, 'token'))
    return sendAnswer(reply, track === undefined
      ? htmlError(404, 'Not Found', 'nginx')
      : { status: 200, contentType: 'text/vtt;charset=utf-8', body: track.content.toString('utf8') })
  })
}

function playbackPage (recordID: string, node: NodeContext): Answer {
  const recording = node.recordings.get(recordID)
  if (recording === undefined || recording.state !== 'published') return htmlError(404, 'Recording not found', 'nginx')
  const name = escapeXml(recording.name)
  return htmlAnswer(200, '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    `<title>${name}</title></head>\n<body><h1>${name}</h1><p>A simulated recording of ${recording.participants} people, ` +
    `from ${new Date(recording.startTimeMs).toISOString()} to ${new Date(recording.endTimeMs).toISOString()}, ` +
    `kept on ${escapeXml(node.name)}.</p></body></html>\n`)
}

function parameter (request: FastifyRequest, name: string): string {
  return (request.params as Readonly<Record<string, string | undefined>>)[name] ?? ''
}
