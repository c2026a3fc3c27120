import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { type Command, listening, piloti, start } from '../support/command.ts'
import { fetchText, up } from '../support/up.ts'

const clients = 8
/** What those see whose request was on the backend when it died; in mode tcp nobody can help them. */
const cutOff = /^connection (closed before the answer was complete|failed: (ECONNRESET|EPIPE))$/

it('a killed backend costs no new connection, is left out, and is used again when it is back', async (t) => {
  const { command, told } = await up(t, '--mode', 'tcp', '--slow-start', '0ms')
  const url = `http://${told.address}`
  const { address, pid } = told.backends[1]!

  const running = stress(t, url, 3_000)
  await served(command, 500)
  process.kill(pid, 'SIGKILL')
  await command.line(/"event":"backend_down"/)
  const during = JSON.parse((await running.ended).stdout)
  assert.deepEqual(
    Object.keys(during.errors).filter((problem) => !cutOff.test(problem)),
    [],
  )
  assert.ok(during.failed <= clients, `${during.failed} requests of ${clients} clients failed`)
  assert.equal(during.ok + during.failed, 3_000)

  const without = await stress(t, url, 300).ended
  assert.equal(without.code, 0, without.stdout)
  const others = told.backends.map((backend) => backend.address).filter((a) => a !== address)
  assert.deepEqual(Object.keys(JSON.parse(without.stdout).backends).sort(), others.sort())

  await listening(piloti(t, ['backend', '--listen', address, '--json']))
  const isBack = command.line(/"event":"backend_up"/).then(() => true)
  // Its next trial is a connection like any other, so somebody has to connect.
  while (!(await Promise.race([isBack, fetchText(told.address, '/1').then(() => false)])));
  const after = JSON.parse((await stress(t, url, 200).ended).stdout)
  assert.equal(after.failed, 0)
  for (const count of Object.values(after.backends)) assert.ok(Math.abs(Number(count) - 50) <= 1)
})

function stress(t: TestContext, url: string, requests: number): Command {
  const args = [String(requests), String(clients), '100', '--json', '--url', url]
  return start(t, 'scripts/stress.sh', args)
}

/** Waits until the proxy has accepted so many connections. */
async function served(command: Command, connections: number): Promise<void> {
  for (let total = 0; total < connections; ) {
    command.kill('SIGUSR2')
    const { state } = JSON.parse(await command.line(/"event":"snapshot"/))
    total = state.listeners.default.connections.total
  }
}
