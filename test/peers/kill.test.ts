import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import autocannon from 'autocannon'
import type { Address } from '../../src/base/address.ts'
import { fronted, get, say, settled } from '../proxy/http-talk.ts'
import { type Command, listening, piloti } from '../support/command.ts'
import { until } from '../support/proxied.ts'
import { up } from '../support/up.ts'

/** Runs 64 clients for so long, or until `isOver`, and calls `when` once they have had some answers. */
function load(
  url: string,
  seconds: number,
  when: () => void,
  isOver = () => false,
): Promise<autocannon.Result> {
  return new Promise((resolve, reject) => {
    let answers = 0
    const clients = autocannon({ url, connections: 64, duration: seconds }, (error, result) =>
      error ? reject(error) : resolve(result),
    )
    clients.on('response', () => {
      if (++answers === 500) when()
      if (answers > 500 && isOver()) clients.stop()
    })
  })
}

interface Server {
  readonly command: Command
  readonly address: Address
}

async function server(t: TestContext): Promise<Server> {
  const command = piloti(t, ['backend', '--listen', '127.0.0.1:0', '--threads', '1', '--json'])
  const [host = '', port] = (await listening(command)).address.split(':')
  return { command, address: { host, port: Number(port) } }
}

describe('a backend that fails under load', { timeout: 60_000 }, () => {
  it('costs no request when it is killed', async (t) => {
    const { told } = await up(t, '--strategy', 'round-robin')
    const kill = (): boolean => process.kill(told.backends[1]!.pid, 'SIGKILL')
    const result = await load(`http://${told.address}/10`, 4, kill)
    const { errors, timeouts, non2xx } = result
    assert.deepEqual({ errors, timeouts, non2xx }, { errors: 0, timeouts: 0, non2xx: 0 })
    assert.ok(result['2xx'] > 600)
  })

  it('costs the requests it has when it hangs, and comes back by one trial', async (t) => {
    const [good, bad] = [await server(t), await server(t)]
    const http = { responseTimeoutMs: 1_000 }
    const { proxy, told } = await fronted(t, [good.address, bad.address], { http })
    const { host, port } = proxy.address as { host: string; port: number }
    let hung = 0
    const stop = (): void => {
      bad.command.kill('SIGSTOP')
      hung = proxy.view().http!.active
    }
    // On a busy machine the first answers alone take seconds.
    const isOut = (): boolean => told('backend_ejected').length > 0
    const result = await load(`http://${host}:${port}/10`, 30, stop, isOut)
    assert.deepEqual([result.errors, result.timeouts, result['5xx'] > 0], [0, 0, true])
    // All that were under way when it stopped, at the most, and trials after that.
    assert.ok(result['5xx'] <= Math.max(hung, 64) + 2, `${result['5xx']} failed`)
    assert.equal(told('backend_ejected').length, 1)
    const tried = proxy.view().pool.backends[1]!.leases
    bad.command.kill('SIGCONT')
    await until(() => {
      void say(proxy, get('/10'))
      return proxy.view().pool.backends[1]!.health === 'up'
    })
    assert.ok(proxy.view().pool.backends[1]!.leases > tried)
    await settled(proxy)
  })
})
