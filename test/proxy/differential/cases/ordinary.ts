import type { Case } from '../observe.ts'
import { chunked, chunks, date, large, request, response, size, zipped } from './bytes.ts'

/** Traffic as clients and backends of every day make it. */
export const ordinary: readonly Case[] = [
  {
    name: 'GET of a browser',
    send: [
      request('GET /a/b?c=d&e=%20', [
        'Connection: keep-alive',
        'User-Agent: Mozilla/5.0',
        'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
        'Accept-Encoding: gzip, br',
        'Cookie: a=1; b=2',
      ]),
    ],
    answers: [response('200 OK', [date, 'Content-Type: text/html', size('hello')], 'hello')],
  },
  { name: 'GET of a program', send: [request('GET /')] },
  {
    name: 'HEAD with a length',
    send: [request('HEAD /')],
    answers: [response('200 OK', [date, size('12345')])],
  },
  {
    name: 'HEAD of something in chunks',
    send: [request('HEAD /')],
    answers: [response('200 OK', [date, chunked])],
  },
  { name: 'POST with a length', send: [request('POST /', [size('hello')], 'hello')] },
  { name: 'POST in chunks', send: [request('POST /', [chunked], chunks('hel', 'lo'))] },
  { name: 'POST with nothing', send: [request('POST /', ['Content-Length: 0'])] },
  { name: 'PUT with a length', send: [request('PUT /x', [size('hello')], 'hello')] },
  { name: 'PUT of much', send: [request('PUT /x', [size(large)], large)] },
  { name: 'PATCH in chunks', send: [request('PATCH /x', [chunked], chunks('hello'))] },
  { name: 'DELETE', send: [request('DELETE /x')], differs: ['request: no length made up'] },
  { name: 'DELETE with a length', send: [request('DELETE /x', [size('why')], 'why')] },
  {
    name: 'DELETE in chunks',
    send: [request('DELETE /x', [chunked], chunks('why'))],
    differs: ['request: smuggling'],
  },
  { name: 'OPTIONS', send: [request('OPTIONS /x')], differs: ['request: no length made up'] },
  { name: 'OPTIONS of all', send: [request('OPTIONS *')], differs: ['request: no length made up'] },
  {
    name: 'OPTIONS in chunks',
    send: [request('OPTIONS /x', [chunked], chunks('why'))],
    differs: ['request: smuggling'],
  },
  {
    name: 'GET with a body',
    send: [request('GET /search', [size('{}'), 'Content-Type: application/json'], '{}')],
  },
  { name: 'two requests', send: [request('GET /1'), request('GET /2')] },
  {
    name: 'two requests at once',
    send: [request('GET /1') + request('GET /2')],
    differs: ['request: pipelining'],
  },
  { name: 'close', send: [request('GET /', ['Connection: close'])] },
  { name: 'HTTP/1.0', send: ['GET / HTTP/1.0\r\nHost: front.test\r\n\r\n'] },
  {
    name: 'HTTP/1.0 without Host',
    send: ['GET / HTTP/1.0\r\n\r\n'],
    differs: ['request: Host of HTTP/1.0'],
  },
  {
    name: 'HTTP/1.0 with keep-alive',
    send: ['GET / HTTP/1.0\r\nHost: front.test\r\nConnection: keep-alive\r\n\r\n'],
    differs: ['answer: keep-alive of HTTP/1.0'],
  },
  {
    name: 'HTTP/1.0, an answer in chunks',
    send: ['GET / HTTP/1.0\r\nHost: front.test\r\n\r\n'],
    answers: [response('200 OK', [date, chunked], chunks('hel', 'lo'))],
  },
  {
    name: 'fields more than once',
    send: [
      request('GET /', [
        'Accept: a/b',
        'Cookie: a=1',
        'X-Id: 1',
        'Accept: c/d',
        'Cookie: b=2',
        'X-Id: 2',
      ]),
    ],
    differs: ['request: repeated fields'],
  },
  {
    name: 'single fields more than once',
    send: [
      request('GET /', [
        'User-Agent: a',
        'User-Agent: b',
        'Referer: http://a/',
        'Referer: http://b/',
      ]),
    ],
    differs: ['request: repeated fields'],
  },
  { name: 'odd casing', send: [request('GET /', ['x-LOUD: A', 'cOOKIE: a=1', 'eTag-ish: B'])] },
  { name: 'an empty value', send: [request('GET /', ['X-Empty:', 'X-Blank:   '])] },
  { name: 'a value beyond ASCII', send: [request('GET /', ['X-Name: J\xfcrgen'])] },
  {
    name: 'Set-Cookie three times',
    send: [request('GET /')],
    answers: [
      response(
        '200 OK',
        [date, 'Set-Cookie: a=1', size('ok'), 'Set-Cookie: b=2; Path=/', 'Set-Cookie: c=3'],
        'ok',
      ),
    ],
  },
  {
    name: 'an answer with fields more than once',
    send: [request('GET /')],
    answers: [
      response(
        '200 OK',
        [date, 'Vary: a', 'X-ID: 1', 'Link: </a>', 'Vary: b', 'X-ID: 2', 'Link: </b>', size('ok')],
        'ok',
      ),
    ],
    differs: ['answer: repeated fields'],
  },
  {
    name: 'an answer with single fields more than once',
    send: [request('GET /')],
    answers: [response('200 OK', [date, 'ETag: "a"', 'ETag: "b"', size('ok')], 'ok')],
    differs: ['answer: repeated fields'],
  },
  {
    name: 'a redirect',
    send: [request('GET /old')],
    answers: [response('302 Found', [date, 'Location: http://front.test/new', size('')])],
  },
  {
    name: '204',
    send: [request('DELETE /x')],
    answers: [response('204 No Content', [date])],
    differs: ['request: no length made up'],
  },
  {
    name: '204 with a length',
    send: [request('GET /x')],
    answers: [response('204 No Content', [date, 'Content-Length: 0'])],
    differs: ['answer: 204'],
  },
  {
    name: '304 with a length',
    send: [request('GET /x', ['If-None-Match: "a"'])],
    answers: [response('304 Not Modified', [date, 'ETag: "a"', 'Content-Length: 500'])],
  },
  {
    name: 'a status and a reason of its own',
    send: [request('GET /')],
    answers: [response('299 Quite Good', [date, size('ok')], 'ok')],
  },
  {
    name: 'no reason',
    send: [request('GET /')],
    answers: [response('200 ', [date, size('ok')], 'ok')],
    differs: ['answer: reason'],
  },
  {
    name: 'an error of the backend',
    send: [request('GET /')],
    answers: [response('500 Internal Server Error', [date, size('oh')], 'oh')],
  },
  {
    name: 'an answer in gzip',
    send: [request('GET /', ['Accept-Encoding: gzip'])],
    answers: [response('200 OK', [date, 'Content-Encoding: gzip', size(zipped)], zipped)],
  },
  {
    name: 'an answer in chunks',
    send: [request('GET /')],
    answers: [response('200 OK', [date, chunked], chunks('hel', 'lo'))],
  },
  {
    name: 'an answer of much, in chunks',
    send: [request('GET /')],
    answers: [response('200 OK', [date, chunked], chunks(large, large))],
  },
  {
    name: 'an answer of much, with a length',
    send: [request('GET /')],
    answers: [response('200 OK', [date, size(large)], large)],
  },
  {
    name: 'an answer up to the end',
    send: [request('GET /')],
    answers: [response('200 OK', [date], 'hello')],
    backendThen: 'ends',
  },
  {
    name: 'a backend that closes',
    send: [request('GET /1'), request('GET /2')],
    answers: [response('200 OK', [date, 'Connection: close', size('ok')], 'ok')],
    backendThen: 'ends',
    differs: ['answer: a backend that closes'],
  },
  {
    name: 'a backend that keeps',
    send: [request('GET /1'), request('GET /2')],
    answers: [
      response(
        '200 OK',
        [date, 'Connection: keep-alive', 'Keep-Alive: timeout=9', size('ok')],
        'ok',
      ),
    ],
  },
  {
    name: 'a backend of HTTP/1.0',
    send: [request('GET /')],
    answers: [`HTTP/1.0 200 OK\r\n${date}\r\n\r\nhello`],
    backendThen: 'ends',
  },
]
