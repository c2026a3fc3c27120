/**
 * What can be wrong with a message: one table, filled in for each side.
 *
 * A fault is a constant: nothing a peer sent gets into it. `row` is the row of the security
 * checklist.
 */

/** More bytes are needed: call again with the same start and a larger end. */
export const MORE = 0
/** The head is complete and valid. */
export const DONE = 1
/** The message is refused: `fault` says why. */
export const BAD = 2

export type Result = typeof MORE | typeof DONE | typeof BAD

export type FaultCode =
  | 'REQUEST_FRAMING'
  | 'REQUEST_TARGET_TOO_LONG'
  | 'REQUEST_EXPECTATION'
  | 'REQUEST_HEAD_TOO_LARGE'
  | 'REQUEST_CODING'
  | 'REQUEST_VERSION'
  | 'BACKEND_FRAMING'

/** Why a message is refused, and the status to answer with. */
export interface Fault {
  readonly status: number
  readonly code: FaultCode
  readonly reason: string
  /** The row of the security checklist that asks for it. */
  readonly row: number
}

type Entry = readonly [row: number, reason: string, status?: number, code?: FaultCode]

export type FaultName =
  | 'bareLf'
  | 'bareCr'
  | 'emptyLine'
  | 'leadingBlank'
  | 'method'
  | 'requestLine'
  | 'target'
  | 'version'
  | 'targetTooLong'
  | 'fragment'
  | 'statusLine'
  | 'blankBeforeColon'
  | 'folded'
  | 'fieldName'
  | 'emptyName'
  | 'fieldValue'
  | 'headTooLarge'
  | 'fieldsTooMany'
  | 'lengthAndCoding'
  | 'coding'
  | 'codingUnknown'
  | 'codingInOld'
  | 'length'
  | 'lengthTwice'
  | 'chunkSize'
  | 'chunkEnd'
  | 'extension'
  | 'trailersTooLarge'
  | 'hostMissing'
  | 'hostTwice'
  | 'host'
  | 'scheme'
  | 'hostDiffers'
  | 'userinfo'
  | 'asterisk'
  | 'authority'
  | 'nominated'
  | 'nominatedTooMany'
  | 'expectation'
  | 'upgradeBody'
  | 'switching'
  | 'maxForwards'
  | 'traceBody'

const entries: Readonly<Record<FaultName, Entry>> = {
  bareLf: [2, 'a bare LF ends a line'],
  bareCr: [3, 'a CR stands without its LF'],
  emptyLine: [4, 'the message starts with an empty line'],
  leadingBlank: [5, 'the first field line starts with whitespace'],
  method: [6, 'the method is not a token of at most 32 characters'],
  requestLine: [6, 'the request line is not method, target and version with one space between'],
  target: [6, 'the request target has a form or a character that is not allowed'],
  version: [6, 'the version is neither HTTP/1.0 nor HTTP/1.1', 505, 'REQUEST_VERSION'],
  targetTooLong: [7, 'the request target is too long', 414, 'REQUEST_TARGET_TOO_LONG'],
  fragment: [9, 'the request target holds a fragment'],
  statusLine: [10, 'the status line is not version, three digits and reason'],
  blankBeforeColon: [11, 'whitespace stands before the colon of a field'],
  folded: [12, 'a field line is folded'],
  fieldName: [13, 'a field name is not a token'],
  emptyName: [13, 'a field name is empty'],
  fieldValue: [14, 'a field value holds a control character'],
  headTooLarge: [15, 'the head is too large', 431, 'REQUEST_HEAD_TOO_LARGE'],
  fieldsTooMany: [15, 'the head has too many fields', 431, 'REQUEST_HEAD_TOO_LARGE'],
  lengthAndCoding: [21, 'Content-Length and Transfer-Encoding are both present'],
  coding: [22, 'Transfer-Encoding is not exactly one line saying chunked'],
  codingUnknown: [22, 'the transfer coding is not supported', 501, 'REQUEST_CODING'],
  codingInOld: [24, 'Transfer-Encoding is present in an HTTP/1.0 message'],
  length: [25, 'Content-Length is not a number of 1 to 15 digits'],
  lengthTwice: [26, 'Content-Length is present more than once'],
  chunkSize: [37, 'a chunk size is not 1 to 13 hex digits'],
  chunkEnd: [38, 'CRLF does not follow a chunk size, chunk data or a trailer'],
  extension: [39, 'a chunk extension is too long or holds a control character'],
  trailersTooLarge: [41, 'the trailer section is too large', 431, 'REQUEST_HEAD_TOO_LARGE'],
  hostMissing: [43, 'an HTTP/1.1 request has no Host'],
  hostTwice: [43, 'Host is present more than once'],
  host: [43, 'the host is not host or host:port'],
  scheme: [44, 'the target is an absolute URI whose scheme is neither http nor https'],
  hostDiffers: [45, 'Host differs from the authority of the target'],
  userinfo: [46, 'the authority of the target holds user information'],
  asterisk: [47, 'the target * is for OPTIONS only'],
  authority: [48, 'the target of CONNECT is not host:port'],
  nominated: [52, 'Connection nominates a field that frames the message'],
  nominatedTooMany: [52, 'Connection nominates too many fields', 431, 'REQUEST_HEAD_TOO_LARGE'],
  expectation: [61, 'the expectation is not 100-continue', 417, 'REQUEST_EXPECTATION'],
  upgradeBody: [62, 'a request for an upgrade has a body'],
  switching: [62, 'a 101 response lacks Upgrade or the connection option upgrade'],
  maxForwards: [68, 'Max-Forwards is not a number'],
  traceBody: [69, 'a TRACE request has a body'],
}

export type Faults = Readonly<Record<FaultName, Fault>>

/** The faults of a request; the client did it. */
export const requestFaults: Faults = table((_row, _reason, status = 400, code) => ({
  status,
  code: code ?? 'REQUEST_FRAMING',
}))

/** The faults of a response; the backend did it, so each is a 502. */
export const responseFaults: Faults = table(() => ({ status: 502, code: 'BACKEND_FRAMING' }))

function table(verdict: (...entry: Entry) => Pick<Fault, 'status' | 'code'>): Faults {
  const faults: Partial<Record<FaultName, Fault>> = {}
  for (const name of Object.keys(entries) as FaultName[]) {
    const entry = entries[name]
    faults[name] = Object.freeze({ ...verdict(...entry), reason: entry[1], row: entry[0] })
  }
  return Object.freeze(faults) as Faults
}
