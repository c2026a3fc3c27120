// Runs the test files given, or all of them. Node 20's runner takes no glob, so the files are listed here.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const given = process.argv.slice(2)
const files = given.length > 0 ? given : findTests('test')
// Most files wait for processes and sockets: two at a time, on two cores, take little more than half the time.
const atOnce = `--test-concurrency=${Math.max(2, availableParallelism() - 1)}`
const args = ['--import', 'tsx', '--test', atOnce, '--test-timeout=300000', ...files]
const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
process.exitCode = status ?? 1

function findTests(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .sort()
}
