import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { haproxy, nginxHttp, nginxStream } from '../../bench/harness/configs.ts'
import { browserRequest, wholeAnswer } from '../../bench/harness/messages.ts'

const ports = { port: 20_001, backendPort: 20_002 }

describe("the peers' configurations", () => {
  it('give nginx what keep-alive to a backend takes', () => {
    const text = nginxHttp(ports)
    for (const line of [
      'keepalive 1024',
      'proxy_http_version 1.1',
      'proxy_set_header Connection ""',
    ])
      assert.match(text, new RegExp(`${line};`))
  })
  it('let HAProxy reuse connections in mode http only', () => {
    assert.match(haproxy('http', ports), /mode http[\s\S]*http-reuse always/)
    assert.doesNotMatch(haproxy('tcp', ports), /http-reuse/)
  })
  it('use one worker each and log nothing', () => {
    assert.match(nginxHttp(ports), /worker_processes 1;[\s\S]*access_log off;/)
    assert.match(haproxy('http', ports), /nbthread 1/)
    assert.doesNotMatch(haproxy('http', ports), /^\s*log /m)
  })
  it("change a buffer size only on demand, so a peer's default is its own", () => {
    assert.doesNotMatch(nginxStream(ports, '') + haproxy('tcp', ports), /buf/)
    assert.match(nginxStream(ports, '', { bufferBytes: 65_536 }), /proxy_buffer_size 65536;/)
    assert.match(haproxy('tcp', ports, { bufferBytes: 65_536 }), /tune\.bufsize 65536\n/)
  })
  it('load the stream module where nginx has it as a file', () => {
    assert.match(nginxStream(ports, '/modules'), /^load_module \/modules\/ngx_stream_module\.so;/)
    assert.doesNotMatch(nginxStream(ports, ''), /load_module/)
  })
})

describe("the load's messages", () => {
  it('have the sizes the tables name', () => {
    assert.equal(wholeAnswer(100).length, 100)
    assert.equal(browserRequest('keep-alive').length, 633)
    assert.equal(browserRequest('keep-alive').match(/^[\w-]+: /gm)?.length, 12)
  })
})
