import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { cli, listening, piloti, ran } from '../support/command.ts'

/** All that is answered to `lines`. */
async function answers(t: TestContext, address: string, lines: string): Promise<string> {
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1')
  t.after(() => socket.destroy())
  let text = ''
  socket.setEncoding('utf8').on('data', (part) => {
    text += part
  })
  socket.end(lines)
  await once(socket, 'close')
  return text
}

describe('piloti compute worker', () => {
  it('does short and long tasks, and stops at SIGTERM', async (t) => {
    const args = ['--listen', ':0', '--name', 'w 1', '--threads', '1', '--json']
    const command = piloti(t, ['compute', 'worker', ...args])
    const { address } = await listening(command)
    const json = '{"id":1,"method":"sum","params":[1,2]}\n'
    const lines = (await answers(t, address, `quotient 10 4\npi 20000\n${json}`)).split('\n')
    const [sum] = lines.filter((line) => line.startsWith('{'))
    assert.deepEqual(JSON.parse(sum!).result, { value: '3', worker: 'w 1' })
    const [quotient, pi] = lines.filter((line) => !line.startsWith('{'))
    assert.equal(quotient, '2.5 (5/2)')
    assert.match(pi!, /^3\.14159\d{19995}$/)
    command.kill('SIGTERM')
    const { code, stderr } = await command.ended
    assert.equal(code, 0, stderr)
    assert.match(stderr, /"event":"listening"/)
  })

  it('tells who forked it where it listens, and ends with it', async (t) => {
    const child = fork(cli, ['compute', 'worker', '--listen', ':0', '--quiet'], { stdio: 'ignore' })
    t.after(() => child.kill('SIGKILL'))
    const [{ event, address, pid }] = await once(child, 'message')
    assert.deepEqual([event, pid], ['listening', child.pid])
    assert.equal(await answers(t, address, 'sum 1 1\n'), '2\n')
    const ended = once(child, 'exit')
    child.disconnect()
    assert.deepEqual(await ended, [0, null])
  })

  it('says what is wrong with how it is called', async (t) => {
    const { code, stderr } = await ran(t, ['compute', 'worker', '--threads', '0'])
    assert.equal(code, 2)
    assert.match(
      stderr,
      /^piloti: --threads: '0' is not a whole number from 1 to 256\nsee piloti compute worker --help\n$/,
    )
    const unknown = await ran(t, ['compute', 'wroker'])
    assert.equal(unknown.code, 2)
    assert.match(unknown.stderr, /^piloti: unknown command 'wroker'\n\(Did you mean worker\?\)/)
  })
})
