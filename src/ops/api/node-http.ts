/**
 * `node:http` without the rest of its exports. An import statement reads each export, also WebSocket, which loads the
 * whole of `fetch`: that took 40 ms and 14 MiB at each start, also of `holdfast status`.
 */
export const { createServer, request } = process.getBuiltinModule('node:http');
