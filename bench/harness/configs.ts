/** Configurations of nginx and HAProxy, one worker each, as their manuals advise. Pure. */

export interface Ports {
  /** Where the proxy listens, on 127.0.0.1. */
  readonly port: number
  /** Where its only backend does. */
  readonly backendPort: number
}

export interface PeerOptions {
  /** Read buffer of a connection, in bytes; the peer's own default when absent. */
  readonly bufferBytes?: number
  /** Where a line for each request goes: in nginx batches of 64 KiB, in HAProxy one write each to stdout. */
  readonly logFile?: string
}

const CONNECTION_LIMIT = 6_000

/** `proxy_half_close` makes it pass a FIN on like the others; without it an answer after FIN is lost. */
export function nginxStream(ports: Ports, modules: string, options: PeerOptions = {}): string {
  const { bufferBytes } = options
  return `${modules && `load_module ${modules}/ngx_stream_module.so;\n`}${nginxMain}
stream {
  server {
    listen 127.0.0.1:${ports.port} backlog=4096;
    proxy_pass 127.0.0.1:${ports.backendPort};
    proxy_half_close on;${bufferBytes ? `\n    proxy_buffer_size ${bufferBytes};` : ''}
  }
}
`
}

/** Keep-alive to the backend takes all three: `keepalive`, HTTP/1.1 and an empty Connection. */
export function nginxHttp(ports: Ports, options: PeerOptions = {}): string {
  const { bufferBytes, logFile } = options
  const buffers = `
      proxy_buffer_size ${bufferBytes};
      proxy_buffers 8 ${bufferBytes};
      proxy_busy_buffers_size ${2 * (bufferBytes ?? 0)};`
  return `${nginxMain}
http {
  access_log ${logFile ? `${logFile} combined buffer=64k flush=1s` : 'off'};
  keepalive_requests 1000000000;
  client_body_temp_path client;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream backends {
    server 127.0.0.1:${ports.backendPort};
    keepalive 1024;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${ports.port} backlog=4096;
    location / {
      proxy_pass http://backends;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;${bufferBytes ? buffers : ''}
    }
  }
}
`
}

const nginxMain = `daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log stderr crit;
events {
  worker_connections ${2 * CONNECTION_LIMIT};
}`

export interface HaproxyOptions extends PeerOptions {
  /** Lets the kernel move bulk bytes between the sockets. */
  readonly splice?: boolean
}

export function haproxy(mode: 'tcp' | 'http', ports: Ports, options: HaproxyOptions = {}): string {
  const { bufferBytes, logFile, splice = false } = options
  const log = logFile ? '  log global\n  option httplog\n' : ''
  const http = `${log}  http-reuse always\n  option forwardfor\n`
  return `global
  nbthread 1
  maxconn ${CONNECTION_LIMIT}${bufferBytes ? `\n  tune.bufsize ${bufferBytes}` : ''}${logFile ? '\n  log stdout format raw local0 info' : ''}
defaults
  mode ${mode}
  timeout connect 3s
  timeout client 600s
  timeout server 600s
${mode === 'http' ? http : ''}${splice ? '  option splice-auto\n' : ''}listen all
  bind 127.0.0.1:${ports.port} backlog 4096
  server one 127.0.0.1:${ports.backendPort}
`
}
