/**
 * What meetings really cost, in cores. Eight cores carry 210, 170 or 120 people in classes of 20 of whom half speak and
 * 1, 3 or 20 send a camera: BigBlueButton's documentation (about 200 people on 8 cores), mediasoup's (about 500
 * consumers per core) and operators' reports agree with that.
 */

const MEETING = 0.05
const PERSON = 0.015
const LISTENER = 0.004
const MICROPHONE = 0.025
const CAMERA_SENT = 0.01
const CAMERA_RECEIVED = 0.005

/** Cameras one person receives at most. */
const CAMERAS_SEEN = 5

/** A join costs that many cores for that long. */
export const JOIN = { cores: 0.05, seconds: 20 } as const

/** Cores that a meeting with that many people takes, without joins and without the factor of its room. */
export function coresOf (people: number, microphones: number, cameras: number): number {
  const senders = Math.min(cameras, people)
  const received = senders * Math.min(Math.max(0, cameras - 1), CAMERAS_SEEN) + (people - senders) * Math.min(cameras, CAMERAS_SEEN)
  return MEETING + PERSON * people + LISTENER * Math.max(0, people - microphones) + MICROPHONE * microphones +
    CAMERA_SENT * cameras + CAMERA_RECEIVED * received
}
