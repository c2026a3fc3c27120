/** A shell in a terminal, for what only shows there. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Why tests that need it are left out; false when it is there. */
export const noTmux: string | false =
  spawnSync('tmux', ['-V']).error === undefined ? false : 'tmux is not installed'

/** A shell in a terminal of its own. */
export interface Terminal {
  type(...keys: readonly string[]): Promise<void>
  resize(columns: number, rows: number): Promise<void>
  /** The screen once it is as wanted. */
  see(wanted: RegExp): Promise<string>
  /** What tmux knows of it. */
  ask(format: string): Promise<string>
}

/** A shell at that size; it ends with the test. */
export async function terminal(t: TestContext, columns: number, rows: number): Promise<Terminal> {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
  const tmux = async (...args: readonly string[]): Promise<string> => {
    const place = ['-S', join(folder, 's'), '-f', '/dev/null', '-u']
    return (await run('tmux', [...place, ...args], { env: { ...process.env, LC_ALL: 'C.UTF-8' } }))
      .stdout
  }
  await tmux('new-session', '-d', '-x', `${columns}`, '-y', `${rows}`, 'PS1="$ " exec sh')
  t.after(async () => {
    await tmux('kill-server').catch(() => {})
    rmSync(folder, { recursive: true })
  })
  const shell: Terminal = {
    async type(...keys) {
      await tmux('send-keys', ...keys)
    },
    async resize(x, y) {
      await tmux('resize-window', '-x', `${x}`, '-y', `${y}`)
    },
    ask: async (format) => (await tmux('display', '-p', format)).trim(),
    async see(wanted) {
      let screen = ''
      for (let tries = 0; tries < 400; tries++) {
        screen = await tmux('capture-pane', '-p')
        if (wanted.test(screen)) return screen
        // A terminal tells nobody that it was written to.
        await wait(50)
      }
      assert.fail(`${wanted} is not seen:\n${screen}`)
    },
  }
  await shell.see(/^\$$/m)
  return shell
}
