import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Command, start } from '../support/command.ts'

describe('piloti under load while everything behind it breaks and changes', {
  timeout: 110_000,
}, () => {
  it('fails no request but those on a stopped backend', async (t) => {
    const { code, stdout, stderr } = await chaos(t, '--duration', '12', '--json').ended
    const { timeline, ...report } = JSON.parse(stdout)
    const { done, excused, failed, faults, inexcusable, requests } = report
    // On a machine that has no time for it, a backend may be slow without having been stopped.
    const isSlow = ({ code }: { code?: string }): boolean => code === 'BACKEND_TIMEOUT'
    const bad = inexcusable.filter((each: object) => !isSlow(each))
    assert.deepEqual({ faults, bad }, { faults: [], bad: [] })
    assert.ok(inexcusable.length < requests / 100, `${inexcusable.length} were slow`)
    const excuses = Object.values(excused as Record<string, number>)
    const sum = excuses.reduce((all, count) => all + count, inexcusable.length)
    assert.equal(failed, sum)
    assert.ok(requests > 100, `${requests} requests`)
    assert.ok(done.kill > 0 && done.stop > 0, JSON.stringify(done))
    assert.ok(timeline.length > 20)
    assert.deepEqual({ code, stderr }, { code: inexcusable.length > 0 ? 1 : 0, stderr: '' })
  })

  it('is left alone at once when that is interrupted', async (t) => {
    const command = chaos(t)
    await command.line(/ answers/)
    command.kill('SIGINT')
    // Its end is that of everything it has started: they share its stderr.
    const { code, stdout, stderr } = await command.ended
    assert.deepEqual({ code, stderr }, { code: 130, stderr: '' })
    assert.doesNotMatch(stdout, /all is well/)
  })
})

function chaos(t: TestContext, ...args: readonly string[]): Command {
  const gentle = ['--seed', '7', '--connections', '16', '--every', '1']
  return start(t, 'scripts/chaos.sh', [...gentle, ...args])
}
