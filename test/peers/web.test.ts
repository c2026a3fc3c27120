import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { request as ask, createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { chromium } from 'playwright-core'
import { WebSocket, WebSocketServer } from 'ws'
import { fronted, nodeBackend, settled } from '../proxy/http-talk.ts'
import { start } from '../support/command.ts'
import { up } from '../support/up.ts'

const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
)
const curl = { skip: existsSync('/usr/bin/curl') ? false : 'curl is not installed' }

async function urlOf(t: TestContext, ports: readonly number[]): Promise<string> {
  const { proxy } = await fronted(t, ports)
  t.after(() => settled(proxy))
  const { host, port } = proxy.address as { host: string; port: number }
  return `http://${host}:${port}`
}

/** A backend that refuses uploads before it has read them, and closes as frameworks do. */
function refusing(t: TestContext, status: number): Promise<number> {
  return nodeBackend(t, (_incoming, response) => {
    response.writeHead(status, { Connection: 'close' }).end('not this')
  })
}

describe('the web through the proxy', { timeout: 60_000 }, () => {
  it('shows a page in a browser', {
    skip: browser ? false : 'no Chromium is installed',
  }, async (t) => {
    const { told } = await up(t, '-n', '2')
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
    const chrome = await chromium.launch({ executablePath: browser!, args })
    t.after(() => chrome.close())
    const page = await chrome.newPage()
    const failed: string[] = []
    page.on('requestfailed', (failure) => failed.push(failure.url()))
    const response = await page.goto(`http://${told.address}/1000`)
    assert.equal(response?.status(), 200)
    assert.match(await page.title(), /π to 1.000 digits/)
    assert.match(await page.content(), /3\.<\/span><p>1415926535/)
    assert.deepEqual(failed, [])
  })

  it('carries WebSockets of ws, both ways, to their end', async (t) => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const sockets = new WebSocketServer({ server })
    t.after(() => {
      sockets.close()
      server.close()
    })
    sockets.on('connection', (socket) => {
      socket.send('welcome')
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    })
    const url = await urlOf(t, [(server.address() as AddressInfo).port])
    const all = Array.from({ length: 20 }, async () => {
      const socket = new WebSocket(url.replace('http', 'ws'))
      const heard: string[] = []
      const done = once(socket, 'close')
      socket.on('message', (data) => {
        heard.push(String(data))
        if (heard.length === 1) socket.send('a')
        else if (heard.length === 2) socket.send('b'.repeat(300_000))
        else socket.close(1_000, 'bye')
      })
      const [code] = await done
      assert.equal(code, 1_000)
      assert.deepEqual(heard, ['welcome', 'a', 'b'.repeat(300_000)])
    })
    await Promise.all(all)
  })

  it('brings the refusal of a large upload to curl', curl, async (t) => {
    for (const status of [413, 401]) {
      const url = await urlOf(t, [await refusing(t, status)])
      for (let nth = 0; nth < 10; nth++) {
        const upload = ['-X', 'POST', '-H', 'Expect:', '-T', '/proc/self/exe', url]
        const args = ['-s', '--max-time', '10', '-w', '%{http_code}', ...upload]
        const { stdout } = await start(t, 'curl', args).ended
        assert.equal(stdout, `not this${status}`)
      }
    }
  })

  it('brings the refusal of a large upload to clients of Node', async (t) => {
    const url = await urlOf(t, [await refusing(t, 413)])
    for (let nth = 0; nth < 10; nth++) {
      const asked = ask(url, { method: 'POST', headers: { 'content-length': 50_000_000 } })
      asked.on('error', () => {})
      const answered = once(asked, 'response') as Promise<[IncomingMessage]>
      const piece = Buffer.alloc(64_000)
      const write = (): void => {
        while (!asked.destroyed && asked.write(piece));
      }
      asked.on('drain', write)
      write()
      const [response] = await answered
      assert.equal(response.statusCode, 413)
      asked.destroy()
    }
  })
})
