import type { Command } from './child.ts'
import { compile } from './compile.ts'
import { save } from './scratch.ts'

/** Clients that send `request`, and a backend that answers `answer` and then keeps or closes. */
export const requests = (
  request: string,
  answer: string,
  backend: 'keep' | 'close' = 'keep',
): Command => ({
  file: compile('ends'),
  args: ['requests', save('answer', answer), backend, save('request', request)],
})

/** Clients and a backend that send each other many bytes. */
export const bytes = (): Command => ({ file: compile('ends'), args: ['bytes'] })

/** Clients and a backend that send each other JSON-RPC messages. */
export const messages = (): Command => ({ file: compile('ends'), args: ['lines'] })
