import type { Case } from '../observe.ts'
import { chunked, chunks, date, request, response, size, switching, upgrade } from './bytes.ts'

/** What the rest of HTTP/1.1 can do. */
export const further: readonly Case[] = [
  {
    name: 'Expect: 100-continue',
    send: [request('POST /', ['Expect: 100-continue', size('hello')]), 'hello'],
    interim: response('100 Continue'),
  },
  {
    name: 'Expect: 100-continue, refused',
    send: [request('POST /', ['Expect: 100-continue', size('hello')])],
    answers: [response('413 Content Too Large', [date, size('no')], 'no')],
    answersEarly: true,
    differs: ['request: Expect'],
  },
  {
    name: 'early hints',
    send: [request('GET /')],
    interim: response('103 Early Hints', ['Link: </a.css>; rel=preload']),
    answers: [response('200 OK', [date, size('ok')], 'ok')],
    differs: ['answer: interim'],
  },
  {
    name: 'trailers of an answer',
    send: [request('GET /', ['TE: trailers', 'Connection: TE'])],
    answers: [
      response('200 OK', [date, 'Trailer: X-Sum', chunked], '5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n'),
    ],
    differs: ['answer: trailers'],
  },
  {
    name: 'trailers of a request',
    send: [request('POST /', [chunked, 'Trailer: X-Sum'], '5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n')],
    differs: ['request: trailers'],
  },
  {
    name: 'Trailer without any',
    send: [request('GET /', ['Trailer: X-Sum'])],
    differs: ['request: Trailer'],
  },
  {
    name: 'chunk extensions',
    send: [request('POST /', [chunked], '5;a=b\r\nhello\r\n0\r\n\r\n')],
  },
  {
    name: 'an upgrade',
    send: [request('GET /chat', upgrade), 'ping'],
    answers: [`${switching}hello`],
    differs: ['upgrade: Connection'],
  },
  {
    name: 'an upgrade to something else',
    send: [request('GET /chat', ['Connection: Upgrade', 'Upgrade: chat'])],
    answers: [
      `${response('101 Switching Protocols', ['Connection: Upgrade', 'Upgrade: chat'])}bye`,
    ],
    differs: ['upgrade: any protocol'],
  },
  {
    name: 'an upgrade with bytes sent ahead',
    send: [`${request('GET /chat', upgrade)}ping`],
    answers: [switching],
    differs: ['upgrade: Connection'],
  },
  {
    name: 'an upgrade that is refused',
    send: [request('GET /chat', upgrade)],
    answers: [response('426 Upgrade Required', [date, size('no')], 'no')],
    differs: ['upgrade: Connection'],
  },
  {
    name: 'an upgrade that is refused in chunks',
    send: [request('GET /chat', upgrade)],
    answers: [response('403 Forbidden', [date, chunked], chunks('no'))],
    differs: ['upgrade: Connection', 'upgrade: refused'],
  },
  {
    name: 'an upgrade to h2c',
    send: [
      request('GET /', [
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AA',
      ]),
    ],
    differs: ['upgrade: h2c'],
  },
  {
    name: 'absolute-form',
    send: ['GET http://front.test/a?b HTTP/1.1\r\nHost: front.test\r\n\r\n'],
  },
  {
    name: 'a path of its own kind',
    send: [request("GET //a/./b/../c;d?e='f'&g=%7e|h\\i")],
    differs: ['request: path'],
  },
  { name: 'an address in the query', send: [request('GET /go?to=http://a.test//b')] },
  {
    name: 'Max-Forwards',
    send: [request('OPTIONS /', ['Max-Forwards: 3'])],
    differs: ['request: Max-Forwards', 'request: no length made up'],
  },
  {
    name: 'Max-Forwards of 0',
    send: [request('OPTIONS /', ['Max-Forwards: 0'])],
    differs: ['request: answered here', 'answer: of piloti'],
  },
  {
    name: 'TRACE',
    send: [request('TRACE /')],
    differs: ['request: answered here', 'answer: of piloti'],
  },
  {
    name: 'CONNECT',
    send: ['CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n'],
    differs: ['request: CONNECT'],
  },
]
