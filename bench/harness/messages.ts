/** What load and backend say. Pure. */

/** An answer of `bytes` bytes in all, head included. */
export function wholeAnswer(bytes: number): string {
  const head = (length: number): string => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`
  const length = bytes - head(10).length
  if (length < 10 || length > 99) throw new Error(`cannot make an answer of ${bytes} bytes`)
  return head(length) + 'x'.repeat(length)
}

/** An answer with a body of `bytes` bytes, as a small web server writes it. */
export function answer(bytes: number): string {
  const head = [
    'HTTP/1.1 200 OK',
    'Content-Type: text/plain; charset=utf-8',
    'Date: Thu, 01 Jan 2026 00:00:00 GMT',
    `Content-Length: ${bytes}`,
  ]
  return `${head.join('\r\n')}\r\n\r\n${'x'.repeat(bytes)}`
}

/** The small request of mode tcp, 60 bytes. */
export const smallRequest: string =
  'GET /100 HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench/10\r\n\r\n'

const browserHeaders: readonly string[] = [
  'Host: pi.example.com:18080',
  'sec-ch-ua: "Google Chrome";v="143", "Chromium";v="143", "Not A(Brand";v="24"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Linux"',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7',
  'Sec-Fetch-Site: none',
  'Sec-Fetch-Mode: navigate',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8,fr;q=0.7',
]

/** A GET as a browser sends it: 12 headers, 633 bytes when the connection stays. */
export function browserRequest(connection: 'keep-alive' | 'close'): string {
  const lines = ['GET /100 HTTP/1.1', ...browserHeaders, `Connection: ${connection}`]
  return `${lines.join('\r\n')}\r\n\r\n`
}
