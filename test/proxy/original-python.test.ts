import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { start } from '../support/command.ts'
import { proxied, until } from '../support/proxied.ts'

const timeout = 60_000
const python = spawnSync('python3', ['-V']).status === 0
const skip = !python && 'there is no python3'

/** As somebody wrote it for the original system: a thread for each connection, one recv, one send. */
const server = `
import random, socket, sys, threading

def serve(connection):
    operazione = connection.recv(1024).decode()
    a, b = random.randint(1, 50), random.randint(1, 50)
    if operazione == 'somma': risultato = a + b
    elif operazione == 'sottrazione': risultato = a - b
    elif operazione == 'moltiplicazione': risultato = a * b
    elif operazione == 'divisione': risultato = a / b
    else: sys.exit('not a word: ' + repr(operazione))
    answer = {'A': a, 'B': b, 'operazione': operazione, 'risultato': risultato}
    connection.send(str(answer).encode())
    connection.close()

listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.bind(('127.0.0.1', 0))
listener.listen(16)
print('port', listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
`

/** Says a word and waits for its answer, word after word, and leaves. */
const client = `
import ast, socket, sys

words = ['somma', 'sottrazione', 'moltiplicazione', 'divisione'] * 5
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect(('127.0.0.1', int(sys.argv[1])))
for word in words:
    s.send(word.encode())
    answer = ast.literal_eval(s.recv(1024).decode())
    a, b = answer['A'], answer['B']
    right = {'somma': a + b, 'sottrazione': a - b, 'moltiplicazione': a * b, 'divisione': a / b}
    assert answer['operazione'] == word, answer
    assert answer['risultato'] == right[word], answer
    assert type(answer['risultato']) is type(right[word]), answer
s.send(b'exit')
print(s.recv(1024).decode(), flush=True)
assert s.recv(1024) == b''
s.close()
`

describe('programs in Python, as those of the original system', { timeout, skip }, () => {
  it('work through the proxy, several clients and servers', async (t) => {
    const servers = [0, 1, 2].map(() => start(t, 'python3', ['-c', server]))
    const ports = await Promise.all(
      servers.map(async (each) => Number((await each.line(/^port /)).split(' ')[1])),
    )
    const lines = { wire: 'original' } as const
    const { pool, proxy } = await proxied(t, ports, { mode: 'lines', lines })
    const port = 'port' in proxy.address ? proxy.address.port : 0
    const clients = [0, 1, 2].map(() => start(t, 'python3', ['-c', client, `${port}`]))
    for (const { ended } of clients) {
      const { code, stderr, stdout } = await ended
      assert.deepEqual([code, stdout], [0, 'Disconnessione avvenuta con successo\n'], stderr)
    }
    assert.deepEqual(
      pool.view().backends.map(({ active, failed, ok }) => [active, failed, ok]),
      [
        [0, 0, 20],
        [0, 0, 20],
        [0, 0, 20],
      ],
    )
    await until(() => proxy.view().connections.active === 0)
    assert.equal(proxy.view().lines!.backendConnections, 0)
  })

  it('go on when a server dies, and leave nothing behind when a client is killed', async (t) => {
    const servers = [0, 1].map(() => start(t, 'python3', ['-c', server]))
    const ports = await Promise.all(
      servers.map(async (each) => Number((await each.line(/^port /)).split(' ')[1])),
    )
    const lines = { wire: 'original' } as const
    const { pool, proxy } = await proxied(t, ports, { mode: 'lines', lines })
    const port = 'port' in proxy.address ? proxy.address.port : 0
    servers[0]!.kill('SIGKILL')
    await servers[0]!.ended
    const told = await start(t, 'python3', ['-c', client, `${port}`]).ended
    assert.equal(told.code, 0, told.stderr)
    const [left] = pool.view().backends.slice(1)
    assert.equal(left!.ok, 20)
    const vanishing = `import socket, time
s = socket.create_connection(('127.0.0.1', ${port}))
s.send(b'sommadivi')
s.recv(1024)
print('here', flush=True)
time.sleep(1000)`
    const vanished = start(t, 'python3', ['-c', vanishing])
    await vanished.line(/^here/)
    vanished.kill('SIGKILL')
    await until(() => proxy.view().connections.active === 0)
    assert.deepEqual(
      pool.view().backends.map(({ active }) => active),
      [0, 0],
    )
  })

  it('understand why they got no answer', async (t) => {
    const lines = { wire: 'original' } as const
    const { proxy } = await proxied(t, [1], { mode: 'lines', lines })
    const port = 'port' in proxy.address ? proxy.address.port : 0
    const asking = `import ast, socket
s = socket.create_connection(('127.0.0.1', ${port}))
s.send(b'somma')
print(ast.literal_eval(s.recv(1024).decode())['errore'])`
    const { stdout } = await start(t, 'python3', ['-c', asking]).ended
    assert.match(stdout, /^(?:BACKEND_CONNECT|NO_BACKEND): /)
  })
})
