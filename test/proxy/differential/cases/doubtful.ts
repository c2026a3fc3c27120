import type { Case } from '../observe.ts'
import { chunked, chunks, request } from './bytes.ts'

/** What no two programs would read alike, or no program should send. */
export const doubtful: readonly Case[] = [
  {
    name: 'length and chunks',
    send: [request('POST /', ['Content-Length: 5', chunked], chunks('hi'))],
    differs: ['answer: of piloti'],
  },
  {
    name: 'two lengths',
    send: [request('POST /', ['Content-Length: 5', 'Content-Length: 5'], 'hello')],
    differs: ['answer: of piloti'],
  },
  {
    name: 'a length with a sign',
    send: [request('POST /', ['Content-Length: +5'], 'hello')],
    differs: ['answer: of piloti'],
  },
  {
    name: 'gzip and chunks',
    send: [request('POST /', ['Transfer-Encoding: gzip, chunked'], chunks('hi'))],
    differs: ['request: refused', 'answer: of piloti'],
  },
  {
    name: 'chunks in HTTP/1.0',
    send: [`POST / HTTP/1.0\r\nHost: front.test\r\n${chunked}\r\n\r\n${chunks('hi')}`],
    differs: ['request: refused', 'answer: of piloti'],
  },
  {
    name: 'no Host',
    send: ['GET / HTTP/1.1\r\nAccept: */*\r\n\r\n'],
    differs: ['answer: of piloti'],
  },
  {
    name: 'two Hosts',
    send: ['GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n'],
    differs: ['request: refused', 'answer: of piloti'],
  },
  {
    name: 'a Host with a path',
    send: ['GET / HTTP/1.1\r\nHost: a.test/b\r\n\r\n'],
    differs: ['request: refused', 'answer: of piloti'],
  },
  {
    name: 'a target of another host',
    send: ['GET http://a.test/ HTTP/1.1\r\nHost: b.test\r\n\r\n'],
    differs: ['request: refused', 'answer: of piloti'],
  },
  {
    name: 'lines that end with LF',
    send: ['GET / HTTP/1.1\nHost: front.test\n\n'],
    differs: ['answer: of piloti'],
  },
  {
    name: 'a folded line',
    send: [request('GET /', ['X-A: 1', ' 2'])],
    differs: ['answer: of piloti'],
  },
  {
    name: 'a blank before the colon',
    send: [request('GET /', ['X-A : 1'])],
    differs: ['answer: of piloti'],
  },
  {
    name: 'a control character',
    send: [request('GET /', ['X-A: a\x01b'])],
    differs: ['answer: of piloti'],
  },
  { name: 'an empty line first', send: [`\r\n${request('GET /')}`] },
  {
    name: 'a fragment',
    send: [request('GET /a#b')],
    differs: ['request: refused', 'answer: of piloti'],
  },
  { name: 'an unknown method', send: [request('BREW /pot')], differs: ['request: any method'] },
  {
    name: 'HTTP/2.0',
    send: ['GET / HTTP/2.0\r\nHost: front.test\r\n\r\n'],
    differs: ['request: refused', 'answer: of piloti'],
  },
  {
    name: 'an unknown expectation',
    send: [request('GET /', ['Expect: tea'])],
    differs: ['answer: of piloti'],
  },
  {
    name: 'a head of 20 KB',
    send: [request('GET /', [`X-Long: ${'a'.repeat(20_000)}`])],
    differs: ['answer: of piloti'],
  },
  {
    name: 'a target of 10 KB',
    send: [request(`GET /${'a'.repeat(10_000)}`)],
    differs: ['request: refused', 'answer: of piloti'],
  },
  {
    name: 'a hundred and fifty fields',
    send: [
      request(
        'GET /',
        Array.from({ length: 150 }, (_, i) => `X-${i}: ${i}`),
      ),
    ],
    differs: ['request: refused', 'answer: of piloti'],
  },
]
