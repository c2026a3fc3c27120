import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { createAdmin } from '../../src/admin.ts'
import { formatAddress } from '../../src/base/address.ts'
import type { Pool } from '../../src/pool/pool.ts'
import { at } from '../balancer/balanced.ts'
import { busy, launch, mortal, probed, rowOf, sees, skip, watched } from './watched.ts'

/** PILOTI_PICTURES keeps them, for people to look at. */
const kept = process.env.PILOTI_PICTURES
const pictures = kept ?? mkdtempSync(join(tmpdir(), 'piloti-'))
if (kept !== undefined) mkdirSync(kept, { recursive: true })

const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

describe('the dashboard', { timeout: 120_000, skip }, () => {
  let chrome: Browser
  before(async () => {
    chrome = await launch()
  })
  after(async () => {
    await chrome.close()
    if (kept === undefined) rmSync(pictures, { recursive: true })
  })

  it('shows work move, a killed backend turn down within 3 s, and recover', async (t) => {
    const [a, b] = [await mortal(t), await mortal(t)]
    const all = await watched(t, chrome, probed([a.port, b.port]))
    const { balancer, faults, page } = all
    busy(t, all)
    for (const { port } of [a, b]) await sees(page, port, /up.*[1-9]/)
    await page.locator('.verdict', { hasText: 'all 2 backends are up' }).waitFor()
    const told = happens(balancer.pools.get('main')!, 'backend_down')
    a.kill()
    await told
    const toldMs = performance.now()
    await sees(page, a.port, /down/)
    const tookMs = performance.now() - toldMs
    assert.ok(tookMs < 3_000, `it took ${tookMs} ms`)
    await page.locator('.verdict', { hasText: '1 of 2 backends is out' }).waitFor()
    await page.locator('[data-event=backend_down]', { hasText: `:${a.port} is down` }).waitFor()
    assert.match((await page.locator('.flow svg').first().getAttribute('aria-label'))!, /down/)
    await a.revive()
    await sees(page, a.port, /up/)
    await page.locator('.verdict[data-tone=good]').waitFor()
    assert.deepEqual(faults, [])
  })

  it('drains a backend and makes it ready, saying first what will happen', async (t) => {
    const [a, b] = [await mortal(t), await mortal(t)]
    const { balancer, faults, page } = await watched(t, chrome, probed([a.port, b.port]))
    const pool = balancer.pools.get('main')!
    const row = rowOf(page, a.port)
    await row.getByRole('button', { name: `Drain 127.0.0.1:${a.port}` }).click()
    const dialog = page.getByRole('dialog')
    assert.match(await dialog.innerText(), /gets no more.*The other backend takes its share/s)
    assert.match(await dialog.innerText(), new RegExp(`piloti drain 127.0.0.1:${a.port}`))
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    assert.equal(pool.backends[0]!.isDraining, false)
    await row.getByRole('button', { name: /^Drain/ }).click()
    await dialog.getByRole('button', { name: 'Drain' }).click()
    await sees(page, a.port, /draining/)
    assert.equal(pool.backends[0]!.isDraining, true)
    await rowOf(page, b.port)
      .getByRole('button', { name: /^Drain/ })
      .click()
    assert.match(await dialog.innerText(), /No other backend may take work/)
    await page.keyboard.press('Escape')
    await row.getByRole('button', { name: /^Make ready/ }).click()
    await dialog.getByRole('button', { name: 'Make ready' }).click()
    await sees(page, a.port, /up/)
    assert.deepEqual(faults, [])
  })

  it('puts a backend into maintenance with a note, by keyboard alone', async (t) => {
    const [a, b] = [await mortal(t), await mortal(t)]
    const { balancer, faults, order, page } = await watched(t, chrome, probed([a.port, b.port]))
    const id = `127.0.0.1:${a.port}`
    const row = rowOf(page, a.port)
    await row.getByRole('button', { name: `Maintenance of ${id}` }).focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: `Maintenance of ${id}` })
    const note = dialog.getByLabel('What for, if you like')
    assert.equal(await note.evaluate('document.activeElement.id'), 'note')
    assert.match(await dialog.innerText(), /gets no more.*sees that it is in maintenance/s)
    await page.keyboard.type("Ada's disk")
    assert.match(await dialog.innerText(), /“maintenance: Ada's disk”; no probe brings it back/)
    assert.ok((await dialog.innerText()).includes(`piloti maintenance ${id} 'Ada'\\''s disk'`))
    await page.keyboard.press('Enter')
    await sees(page, a.port, /draining.*maintenance: Ada's disk/)
    await page.locator('.verdict', { hasText: "maintenance: Ada's disk" }).waitFor()
    assert.equal(balancer.pools.get('main')!.backends[0]!.isDraining, true)
    // The focus is where it was.
    const focused = 'document.activeElement.getAttribute("aria-label")'
    assert.equal(await page.evaluate(focused), `Maintenance of ${id} …`)
    await order('/ready', { backend: id })
    await sees(page, a.port, /up/)
    assert.deepEqual(faults, [])
  })

  it('shows the trouble of a long pool, and the rest when it is asked to', async (t) => {
    const spec = probed([])
    const backends = Array.from({ length: 50 }, (_, i) => at(i + 1))
    const pool = { ...spec.pools[0]!, backends, health: 'off' as const }
    const { balancer, faults, page } = await watched(t, chrome, { ...spec, pools: [pool] })
    balancer.pools.get('main')!.drain('127.0.0.1:50')
    await sees(page, 50, /draining/)
    const shown = page.locator('tbody tr:visible')
    assert.equal(await shown.count(), 11)
    const more = page.getByRole('button', { name: 'Show 39 more backends that are up' })
    await more.focus()
    await page.keyboard.press('Enter')
    assert.equal(await shown.count(), 50)
    await page.getByRole('button', { name: 'Show fewer', expanded: true }).click()
    assert.equal(await shown.count(), 11)
    assert.deepEqual(faults, [])
  })

  it('says so when there is no backend at all', async (t) => {
    const { addressOf, faults, page } = await watched(t, chrome, probed([]))
    assert.ok(addressOf())
    await page.locator('.verdict', { hasText: 'No backend in pool main' }).waitFor()
    await page.getByText('No backend yet: piloti add HOST:PORT adds one.').waitFor()
    assert.deepEqual(faults, [])
  })

  it('has names as long as they may be, on a phone', async (t) => {
    const path = `/run/${'a-very-long-name-of-a-socket/'.repeat(3)}app.sock`
    const spec = probed([])
    const backends = [{ address: { host: `${'backend-of-the-shop.'.repeat(6)}example`, port: 1 } }]
    const pool = { ...spec.pools[0]!, backends: [...backends, { address: { path } }] }
    const context = looks.phone!
    const all = await watched(t, chrome, { ...spec, pools: [pool] }, { context })
    await all.page
      .locator('.verdict', { hasText: 'clients get errors' })
      .or(all.page.locator('.verdict', { hasText: 'No backend is up' }))
      .waitFor()
    await all.page.screenshot({ path: join(pictures, 'long.png'), fullPage: true })
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    assert.equal(await all.page.evaluate(overflow), 0)
  })

  it('changes a weight and swaps the strategy, by keyboard alone', async (t) => {
    const [a, b] = [await mortal(t), await mortal(t)]
    const { balancer, faults, page } = await watched(t, chrome, probed([a.port, b.port]))
    const pool = balancer.pools.get('main')!
    await rowOf(page, a.port)
      .getByRole('button', { name: /^Weight/ })
      .focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('New weight').fill('3')
    const dialog = page.getByRole('dialog')
    assert.match(await dialog.innerText(), /about 75 % instead of 50 %/)
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'hidden' })
    assert.equal(pool.backends[0]!.fullWeight, 3)
    await page.locator('[data-event=weight]', { hasText: 'has weight 3, and had 1' }).waitFor()
    await page.getByRole('button', { name: 'Strategy: round-robin' }).focus()
    await page.keyboard.press('Enter')
    await page.getByLabel(/^Strategy, now/).selectOption('least-connections')
    assert.match(await dialog.innerText(), /holds least.*all counters stay/s)
    await page.keyboard.press('Tab')
    await page.getByRole('button', { name: 'Swap strategy' }).press('Enter')
    await page.getByRole('button', { name: 'Strategy: least-connections' }).waitFor()
    assert.equal(pool.strategy.name, 'least-connections')
    assert.deepEqual(faults, [])
  })

  it('asks for the token, and keeps it in memory alone', async (t) => {
    const [a, token] = [await mortal(t), 'open sesame']
    const { page } = await watched(t, chrome, probed([a.port]), { token })
    const answer = async (text: string): Promise<void> => {
      await page.getByLabel(/^Who has the token/).fill(text)
      await page.getByRole('button', { name: 'Continue' }).click()
    }
    await answer('nonsense')
    await page.getByText('That token is wrong.').waitFor()
    await answer(token)
    await rowOf(page, a.port)
      .getByRole('button', { name: /^Drain/ })
      .click()
    await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click()
    await sees(page, a.port, /draining/)
    const stored = await page.evaluate('JSON.stringify([localStorage, document.cookie, location])')
    assert.ok(!String(stored).includes('sesame'))
  })

  it('says that piloti is gone, and goes on when it is back', async (t) => {
    const a = await mortal(t)
    const { balancer, page } = await watched(t, chrome, probed([a.port]))
    const first = await createAdmin(balancer, { address: { host: '127.0.0.1', port: 0 } })
    await page.goto(`http://${formatAddress(first.address)}/`)
    await page.locator('.link[data-state=live]').waitFor()
    await first.close()
    await page.locator('.link[data-state=lost]', { hasText: 'not live' }).waitFor()
    const second = await createAdmin(balancer, { address: first.address })
    t.after(() => second.close())
    await page.locator('.link[data-state=live]').waitFor()
  })

  for (const [name, context] of Object.entries(looks)) {
    it(`is for everybody: ${name}`, async (t) => {
      const [a, b, c] = [await mortal(t), await mortal(t), await mortal(t)]
      const spec = probed([a.port, b.port, c.port])
      const all = await watched(t, chrome, spec, { context: { ...context, bypassCSP: true } })
      const { balancer, faults, page } = all
      busy(t, all)
      a.kill()
      await sees(page, a.port, /down/)
      balancer.pools.get('main')!.drain(`127.0.0.1:${b.port}`)
      await sees(page, b.port, /draining/)
      await page.addScriptTag({ path: axe })
      assert.deepEqual(await faultsOf(page), [])
      await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
      assert.equal(await page.evaluate(overflow), 0)
      await rowOf(page, c.port)
        .getByRole('button', { name: /^Weight/ })
        .click()
      assert.deepEqual(await faultsOf(page), [])
      assert.deepEqual(faults, [])
    })
  }
})

/** Waits until a pool tells of that event. */
function happens(pool: Pool, wanted: string): Promise<void> {
  return new Promise((resolve) => {
    pool.onTransition(({ event }) => {
      if (event === wanted) resolve()
    })
  })
}

/** What axe finds that is serious, or worse. */
async function faultsOf(page: Page): Promise<readonly string[]> {
  const found = await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
  )
  return found as readonly string[]
}
