import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { greeter } from '../support/backends.ts'
import { added, exchange, ok, type Rig, rig } from './raw-http.ts'

const get = (host: string, target = '/', method = 'GET'): string =>
  `${method} ${target} HTTP/1.1\r\n${host}\r\n`

async function refused(all: Rig, bytes: string, status = 400): Promise<string> {
  const seen = await exchange(all, bytes)
  assert.equal(seen.status, status, JSON.stringify(bytes))
  assert.deepEqual(seen.received, [])
  if (status === 400) assert.equal(seen.client, 'fin')
  return seen.answer
}

async function received(all: Rig, bytes: string): Promise<string | undefined> {
  const seen = await exchange(all, bytes)
  assert.equal(seen.answer, ok)
  assert.equal(seen.isReused, true)
  return seen.received[0]
}

describe('host and target', () => {
  it('row 43: HTTP/1.1 without Host, with two, or with none that is one, is refused', async (t) => {
    const all = await rig(t)
    await refused(all, get(''))
    await refused(all, get('Host: a.test\r\nHost: a.test\r\n'))
    for (const host of [
      'a b',
      'a/b',
      'a@b',
      'a:b',
      'a:99999999',
      '[::1',
      '[::g]',
      'a,b',
      'http://a',
      'a?b',
    ]) {
      if (host !== 'a,b') await refused(all, get(`Host: ${host}\r\n`))
    }
    for (const host of ['a.test:8080', '[::1]:80', '10.0.0.1', 'xn--a_b']) {
      const wanted = get(`Host: ${host}\r\n${added(host)}`)
      assert.equal(await received(all, get(`Host: ${host}\r\n`)), wanted)
    }
  })

  it('row 43: HTTP/1.0 may have no Host, and the backend gets an empty one', async (t) => {
    const all = await rig(t)
    const seen = await exchange(all, 'GET /a HTTP/1.0\r\n\r\n')
    assert.deepEqual(seen.received, [get(`Host: \r\n${added('', 0)}`, '/a')])
  })

  it('row 44: an absolute target of http or https is taken, another is refused', async (t) => {
    const all = await rig(t)
    const host = 'Host: a.test\r\n'
    const wanted = get(`${host}${added()}`, '/x?y=http://b/')
    assert.equal(await received(all, get(host, 'http://a.test/x?y=http://b/')), wanted)
    assert.equal(await received(all, get(host, 'HTTPS://a.test/x?y=http://b/')), wanted)
    assert.equal(await received(all, get(host, 'http://a.test?q')), get(`${host}${added()}`, '/?q'))
    for (const target of [
      'ftp://a.test/',
      'http:/a.test/',
      'http:///',
      'a.test/',
      'x',
      'http://:80/',
    ]) {
      await refused(all, get(host, target))
    }
  })

  it('row 45: a Host that differs from the authority of the target is refused', async (t) => {
    const all = await rig(t)
    await refused(all, get('Host: b.test\r\n', 'http://a.test/'))
    await refused(all, get('Host: a.test:81\r\n', 'http://a.test/'))
    const wanted = get(`Host: A.test\r\n${added('A.test')}`)
    assert.equal(await received(all, get('Host: a.TEST\r\n', 'http://A.test/')), wanted)
    const old = await exchange(all, 'GET http://a.test/ HTTP/1.0\r\n\r\n')
    assert.deepEqual(old.received, [get(`Host: a.test\r\n${added('a.test', 0)}`)])
  })

  it('row 46: user information in the target is refused', async (t) => {
    const all = await rig(t)
    await refused(all, get('Host: a.test\r\n', 'http://u:p@a.test/'))
    await refused(all, get('Host: a.test\r\n', 'http://a.test@b.test/'))
  })

  it('row 47: OPTIONS * is forwarded as such, * with another method is refused', async (t) => {
    const all = await rig(t)
    const host = 'Host: a.test\r\n'
    const wanted = get(`${host}${added()}`, '*', 'OPTIONS')
    assert.equal(await received(all, get(host, '*', 'OPTIONS')), wanted)
    assert.equal(await received(all, get(host, 'http://a.test', 'OPTIONS')), wanted)
    await refused(all, get(host, '*'))
  })

  it('row 48: CONNECT is 405, and 400 without host and port', async (t) => {
    const all = await rig(t)
    const answer = await refused(all, get('Host: a.test:443\r\n', 'a.test:443', 'CONNECT'), 405)
    assert.match(answer, /\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n/)
    for (const target of ['a.test', 'a.test:', 'a.test:0x50', '/', ':443', 'a.test:99999999']) {
      await refused(all, get('Host: a.test\r\n', target, 'CONNECT'))
    }
  })

  it('row 49: path and query arrive byte for byte', async (t) => {
    const all = await rig(t)
    const host = 'Host: a.test\r\n'
    for (const target of [
      '//a//b',
      '/a/../b/./c',
      '/%2e%2E/%2f;x=1',
      '/\'"<>\\^`{|}',
      '/?a=%zz&b=/../',
      '/%',
    ]) {
      assert.equal(await received(all, get(host, target)), get(`${host}${added()}`, target))
    }
  })

  it('row 50: where a request goes is not for the request to say', async (t) => {
    const elsewhere = await greeter(t, 'not a backend')
    const all = await rig(t)
    const authority = `127.0.0.1:${elsewhere}`
    const wanted = get(`Host: ${authority}\r\n${added(authority)}`)
    assert.equal(await received(all, get(`Host: ${authority}\r\n`)), wanted)
    assert.equal(await received(all, get(`Host: ${authority}\r\n`, `http://${authority}/`)), wanted)
  })

  it('row 51: a request that comes back is a loop', async (t) => {
    const all = await rig(t, {}, { http: { pseudonym: 'Edge-1' } })
    const host = 'Host: a.test\r\n'
    for (const via of [
      '1.1 Edge-1',
      '1.0 x, HTTP/1.1 edge-1 (why)',
      '1.1 x\r\nVia: 1.1 y , 1.1 EDGE-1',
    ]) {
      const answer = await refused(all, get(`${host}Via: ${via}\r\n`), 508)
      assert.match(answer, /\(LOOP\)/)
    }
    for (const via of ['1.1 edge-10', '1.1 my-edge-1', '1.1 x (edge-1)', 'edge-1 x']) {
      assert.match((await received(all, get(`${host}Via: ${via}\r\n`)))!, /\r\nVia: 1.1 Edge-1\r\n/)
    }
  })
})

describe('Max-Forwards', () => {
  const host = 'Host: a.test\r\n'

  it('row 68: is counted down for OPTIONS and TRACE alone', async (t) => {
    const all = await rig(t)
    const wanted = `OPTIONS / HTTP/1.1\r\n${host}Max-Forwards: 4\r\n${added()}\r\n`
    assert.equal(await received(all, get(`${host}Max-Forwards: 5\r\n`, '/', 'OPTIONS')), wanted)
    const other = get(`${host}Max-Forwards: 0\r\n${added()}`)
    assert.equal(await received(all, get(`${host}Max-Forwards: 0\r\n`)), other)
    await refused(all, get(`${host}Max-Forwards: x\r\n`, '/', 'OPTIONS'))
  })

  it('row 68: of 0 makes the proxy answer OPTIONS itself', async (t) => {
    const all = await rig(t)
    const seen = await exchange(all, get(`${host}Max-Forwards: 0\r\n`, '*', 'OPTIONS'))
    assert.equal(seen.status, 200)
    assert.match(seen.answer, /\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n/)
    assert.equal(seen.client, 'open')
    assert.deepEqual(seen.received, [])
    assert.deepEqual(all.proxy.view().http?.answers, {})
  })

  it('row 68: does not bring TRACE through', async (t) => {
    const all = await rig(t)
    await refused(all, get(`${host}Max-Forwards: 5\r\n`, '/', 'TRACE'), 405)
    await refused(all, get(host, '/', 'TRACE'), 405)
  })

  it('row 69: TRACE with a body is refused, CONNECT with one is not a tunnel', async (t) => {
    const all = await rig(t)
    await refused(all, get(`${host}Content-Length: 5\r\n`, '/', 'TRACE').concat('hello'))
    const connect = get(`${host}Content-Length: 5\r\n`, 'a.test:443', 'CONNECT').concat('hello')
    await refused(all, connect, 405)
  })
})
