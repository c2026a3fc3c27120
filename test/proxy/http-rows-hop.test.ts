import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { proxied } from '../support/proxied.ts'
import { added, date, exchange, ok, type Rig, rawClient, rig } from './raw-http.ts'

const host = 'Host: a.test\r\n'
const get = (fields: string): string => `GET / HTTP/1.1\r\n${host}${fields}\r\n`
const trusting = { http: { trust: ['127.0.0.0/8'] } }

async function received(all: Rig, bytes: string): Promise<string | undefined> {
  const seen = await exchange(all, bytes)
  assert.equal(seen.status, 200)
  assert.equal(seen.isReused, true)
  return seen.received[0]
}

describe('fields that end at a hop', () => {
  it('row 52: what Connection nominates goes, whatever the casing', async (t) => {
    const all = await rig(t)
    const fields =
      'X-One: 1\r\nConnection: keep-alive, X-ONE ,, x-two\r\nx-Two: 2\r\nX-Three: 3\r\nConnection: x-four\r\nX-Four: 4\r\n'
    assert.equal(await received(all, get(fields)), get(`X-Three: 3\r\n${added()}`))
  })

  it('row 52: what Connection nominates in a response goes too', async (t) => {
    const all = await rig(t, {
      answer: () =>
        ok.replace('\r\n\r\n', '\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-Kept: 1\r\n\r\n'),
    })
    const seen = await exchange(all, get(''))
    assert.equal(seen.answer, ok.replace('\r\n\r\n', '\r\nX-Kept: 1\r\n\r\n'))
    assert.equal(seen.isReused, true)
  })

  it('row 52: what routes or authenticates cannot be nominated', async (t) => {
    const all = await rig(t)
    const fields = 'Cookie: a\r\nAuthorization: b\r\n'
    const names = 'Host, Cookie, Authorization, Forwarded, Via, X-Forwarded-For, X-Forwarded-Host'
    const wanted = get(`${fields}${added()}`)
    assert.equal(await received(all, get(`Connection: ${names}\r\n${fields}`)), wanted)
    const trusted = await rig(t, {}, trusting)
    const told = 'X-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Host: b.test\r\n'
    const text = await received(trusted, get(`Connection: ${names}\r\n${fields}${told}`))
    assert.match(text!, /\r\nX-Forwarded-For: 10.0.0.9, 127.0.0.1\r\n/)
    assert.match(text!, /\r\nX-Forwarded-Host: b.test\r\n/)
  })

  it('row 52: nominating what frames the message is refused', async (t) => {
    const all = await rig(t)
    for (const name of ['Content-Length', 'transfer-encoding']) {
      const seen = await exchange(all, get(`Connection: ${name}\r\n`))
      assert.equal(seen.status, 400)
      assert.equal(seen.client, 'fin')
      assert.deepEqual(seen.received, [])
    }
  })

  it('row 53: the fields of a connection go', async (t) => {
    const fields =
      'Proxy-Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nTE: gzip\r\nUpgrade: x\r\nX-Kept: 1\r\n'
    const reply = ok.replace(
      '\r\n\r\n',
      '\r\nKeep-Alive: timeout=9\r\nUpgrade: h2\r\nProxy-Connection: x\r\n\r\n',
    )
    const all = await rig(t, { answer: () => reply })
    assert.equal(await received(all, get(fields)), get(`X-Kept: 1\r\n${added()}`))
    assert.equal((await exchange(all, get(fields))).answer, ok)
  })

  it('row 53: the wish for trailers is told anew', async (t) => {
    const all = await rig(t)
    const wanted = get(`TE: trailers\r\nConnection: TE\r\n${added()}`)
    assert.equal(await received(all, get('Connection: TE\r\nTE: gzip;q=1, trailers\r\n')), wanted)
  })
})

describe('what is told of the way', () => {
  it('row 54: Via goes behind those that are there, with the version of the client', async (t) => {
    const all = await rig(t)
    const wanted = get(`Via: 1.0 x, 1.1 y\r\nX-After: 1\r\n${added()}`)
    assert.equal(await received(all, get('Via: 1.0 x, 1.1 y\r\nX-After: 1\r\n')), wanted)
    const old = await exchange(all, `GET / HTTP/1.0\r\n${host}\r\n`)
    assert.match(old.received[0]!, /\r\nVia: 1.0 lb\r\n/)
    assert.doesNotMatch(old.answer, /Via/)
  })

  it('row 54: without an option, each proxy has a name of its own', async (t) => {
    const { httpDefaults } = await import('../../src/proxy/http-options.ts')
    const all = await rig(t, {}, { http: httpDefaults })
    const text = await received(all, get(''))
    assert.match(text!, /\r\nVia: 1.1 piloti-[0-9a-z]{6}\r\n/)
    assert.equal(text!.includes(`Via: 1.1 ${httpDefaults.pseudonym}\r\n`), true)
  })

  it('row 55: a Date is kept, and added when there is none', async (t) => {
    let reply = ok
    const all = await rig(t, { answer: () => reply })
    assert.equal((await exchange(all, get(''))).answer, ok)
    reply = ok.replace(date, '')
    const { answer } = await exchange(all, get(''))
    const [, told] = /^HTTP\/1.1 200 OK\r\nContent-Length: 2\r\nDate: ([^\r]*)\r\n\r\nok$/.exec(
      answer,
    )!
    assert.ok(Math.abs(Date.parse(told!) - Date.now()) < 5_000)
    assert.equal(new Date(told!).toUTCString(), told)
  })

  it('row 56: fields of authentication and content pass verbatim', async (t) => {
    const fields =
      'Authorization: Basic  eDp5\r\nProxy-Authorization: x\r\nContent-Type: a/b; c\r\nContent-Encoding: x\r\n'
    const told =
      'WWW-Authenticate: Basic realm="a  b"\r\nAllow: GET,  X\r\nContent-MD5: x\r\nCache-Control: no-transform\r\n'
    const reply = ok.replace('\r\n\r\n', `\r\n${told}\r\n`).replace('200 OK', '401 Unauthorized')
    const all = await rig(t, { answer: () => reply })
    const seen = await exchange(all, get(fields))
    assert.deepEqual(seen.received, [get(`${fields}${added()}`)])
    assert.equal(seen.answer, reply)
  })

  it('row 57: 421 is the backend’s to say', async (t) => {
    const { errorKinds } = await import('../../src/base/errors.ts')
    assert.equal(
      Object.values(errorKinds).some(({ status }) => status === 421),
      false,
    )
    const reply = ok.replace('200 OK', '421 Misdirected Request')
    const all = await rig(t, { answer: () => reply })
    assert.equal((await exchange(all, get(''))).answer, reply)
  })

  it('row 58: what an untrusted client tells of the way is dropped, one line each', async (t) => {
    const all = await rig(t)
    const told =
      'X-Forwarded-For: 1.2.3.4\r\nx-forwarded-for: 5.6.7.8\r\nX-FORWARDED-PROTO: https\r\nX-Forwarded-Host: b\r\nX-Forwarded-Port: 1\r\nForwarded: for=1.2.3.4\r\n'
    assert.equal(await received(all, get(told)), get(added()))
  })

  it('row 58: what a trusted peer tells is believed, and the peer put behind it', async (t) => {
    const all = await rig(t, {}, trusting)
    const told =
      'X-Forwarded-For: 1.2.3.4\r\nX-Kept: 1\r\nX-Forwarded-For: 5.6.7.8, 9.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b.test\r\nX-Forwarded-Port: 443\r\nForwarded: for=1.2.3.4\r\n'
    const wanted = get(
      'X-Kept: 1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b.test\r\nX-Forwarded-Port: 443\r\nForwarded: for=1.2.3.4\r\n' +
        'Via: 1.1 lb\r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8, 9.9.9.9, 127.0.0.1\r\n',
    )
    assert.equal(await received(all, get(told)), wanted)
  })

  it('row 58: a trusted peer that tells nothing is told of like any other', async (t) => {
    const all = await rig(t, {}, trusting)
    const text = await received(all, get(''))
    const wanted =
      'Via: 1.1 lb\r\nX-Forwarded-Proto: http\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: a.test\r\n'
    assert.equal(text, get(wanted))
  })

  it('row 58: a peer outside the trusted ranges is not believed', async (t) => {
    const all = await rig(t, {}, { http: { trust: ['10.0.0.0/8', '::1', '192.168.0.1'] } })
    assert.equal(await received(all, get('X-Forwarded-For: 1.2.3.4\r\n')), get(added()))
  })

  it('row 58: a client without an address is called unknown, and not trusted', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const address = { path: join(folder, 'http.sock') }
    const http = { trust: ['0.0.0.0/0', '::/0'], forwarded: true }
    const all = await rig(t, {}, { address, http })
    const text = await received(all, get('X-Forwarded-For: 1.2.3.4\r\n'))
    const wanted = added().replace('127.0.0.1', 'unknown')
    const forwarded = 'Forwarded: for=unknown;proto=http\r\n'
    const [before, after] = wanted.split('X-Forwarded-Host')
    assert.equal(text, get(`${before}${forwarded}X-Forwarded-Host${after}`))
  })

  it('row 58: Forwarded is added when wanted', async (t) => {
    const all = await rig(t, {}, { http: { forwarded: true } })
    assert.match((await received(all, get('')))!, /\r\nForwarded: for=127.0.0.1;proto=http\r\n/)
  })

  it('row 58: Host is the client’s, or the backend’s when wanted', async (t) => {
    const all = await rig(t, {}, { http: { host: 'backend' } })
    const wanted = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${all.backend.port}\r\n${added()}\r\n`
    assert.equal(await received(all, get('')), wanted)
  })

  it('row 58: the Host of a backend at a Unix socket is localhost', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'backend.sock')
    const server = createServer((request, response) => response.end(request.headers.host))
    await once(server.listen(path), 'listening')
    t.after(() => server.close())
    const { proxy } = await proxied(t, [{ path }], { mode: 'http', http: { host: 'backend' } })
    const client = await rawClient(t, proxy.address)
    client.send(get(''))
    assert.match(await client.response(), /\r\n\r\nlocalhost$/)
  })
})
