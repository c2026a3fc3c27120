// Where the parts of the topology stand.
import { shapeOfHealth } from './health.js'
import { figure, plural, shortName, toneOf } from './words.js'

/** @typedef {import('./model.js').Model} Model */
/** @typedef {import('./icons.js').Shape} Shape */
/**
 * @typedef {{ key: string, kind: 'clients' | 'listener' | 'pool' | 'backend', of: string, name: string, detail: string,
 *   tone: string, shape: Shape | undefined, x: number, y: number, width: number, height: number }} Node
 */
/** @typedef {{ key: string, from: Node, to: Node, perS: number, top: number, most: number,
 *   tone: string }} Edge
 * `most`: how wide it is when `top` flows */

/** Beyond these a pool's other backends are one box. */
const backendsMost = 16

/** @param {Model} model @param {number} width @returns {{ height: number, list: Node[] }} */
export function layout(model, width) {
  const isNarrow = width < 620
  const { listeners, pools } = model.state
  const rows = pools.map((pool) => backendNodes(model, pool, isNarrow))
  const many = rows.flat().length > 12
  const [box, gap] = many ? [26, 6] : [44, 10]
  const columns = isNarrow
    ? columnsOf(width, [0, 0.23, 0.27, 0.28], 0.11)
    : columnsOf(width, [0.1, 0.19, 0.2, 0.24], 0.09)
  let y = 4
  const list = pools.flatMap((pool, index) => {
    const nodes = (rows[index] ?? []).map((node) => {
      const placed = { ...node, ...columns[3], y, height: box }
      y += box + gap
      return placed
    })
    if (nodes.length === 0) y += 44 + gap
    const middle =
      nodes.length === 0 ? y - 32 : ((nodes[0]?.y ?? 0) + (nodes.at(-1)?.y ?? 0) + box) / 2
    y += 14
    return [...nodes, { ...poolNode(pool, isNarrow), ...columns[2], y: middle - 22, height: 44 }]
  })
  const height = Math.max(y - 14 - gap + 4, listeners.length * 54, 60)
  const step = height / Math.max(1, listeners.length)
  listeners.forEach((listener, index) => {
    const rate = `${figure(model.last?.listeners[listener.name] ?? 0)}/s`
    const detail = isNarrow ? rate : `${rate} · ${listener.mode}`
    const name = isNarrow ? listener.name : `${listener.name} ${portOf(listener.address)}`
    const it = plain('listener', listener.name, name, detail)
    list.push({ ...it, ...columns[1], y: step * (index + 0.5) - 22, height: 44 })
  })
  if (!isNarrow) {
    const clients = listeners.reduce((sum, { connections }) => sum + connections, 0)
    const it = plain('clients', '', 'clients', `${clients} now`)
    list.push({ ...it, ...columns[0], y: height / 2 - 22, height: 44 })
  }
  return { height, list }
}

/** @param {Model} model @param {Node[]} list @returns {Edge[]} */
export function edgesOf(model, list) {
  const find = (/** @type {Node['kind']} */ kind, /** @type {string} */ of) =>
    list.find((node) => node.kind === kind && node.of === of)
  const { listeners, pools } = model.state
  const rates = listeners.map(({ name }) => model.last?.listeners[name] ?? 0)
  const top = Math.max(1, ...rates, ...pools.map(({ name }) => model.rateOf(name)))
  const most = list.some(({ kind }) => kind === 'clients') ? 14 : 9
  /** @type {Edge[]} */
  const edges = []
  const add = (
    /** @type {Node | undefined} */ from,
    /** @type {Node | undefined} */ to,
    /** @type {number} */ perS,
  ) => {
    if (from === undefined || to === undefined) return
    edges.push({ key: `${from.key}>${to.key}`, from, to, perS, top, tone: to.tone, most })
  }
  listeners.forEach((listener, index) => {
    const from = find('listener', listener.name)
    add(find('clients', ''), from, rates[index] ?? 0)
    for (const name of listener.pools) {
      // What comes from which is not counted: the pool's own rate is right where it has one listener.
      const feeders = listeners.filter(({ pools }) => pools.includes(name)).length
      const perS = listener.pools.length === 1 ? (rates[index] ?? 0) : model.rateOf(name) / feeders
      add(from, find('pool', name), perS)
    }
  })
  for (const node of list.filter(({ kind }) => kind === 'backend')) {
    const [pool = '', id = ''] = node.of.split('\n')
    add(find('pool', pool), node, id === '' ? 0 : model.now(pool, id)[0])
  }
  return edges
}

/** @param {Model} model @param {Model['state']['pools'][number]} pool @param {boolean} isNarrow */
function backendNodes(model, pool, isNarrow) {
  const worst = pool.backends.length <= backendsMost ? pool.backends : worstFirst(pool.backends)
  const nodes = worst.slice(0, backendsMost).map(({ health, id }) => {
    const rate = `${figure(model.now(pool.name, id)[0])}/s`
    const name = isNarrow ? shortName(pool, id) : id
    const it = plain(
      'backend',
      `${pool.name}\n${id}`,
      name,
      health === 'up' ? rate : isNarrow ? health : `${health} · ${rate}`,
    )
    return { ...it, tone: toneOf(health), shape: shapeOfHealth(health) }
  })
  const others = pool.backends.length - nodes.length
  if (others > 0)
    nodes.push(
      /** @type {typeof nodes[number]} */ (
        plain('backend', `${pool.name}\n`, `${others} others`, 'below')
      ),
    )
  return nodes
}

/** @param {Model['state']['pools'][number]['backends']} backends */
const worstFirst = (backends) =>
  [...backends].sort((a, b) => Number(a.health === 'up') - Number(b.health === 'up'))

/** @param {Model['state']['pools'][number]} pool @param {boolean} isNarrow @returns {Node} */
function poolNode(pool, isNarrow) {
  const detail = pool.queued > 0 ? `${plural(pool.queued, 'request')} in line` : pool.strategy
  return {
    ...plain('pool', pool.name, isNarrow ? pool.name : `pool ${pool.name}`, detail),
    tone: pool.available === 0 ? 'bad' : 'plain',
  }
}

/** @param {Node['kind']} kind @param {string} of @param {string} name @param {string} detail @returns {Node} */
function plain(kind, of, name, detail) {
  const place = { x: 0, y: 0, width: 0, height: 0 }
  return { key: `${kind} ${of}`, kind, of, name, detail, tone: 'plain', shape: undefined, ...place }
}

/** @param {number} width @param {number[]} shares @param {number} gap */
function columnsOf(width, shares, gap) {
  let x = 1
  return shares.map((share, index) => {
    const isLast = index === shares.length - 1
    const column = { x: Math.round(x), width: Math.round(isLast ? width - x - 1 : share * width) }
    if (share > 0) x += (share + gap) * width
    return column
  })
}

/** @param {string} address */
const portOf = (address) => address.slice(address.lastIndexOf(':'))
