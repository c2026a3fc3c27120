// Runs the test files given, or all of them. Node 20's runner takes no glob, so the files are listed here.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const given = process.argv.slice(2)
const files = given.length > 0 ? given : findTests('test')
const mayMeet = files.filter((file) => !startsCommands(file))
const mayNot = files.filter(startsCommands)
// Most files wait for processes and sockets: two at a time take little more than half the time, on two cores.
const statuses = await Promise.all([run(mayNot), run(mayMeet)])
process.exitCode = statuses.find((status) => status !== 0) ?? 0

function findTests(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .sort()
}

/** Commands take their usual ports: one of these files at a time. */
function startsCommands(file) {
  const folders = /^test.(bench|cli|examples|peers|scripts)./
  return folders.test(file) || /support\/(command|up)\.ts/.test(readFileSync(file, 'utf8'))
}

/** One file after the other. What they say comes whole, at the end of all. @returns the exit code */
function run(some) {
  if (some.length === 0) return 0
  const args = [
    '--import',
    'tsx',
    '--test',
    '--test-concurrency=1',
    '--test-timeout=300000',
    ...some,
  ]
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const said = []
    child.stdout.on('data', (chunk) => said.push(chunk))
    child.on('close', (status) => {
      process.stdout.write(Buffer.concat(said))
      resolve(status ?? 1)
    })
  })
}
